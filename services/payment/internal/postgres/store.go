// Package postgres keeps payments, gift cards and the ledger in the service's schema.
//
// What guards money is one conditional statement or one transaction under the payment's or hold's row lock, so that no
// crash and no race leaves sums and rows apart. Rows of payments are locked before anything else, holds before cards.
package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the files that make the schema.
func Migrations() fs.FS { return migrations }

// Inserter adds jobs to the transaction of ctx.
type Inserter interface {
	// Insert adds a job.
	Insert(ctx context.Context, args job.Args, options ...job.InsertOption) error
}

// Store implements the stores of packages payment and giftcard. It is safe for concurrent use.
type Store struct {
	db   *postgres.DB
	q    *db.Queries
	jobs Inserter

	settings settingsCache
}

var (
	_ payment.Store  = (*Store)(nil)
	_ payment.Lister = (*Store)(nil)
	_ giftcard.Store = (*Store)(nil)
	_ ledger.Reader  = (*Store)(nil)

	_ reconcile.Store = (*Store)(nil)
)

// New returns a store on a database whose schema has the migrations of this package.
func New(database *postgres.DB, jobs Inserter) *Store {
	return &Store{db: database, q: db.New(database), jobs: jobs}
}

// Tx runs fn in one transaction.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// TakeAttempts counts an attempt in every scope, or in none.
func (s *Store) TakeAttempts(ctx context.Context, limits []payment.Limit, window time.Duration) (bool, error) {
	params := db.TakeAttemptsParams{WindowSeconds: window.Seconds()}
	for _, limit := range limits {
		params.Scopes = append(params.Scopes, limit.Scope)
		params.Maximums = append(params.Maximums, int32(limit.Max))
	}
	taken, err := s.q.TakeAttempts(ctx, params)
	if err != nil {
		return false, fmt.Errorf("take attempts: %w", err)
	}
	return len(taken) == len(limits), nil
}

// TakeTry counts a try in a scope.
func (s *Store) TakeTry(ctx context.Context, scope string, maximum int, window time.Duration) (bool, error) {
	return s.TakeAttempts(ctx, []payment.Limit{{Scope: scope, Max: maximum}}, window)
}

// Purge removes attempts out of every window and applied notifications older than age, a bounded number of each.
func (s *Store) Purge(ctx context.Context, age time.Duration) error {
	const batch = 5000
	if _, err := s.q.PurgeAttempts(ctx, batch); err != nil {
		return fmt.Errorf("purge attempts: %w", err)
	}
	if _, err := s.q.PurgeEvents(ctx, db.PurgeEventsParams{AgeSeconds: age.Seconds(), Batch: batch}); err != nil {
		return fmt.Errorf("purge notifications: %w", err)
	}
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
