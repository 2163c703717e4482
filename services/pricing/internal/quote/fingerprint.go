package quote

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// fingerprintVersion changes when the encoding below does. A buyer who holds a quote across such a deploy sees it as moved.
const fingerprintVersion = "cartwright-quote/1"

// fingerprint hashes what matters to the buyer in a canonical form: texts with their length, lines by id, promotions in the
// order they were applied. Which list a price came from, names, times and rejected codes are not part of it.
func (q *Quote) fingerprint() string {
	var e encoding
	e.text(fingerprintVersion)
	e.text(q.Currency)
	lines := make([]int, len(q.Lines))
	for i := range lines {
		lines[i] = i
	}
	byID := func(a, b int) int { return strings.Compare(q.Lines[a].ID, q.Lines[b].ID) }
	slices.SortFunc(lines, byID)
	e.number(int64(len(lines)))
	for _, i := range lines {
		line := q.Lines[i]
		e.text(line.ID)
		e.text(line.SKU)
		e.number(int64(line.Quantity))
		e.number(line.Tier.Amount.Minor)
		e.number(line.Discount.Minor)
	}
	e.number(int64(len(q.Applied)))
	for _, applied := range q.Applied {
		e.text(applied.Promotion.ID)
		e.text(applied.Code)
		e.text(string(applied.Promotion.Rule.Kind))
		e.number(applied.Amount.Minor)
		parts := slices.Clone(applied.Allocations)
		slices.SortFunc(parts, func(a, b Allocation) int { return byID(a.Line, b.Line) })
		e.number(int64(len(parts)))
		for _, part := range parts {
			e.text(q.Lines[part.Line].ID)
			e.number(part.Amount.Minor)
		}
	}
	unpriced := slices.Clone(q.Unpriced)
	slices.Sort(unpriced)
	e.number(int64(len(unpriced)))
	for _, id := range unpriced {
		e.text(id)
	}
	sum := sha256.Sum256(e)
	return hex.EncodeToString(sum[:])
}

// encoding is a canonical form: no two lists of values share one.
type encoding []byte

func (e *encoding) text(s string) {
	e.number(int64(len(s)))
	*e = append(*e, s...)
}

func (e *encoding) number(n int64) {
	*e = strconv.AppendInt(*e, n, 10)
	*e = append(*e, ';')
}
