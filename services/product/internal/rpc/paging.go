package rpc

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/page"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Sizes of pages: of products as a grid shows them, and of everything else.
const (
	productPage = 24
	plainPage   = 50
	maxPage     = 200
)

// scope is the canonical text of what a page token belongs to: the list's name and everything that decides its rows and order.
func scope(list string, filter ...any) (string, error) {
	text, err := json.Marshal(filter)
	if err != nil {
		return "", fmt.Errorf("describe list: %w", err)
	}
	return list + string(text), nil
}

// afterKey is the cursor of lists ordered by one unique text.
type afterKey struct {
	Key string `json:"k"`
}

// keyed is a page request of such a list.
type keyed struct {
	scope string
	after string
	limit int
}

func openKeyed(size int32, token, list string, filter ...any) (keyed, error) {
	limit, err := page.Size(size, plainPage, maxPage)
	if err != nil {
		return keyed{}, err
	}
	text, err := scope(list, filter...)
	if err != nil {
		return keyed{}, err
	}
	var cursor afterKey
	if err := page.Decode(text, token, &cursor); err != nil {
		return keyed{}, err
	}
	if strings.ContainsFunc(cursor.Key, unicode.IsControl) {
		return keyed{}, errs.PageTokenInvalid.At("pageToken", "The page token is damaged.")
	}
	return keyed{scope: text, after: cursor.Key, limit: limit}, nil
}

// cutKeyed takes off the row too many that was asked for, and gives the token of the next page.
func cutKeyed[T any](k keyed, rows []T, key func(T) string) ([]T, string, error) {
	if len(rows) <= k.limit {
		return rows, "", nil
	}
	rows = rows[:k.limit]
	token, err := page.Encode(k.scope, afterKey{Key: key(rows[k.limit-1])})
	return rows, token, err
}

// grid is a page request of products.
type grid struct {
	scope string
	after catalog.Cursor
	limit int
}

func openGrid(size int32, token, list string, filter ...any) (grid, error) {
	limit, err := page.Size(size, productPage, maxPage)
	if err != nil {
		return grid{}, err
	}
	text, err := scope(list, filter...)
	if err != nil {
		return grid{}, err
	}
	g := grid{scope: text, limit: limit}
	if err := page.Decode(text, token, &g.after); err != nil {
		return grid{}, err
	}
	// Tokens are no secret, so one can be made up: it must not reach the database as something that is no key.
	if (g.after != catalog.Cursor{}) && (!id.Valid(g.after.ID) || strings.ContainsFunc(g.after.Title, unicode.IsControl)) {
		return grid{}, errs.PageTokenInvalid.At("pageToken", "The page token is damaged.")
	}
	return g, nil
}

func (g grid) next(cursor *catalog.Cursor) (string, error) {
	if cursor == nil {
		return "", nil
	}
	return page.Encode(g.scope, cursor)
}
