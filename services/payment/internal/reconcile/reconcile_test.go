package reconcile

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// Every pair of books has one class, whatever the order they are read in, and the time that a side has to come after is counted
// to the minute: fails when a movement falls between the classes, or a doubt is called harmless for ever.
func TestClasses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ours := func(status payment.Status, age time.Duration) *Movement {
		return &Movement{Key: "k", Reference: "r", Kind: payment.Capture, Status: status, Amount: 5, Currency: "GBP", At: now.Add(-age), ChangedAt: now.Add(-age)}
	}
	theirs := ours
	with := func(m *Movement, change func(m *Movement)) *Movement { change(m); return m }
	for name, c := range map[string]struct {
		ours, theirs, again *Movement
		want                Class
		matched             bool
	}{
		"both":                             {ours: ours(payment.OK, 0), theirs: theirs(payment.OK, 0), matched: true},
		"both failed":                      {ours: ours(payment.Failed, 0), theirs: theirs(payment.Failed, 0)},
		"never there":                      {ours: ours(payment.Failed, 0)},
		"both wait":                        {ours: ours(payment.Pending, 0), theirs: theirs(payment.Pending, 0)},
		"we know nothing":                  {theirs: theirs(payment.OK, 0), want: TheirsOnly},
		"they refused, we know nothing":    {theirs: theirs(payment.Failed, 0)},
		"we gave up":                       {ours: ours(payment.Failed, 0), theirs: theirs(payment.OK, 0), want: TheirsOnly},
		"we ask":                           {ours: ours(payment.Unknown, 0), theirs: theirs(payment.OK, 24*time.Hour-time.Second), want: Timing},
		"we asked for too long":            {ours: ours(payment.Unknown, 0), theirs: theirs(payment.OK, 24*time.Hour), want: TheirsOnly},
		"not reported yet":                 {ours: ours(payment.OK, time.Minute-time.Second), want: Timing},
		"never reported":                   {ours: ours(payment.OK, time.Minute), want: OursOnly},
		"they think about it":              {ours: ours(payment.OK, time.Hour), theirs: theirs(payment.Pending, time.Hour), want: Timing},
		"they think for too long":          {ours: ours(payment.OK, 25*time.Hour), theirs: theirs(payment.Pending, 24*time.Hour), want: OursOnly},
		"they refused":                     {ours: ours(payment.OK, 0), theirs: theirs(payment.Failed, 0), want: OursOnly},
		"other amount":                     {ours: ours(payment.OK, 0), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Amount++ }), want: Amount},
		"other amount, in doubt":           {ours: ours(payment.Unknown, 0), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Amount++ }), want: Amount},
		"other currency":                   {ours: ours(payment.OK, 0), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Currency = "EUR" }), want: Currency},
		"other kind":                       {ours: ours(payment.OK, 0), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Kind = payment.Refund }), want: TheirsOnly},
		"a void releases what there is":    {ours: with(ours(payment.OK, 0), func(m *Movement) { m.Kind = payment.Void }), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Kind, m.Amount = payment.Void, 3 }), matched: true},
		"twice":                            {ours: ours(payment.OK, 0), theirs: theirs(payment.OK, 0), again: with(theirs(payment.OK, 0), func(m *Movement) { m.Reference = "s" }), want: Duplicate},
		"twice, and we know of none":       {theirs: theirs(payment.OK, 0), again: with(theirs(payment.OK, 0), func(m *Movement) { m.Reference = "s" }), want: Duplicate},
		"once refused, then done":          {ours: with(ours(payment.OK, 0), func(m *Movement) { m.Reference = "s" }), theirs: theirs(payment.Failed, 0), again: with(theirs(payment.OK, 0), func(m *Movement) { m.Reference = "s" }), matched: true},
		"another one than the one we know": {ours: ours(payment.OK, 0), theirs: with(theirs(payment.OK, 0), func(m *Movement) { m.Reference = "s" }), want: Duplicate},
	} {
		var mine, their []Movement
		for _, m := range []*Movement{c.theirs, c.again} {
			if m != nil {
				their = append(their, *m)
			}
		}
		if c.ours != nil {
			mine = append(mine, *c.ours)
		}
		for range 4 {
			rand.Shuffle(len(their), func(i, j int) { their[i], their[j] = their[j], their[i] })
			result := Compare(mine, their, Terms{Now: now, Lag: time.Minute})
			require.Equal(t, c.matched, len(result.Matched) == 1, name)
			if c.want == "" {
				require.Empty(t, result.Findings, name)
				continue
			}
			require.Len(t, result.Findings, 1, name)
			require.Equal(t, c.want, result.Findings[0].Class, name)
			require.Equal(t, "k", result.Findings[0].Key)
		}
	}
}
