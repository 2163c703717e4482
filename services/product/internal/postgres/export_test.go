package postgres

import (
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

// The statements whose plans the tests look at.
const (
	SellableSQL = db.Sellable
	ProductSQL  = db.GetProduct
)

// ListSQL is the statement behind List.
func ListSQL(q catalog.ListQuery) (string, []any) { return listSQL(q) }

// SearchSQL is the statement behind Search.
func SearchSQL(q catalog.SearchQuery) (string, []any) { return searchSQL(q) }
