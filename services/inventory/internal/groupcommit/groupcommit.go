// Package groupcommit lets callers who want the same stock at the same moment share a statement.
//
// A row of stock can change once per flush of the database's log, a few hundred times a second. A rush of buyers who each
// bring a statement of their own waits for that row, and holds every connection meanwhile. Here they wait in memory: one
// batch per row is with the database, and when it is back the next one takes whoever has come since. Nobody waits to fill a
// batch; a caller whose SKUs nobody else wants goes at once, alone.
//
// Callers are served in the order they came, SKU by SKU: none is overtaken by one who wants the same. Those whose time would be
// over before their turn are told so at once, and those who left are not asked for. What is decided is decided by the
// database: any number of processes may serve the same SKU.
package groupcommit

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// Config bounds the batches of a process.
type Config struct {
	// Carts is the most carts of one batch.
	Carts int
	// Queue is the most callers that may wait.
	Queue int
	// Slots is the most batches with the database at one time. Each holds a connection, and others need some too.
	Slots int
}

// maxLines bounds a batch of large carts: it locks a row of stock for each line and location.
const maxLines = 2000

// Reserver groups the callers of another Reserver. It is safe for concurrent use. It joins no transaction of its callers.
type Reserver struct {
	carts    *group[stock.Cart, stock.Reservation]
	releases *group[stock.Release, stock.Reservation]
}

var _ stock.Reserver = (*Reserver)(nil)

// New returns a Reserver before another one and registers its metrics.
func New(behind stock.BatchReserver, cfg Config, metrics prometheus.Registerer) (*Reserver, error) {
	m, err := newMeters(metrics)
	if err != nil {
		return nil, err
	}
	return &Reserver{
		carts: newGroup(cfg, m.of("reserve"), work[stock.Cart, stock.Reservation]{
			id:    func(c stock.Cart) string { return c.ID },
			lanes: skusOf,
			one:   behind.Reserve,
			many:  behind.ReserveBatch,
		}),
		releases: newGroup(cfg, m.of("release"), work[stock.Release, stock.Reservation]{
			id: func(r stock.Release) string { return r.ID },
			// What a reservation holds is not known here, so releases follow each other in one lane.
			lanes: func(stock.Release) []string { return []string{""} },
			one:   behind.Release,
			many:  behind.ReleaseBatch,
		}),
	}, nil
}

// Reserve decides about a cart together with those that wait for the same stock. Besides the errors of the Reserver behind
// it fails with ErrQueueFull, and then nothing was decided.
func (r *Reserver) Reserve(ctx context.Context, c stock.Cart) (stock.Reservation, error) {
	return r.carts.do(ctx, c)
}

// Release gives a reservation back together with those that are given back at the same moment. It fails as Reserve does.
func (r *Reserver) Release(ctx context.Context, release stock.Release) (stock.Reservation, error) {
	return r.releases.do(ctx, release)
}

func skusOf(c stock.Cart) []string {
	skus := make([]string, len(c.Lines))
	for i, l := range c.Lines {
		skus[i] = l.SKU
	}
	return skus
}
