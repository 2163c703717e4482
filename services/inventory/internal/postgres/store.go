// Package postgres keeps inventory's data in its schema.
//
// Whatever moves a counter is one statement with the rows that explain it, or one transaction under the locks named in
// package stock, so that no crash leaves a counter and its rows apart.
package postgres

import (
	"context"
	"embed"
	"io/fs"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the files that make the schema.
func Migrations() fs.FS { return migrations }

// Store implements the store of package stock. It is safe for concurrent use.
type Store struct {
	db *postgres.DB
	q  *db.Queries
}

var (
	_ stock.Store         = (*Store)(nil)
	_ stock.BatchReserver = (*Store)(nil)
)

// New returns a store on a database whose schema has the migrations of this package.
func New(database *postgres.DB) *Store { return &Store{db: database, q: db.New(database)} }

// Tx runs fn in one transaction.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// columns turns picks into the arrays that statements unnest.
func columns(picks []stock.Pick) (skus, locations []string, quantities []int32) {
	skus, locations, quantities = make([]string, len(picks)), make([]string, len(picks)), make([]int32, len(picks))
	for i, p := range picks {
		skus[i], locations[i], quantities[i] = p.SKU, p.Location, p.Quantity
	}
	return skus, locations, quantities
}

func keyColumns(keys []stock.Key) (skus, locations []string) {
	skus, locations = make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		skus[i], locations[i] = k.SKU, k.Location
	}
	return skus, locations
}

func lineColumns(lines []stock.Line) (skus []string, quantities []int32) {
	skus, quantities = make([]string, len(lines)), make([]int32, len(lines))
	for i, l := range lines {
		skus[i], quantities[i] = l.SKU, l.Quantity
	}
	return skus, quantities
}
