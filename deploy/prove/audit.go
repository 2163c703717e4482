package prove

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

//go:embed query/*.sql
var queries embed.FS

// query is the text of one of the queries.
func query(name string) string {
	text, err := queries.ReadFile("query/" + name + ".sql")
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(text)
}

// jobTime is how long a job of a killed process may take to be taken up again and done.
const jobTime = 150 * time.Second

// invariants are I1 to I25.
const invariants = 25

// now are the invariants that hold after every cell. Two are looked at in the end only: news and other jobs of a killed process take
// a minute (I16), and secrets are looked for in everything that was written (I24).
func now() []string {
	var names []string
	for n := 1; n <= invariants; n++ {
		if name := fmt.Sprintf("I%d", n); name != "I16" && name != "I24" {
			names = append(names, name)
		}
	}
	return names
}

// audit reads the books of a shop in which nothing is under way and says what is wrong in them. The last one looks at everything.
func (r *rig) audit(ctx context.Context, last bool) ([]string, error) {
	books, err := r.shop.AuditorURL()
	if err != nil {
		return nil, err
	}
	o := audit.Options{Database: books, Provider: r.shop.SandboxURL(), Acknowledged: r.ledger.Path(), QuietShop: true}
	if last {
		if o.Logs, err = r.shop.Logs(); err != nil {
			return nil, err
		}
	} else {
		o.Only = now()
	}
	report, err := audit.Run(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var found []string
	for _, result := range report.Results {
		for _, p := range result.Parts {
			if p.Violations > 0 {
				found = append(found, fmt.Sprintf("%s, %s: %d, first %v", result.Invariant, p.Name, p.Violations, p.First[:min(3, len(p.First))]))
			}
		}
	}
	return found, nil
}

// jobsDone waits until no job is left.
func (r *rig) jobsDone(ctx context.Context) error {
	return wait(ctx, jobTime, "every job is done", func() (bool, error) {
		n, err := r.count(ctx, "jobs")
		if err == nil && n > 0 {
			err = fmt.Errorf("%d are left", n)
		}
		return err == nil, err
	})
}

// lastAudit reads the books once more when also the jobs of killed processes are done.
func (r *rig) lastAudit(ctx context.Context) error {
	if err := r.jobsDone(ctx); err != nil {
		return err
	}
	found, err := r.audit(ctx, true)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("in the end: %v", found)
	}
	return err
}
