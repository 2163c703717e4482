package groupcommit

import (
	"context"
	"errors"
	"time"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// longest bounds a batch none of whose callers has a deadline.
const longest = 10 * time.Second

// serve answers every member of a batch.
func (g *group[T, R]) serve(batch []*member[T, R]) []answer[R] {
	if len(batch) == 1 {
		return []answer[R]{g.alone(batch[0])}
	}
	items := make([]T, len(batch))
	for i, m := range batch {
		items[i] = m.item
	}
	ctx, cancel := lastOf(batch)
	defer cancel()
	answers := make([]answer[R], len(batch))
	results, err := patiently(ctx, func() ([]R, error) { return g.work.many(ctx, items) })
	for i := range batch {
		if err == nil {
			answers[i].result = results[i]
		} else {
			answers[i].err = err
		}
	}
	if errors.Is(err, stock.ErrDivisible) {
		g.meters.split.Inc()
		for i, m := range batch {
			answers[i] = g.alone(m)
		}
	}
	return answers
}

// alone answers one member. Whoever is gone by now is not asked for.
func (g *group[T, R]) alone(m *member[T, R]) (a answer[R]) {
	if a.err = m.ctx.Err(); a.err != nil {
		return a
	}
	ctx, cancel := lastOf([]*member[T, R]{m})
	defer cancel()
	a.result, a.err = patiently(ctx, func() (R, error) { return g.work.one(ctx, m.item) })
	return a
}

// patiently asks again while every connection is in use: nothing was sent then, and the callers would rather wait than be
// told that the database is busy.
func patiently[R any](ctx context.Context, try func() (R, error)) (R, error) {
	for {
		result, err := try()
		if err == nil || ctx.Err() != nil || !errs.Has(err, errs.Overloaded) {
			return result, err
		}
	}
}

// lastOf is a context that ends when the last of the callers has no time left. It is none of theirs: one who leaves takes
// nobody along, and a transaction that one has open is not joined.
func lastOf[T, R any](batch []*member[T, R]) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, m := range batch {
		deadline, ok := m.ctx.Deadline()
		if !ok {
			deadline = time.Now().Add(longest)
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(context.Background(), last)
}
