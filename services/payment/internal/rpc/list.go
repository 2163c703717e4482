package rpc

import (
	"maps"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// paging is what a list RPC asks for and where it goes on.
type paging struct {
	scope string
	size  int
}

// pageOf reads the size and the cursor of a list; the scope is the list's name and filter.
func pageOf(size int32, token string, cursor any, scope ...string) (paging, error) {
	n, err := page.Size(size, defaultPage, maxPage)
	if err != nil {
		return paging{}, err
	}
	p := paging{scope: strings.Join(scope, "\x00"), size: n}
	return p, page.Decode(p.scope, token, cursor)
}

// cut keeps one page of rows, of which one more than that was read, and gives the token of the next.
func cut[R any](p paging, rows []R, cursor func(last R) any) ([]R, string, error) {
	if len(rows) <= p.size {
		return rows, "", nil
	}
	rows = rows[:p.size]
	token, err := page.Encode(p.scope, cursor(rows[p.size-1]))
	return rows, token, err
}

func sortedKeys(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
