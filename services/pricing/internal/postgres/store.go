// Package postgres keeps price lists, promotions and their use in the service's schema.
package postgres

import (
	"context"
	"embed"
	"io/fs"

	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations returns the schema of the service, for the migrate command.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migration")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// Store is the service's data. It joins the transaction of the context and is safe for concurrent use.
type Store struct {
	db      *platform.DB
	queries *db.Queries
}

var (
	_ pricelist.Store  = (*Store)(nil)
	_ promotion.Store  = (*Store)(nil)
	_ quote.Store      = (*Store)(nil)
	_ redemption.Store = (*Store)(nil)
)

// New returns the store in a database.
func New(database *platform.DB) *Store {
	return &Store{db: database, queries: db.New(database)}
}

// Tx runs fn in a transaction.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// list is never nil, since columns of lists are never NULL.
func list(entries []string) []string {
	if entries == nil {
		return []string{}
	}
	return entries
}
