package rpc

import "github.com/cartwright-shop/cartwright/services/platform/page"

// listing is one request for a page: where it starts and how many rows it asks of the store, one more than it shows.
type listing[C any] struct {
	scope  string
	size   int
	cursor C
}

// begin reads size and token of a list request; start is the cursor of the first page.
func begin[C any](scope string, size int32, token string, start C) (listing[C], error) {
	l := listing[C]{scope: scope, cursor: start}
	var err error
	if l.size, err = page.Size(size, defaultPage, maxPage); err != nil {
		return l, err
	}
	return l, page.Decode(scope, token, &l.cursor)
}

// limit is how many rows to ask for: the extra one tells whether there is another page.
func (l listing[C]) limit() int { return l.size + 1 }

// finish cuts the extra row off and makes the token of the next page from the last row shown.
func finish[C, R any](l listing[C], rows []R, cursor func(R) C) ([]R, string, error) {
	if len(rows) <= l.size {
		return rows, "", nil
	}
	rows = rows[:l.size]
	token, err := page.Encode(l.scope, cursor(rows[l.size-1]))
	return rows, token, err
}
