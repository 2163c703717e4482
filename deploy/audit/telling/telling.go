// Package telling audits a shop again and again and tells the last result as metrics, so that somebody is told when it is bad, and when
// there is none.
package telling

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// Auditor repeats an audit. Serve it at /metrics while it runs.
type Auditor struct {
	// Audit looks once.
	Audit func(ctx context.Context) (*audit.Report, error)
	// Every is the time from one look to the next. What could not be done is tried again after a tenth of it.
	Every time.Duration
	// Ended gets every result, and Failed why there was none.
	Ended  func(*audit.Report)
	Failed func(error)

	mu     sync.Mutex
	last   *audit.Report
	began  time.Time // of the last look that ended
	ended  int
	failed int
}

// Run audits until the context ends.
func (a *Auditor) Run(ctx context.Context) {
	for {
		wait := a.Every
		if !a.once(ctx) {
			wait /= 10
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (a *Auditor) once(ctx context.Context) bool {
	began := time.Now()
	report, err := a.Audit(ctx)
	if ctx.Err() != nil {
		return false
	}
	a.mu.Lock()
	if err != nil {
		a.failed++
	} else {
		a.ended++
		a.last, a.began = report, began
	}
	a.mu.Unlock()
	if err != nil {
		a.Failed(err)
		return false
	}
	a.Ended(report)
	return true
}

// ServeHTTP implements http.Handler. The result is that of the last look that ended, however old that is: its age is told beside it, and
// neither before a look has ended.
func (a *Auditor) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.WriteString(w, a.text()) // who asked has gone away
}

func (a *Auditor) text() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var w strings.Builder
	head := func(name, kind, help string) { fmt.Fprintf(&w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	head("audit_runs_total", "counter", "Audits by what became of them; failed ones have no result.")
	fmt.Fprintf(&w, "audit_runs_total{result=\"ended\"} %d\naudit_runs_total{result=\"failed\"} %d\n", a.ended, a.failed)
	if a.last == nil {
		return w.String()
	}
	head("audit_age_seconds", "gauge", "Time since the last audit that ended began.")
	fmt.Fprintf(&w, "audit_age_seconds %.0f\n", time.Since(a.began).Seconds())
	head("audit_seconds", "gauge", "How long it took.")
	fmt.Fprintf(&w, "audit_seconds %.3f\n", a.last.Seconds)
	head("audit_violations", "gauge", "Things that are not as an invariant says; alert above 0.")
	for _, result := range a.last.Results {
		fmt.Fprintf(&w, "audit_violations{invariant=%q} %d\n", result.Invariant, result.Violations())
	}
	head("audit_questions_not_run", "gauge", "Questions about an invariant that were not asked.")
	for _, result := range a.last.Results {
		fmt.Fprintf(&w, "audit_questions_not_run{invariant=%q} %d\n", result.Invariant, result.NotAsked())
	}
	return w.String()
}
