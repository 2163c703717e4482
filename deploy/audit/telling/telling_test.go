package telling_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/audit/telling"
)

func metrics(t *testing.T, a *telling.Auditor) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	return w.Body.String()
}

// When it fails, nobody is told of stock sold twice or money lost although an audit saw it, or an auditor that can no longer look goes on
// telling that all is well.
func TestTheLastResultIsToldWithItsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const every, takes = time.Hour, 5 * time.Minute
		bad := &audit.Report{Seconds: 300, Results: []audit.Result{
			{Invariant: "I1", Parts: []audit.Part{{Violations: 2}, {Violations: 1}}},
			{Invariant: "I13", Parts: []audit.Part{{NotRun: "no provider"}, {}}},
		}}
		var down error
		reports, failures := 0, 0
		a := &telling.Auditor{
			Every: every, Ended: func(*audit.Report) { reports++ }, Failed: func(error) { failures++ },
			Audit: func(ctx context.Context) (*audit.Report, error) {
				select {
				case <-time.After(takes):
				case <-ctx.Done():
				}
				return bad, down
			},
		}
		ctx, stop := context.WithCancel(t.Context())
		go a.Run(ctx)
		pass := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		pass(takes - time.Second)
		require.NotContains(t, metrics(t, a), "audit_age_seconds", "there is no result yet")
		require.NotContains(t, metrics(t, a), "audit_violations", "there is no result yet")
		pass(time.Second)
		text := metrics(t, a)
		for _, want := range []string{
			"audit_violations{invariant=\"I1\"} 3\n", "audit_violations{invariant=\"I13\"} 0\n", "audit_questions_not_run{invariant=\"I13\"} 1\n",
			"audit_age_seconds 300\n", "audit_seconds 300.000\n", "audit_runs_total{result=\"ended\"} 1\n", "audit_runs_total{result=\"failed\"} 0\n",
		} {
			require.Contains(t, text, want)
		}
		down = errors.New("the database is away")
		pass(every + takes)
		text = metrics(t, a)
		require.Contains(t, text, "audit_age_seconds 4200\n", "a look that failed is no result")
		require.Contains(t, text, "audit_violations{invariant=\"I1\"} 3\n", "what was found is not forgotten")
		require.Contains(t, text, "audit_runs_total{result=\"failed\"} 1\n")
		down = nil
		pass(every/10 + takes)
		require.Contains(t, metrics(t, a), "audit_age_seconds 300\n", "it tries again soon")
		require.Equal(t, []int{2, 1}, []int{reports, failures})
		stop()
		synctest.Wait()
	})
}
