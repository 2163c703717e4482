package acceptance_test

import (
	"context"
	"fmt"
	"io"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// audit looks at the data of a shop of ours for what must never be, once the journeys are over. Whose shop it is otherwise keeps its
// database to themselves.
func (s *shop) audit(ctx context.Context, output io.Writer) error {
	if s.own == nil {
		return nil
	}
	database, err := s.own.AuditorURL()
	if err != nil {
		return err
	}
	logs, err := s.own.Logs()
	if err != nil {
		return err
	}
	report, err := audit.Run(ctx, audit.Options{Database: database, Provider: s.sandbox, Logs: logs, TextBudget: -1})
	if err != nil {
		return err
	}
	report.Print(output)
	if n := report.Violations(); n > 0 {
		return fmt.Errorf("%d violations of %s", n, report)
	}
	return nil
}
