package acceptance_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// audit looks at the data of a shop of ours for what must never be, once the journeys are over. Whose shop it is otherwise keeps its
// database to themselves. promises is a log of what buyers were told; empty when nobody kept one.
func (s *shop) audit(ctx context.Context, promises string, output io.Writer) error {
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
	report, err := audit.Run(ctx, audit.Options{Database: database, Provider: s.sandbox, Acknowledged: promises, Logs: logs, TextBudget: -1})
	if err != nil {
		return err
	}
	report.Print(output)
	if n := report.Violations(); n > 0 {
		return fmt.Errorf("%d violations of %s", n, report)
	}
	return nil
}

// promises writes down what the shop has told its buyers.
func (s *shoppers) promises() string {
	path := filepath.Join(s.t.TempDir(), "acknowledged.jsonl")
	file, err := os.Create(path)
	require.NoError(s.t, err)
	for _, promised := range s.orders {
		require.NoError(s.t, audit.Acknowledged{
			Kind: "order", ID: promised.order, Amount: &promised.total, Hash: audit.Content(map[string]int64{s.sku: 1}),
		}.Write(file))
		require.NoError(s.t, audit.Acknowledged{Kind: "cart", ID: promised.cart}.Write(file))
	}
	require.NoError(s.t, file.Close())
	return path
}
