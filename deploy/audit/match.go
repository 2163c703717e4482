package audit

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The classes of the reconciliation. Every operation of either side is in one.
const (
	// Matched is the same on both sides; so is what failed on both, or failed here and is unknown there.
	Matched = "matched"
	// OursOnly is money that we say has moved and the provider does not.
	OursOnly = "ours-only"
	// TheirsOnly is money that the provider says has moved and we do not.
	TheirsOnly = "theirs-only"
	// Amount is another amount.
	Amount = "amount"
	// Currency is another currency.
	Currency = "currency"
	// Duplicate is one request of ours that the provider carried out more than once.
	Duplicate = "duplicate"
	// Timing is an operation whose outcome one side does not know yet, for less than a day. It is no violation.
	Timing = "timing"
)

// Classes are all of them.
func Classes() []string {
	return []string{Matched, OursOnly, TheirsOnly, Amount, Currency, Duplicate, Timing}
}

// patience is how long two sides may know different things.
const patience = 24 * time.Hour

// operation is what we asked a provider for.
type operation struct {
	id, order, kind, status, currency string
	amount                            int64
	created, updated                  time.Time
}

// final tells whether we expect no more news.
func (o operation) final() bool { return o.status == "ok" || o.status == "failed" }

// reconcile compares our operations at a provider with its own log.
func reconcile(s *session, provider string, theirs *ledger) (answer, error) {
	found := answer{classes: map[string]int64{}}
	tell := func(class, id, what string) {
		found.classes[class]++
		if class != Matched && class != Timing {
			found.add(Violation{ID: id, What: class + ": " + what})
		}
	}
	rows, err := s.tx.Query(s.ctx, ask("operations"), provider)
	if err != nil {
		return found, err
	}
	var o operation
	defer rows.Close()
	for rows.Next() {
		found.checked++
		if theirs.same(rows.RawValues()) {
			found.classes[Matched]++
			continue
		}
		if err := rows.Scan(&o.id, &o.order, &o.kind, &o.status, &o.amount, &o.currency, &o.created, &o.updated); err != nil {
			return found, err
		}
		class, what := classify(o, theirs.of(o.id), moments{now: s.at, read: theirs.read})
		tell(class, o.id, what)
	}
	if err := rows.Err(); err != nil {
		return found, err
	}
	for id, place := range theirs.first {
		m := theirs.movements[place]
		if m.asked {
			continue
		}
		found.checked++
		switch {
		case m.status == failed:
			tell(Matched, id, "")
		case m.at.After(s.at):
			tell(Timing, id, "")
		default:
			tell(TheirsOnly, id, fmt.Sprintf("the provider has a %s of %d %s for order %s (%s), and we never asked for it", m.kind, m.amount, m.currency, m.order, m.status))
		}
	}
	return found, nil
}

// same tells whether an operation of ours, as it came from the database, has ended the same on both sides, which almost all have: there
// are millions, and a look at the bytes is all they need. The rest is classified.
func (l *ledger) same(row [][]byte) bool {
	place, known := l.first[string(row[0])]
	if !known {
		return false
	}
	m := &l.movements[place]
	ended := m.status == succeeded && string(row[3]) == "ok" || m.status == failed && string(row[3]) == "failed"
	if !ended || m.next != 0 || m.kind != string(row[2]) || m.order != string(row[1]) || m.currency != string(row[5]) ||
		len(row[4]) != 8 || m.amount != int64(binary.BigEndian.Uint64(row[4])) {
		return false
	}
	m.asked = true
	return true
}

// moments are when the two sides were looked at.
type moments struct{ now, read time.Time }

// recent tells whether something is so young that the other side need not know.
func (m moments) recent(at time.Time) bool { return m.now.Sub(at) < patience }

// classify says in which class an operation of ours is, given what the provider has under its id.
func classify(o operation, list []movement, when moments) (class, what string) {
	if len(list) == 0 {
		return missing(o, when)
	}
	m := list[0]
	if len(list) > 1 {
		return Duplicate, fmt.Sprintf("the provider carried out the %s of order %s %d times", o.kind, o.order, len(list))
	}
	said := fmt.Sprintf("%s of order %s: ours %d %s (%s), theirs %s of %d %s for order %s (%s)",
		o.kind, o.order, o.amount, o.currency, o.status, m.kind, m.amount, m.currency, m.order, m.status)
	switch {
	case m.currency != o.currency:
		return Currency, said
	case o.kind != "void" && m.amount != o.amount:
		return Amount, said
	case m.kind != o.kind || m.order != o.order:
		return TheirsOnly, said
	}
	return outcome(o, m, when), said
}

// missing is about an operation that the provider does not know.
func missing(o operation, when moments) (class, what string) {
	what = fmt.Sprintf("%s of %d %s for order %s is %s here and unknown to the provider", o.kind, o.amount, o.currency, o.order, o.status)
	switch {
	case o.status == "failed":
		return Matched, ""
	case o.updated.After(when.read), !o.final() && when.recent(o.created):
		return Timing, what
	}
	return OursOnly, what
}

// outcome compares what became of an operation on both sides.
func outcome(o operation, m movement, when moments) string {
	theirs := m.status == succeeded || m.status == failed
	switch {
	case theirs && o.final() && (m.status == succeeded) == (o.status == "ok"):
		return Matched
	case o.updated.After(when.read), !o.final() && when.recent(m.at), !theirs && o.status != "ok" && when.recent(m.at):
		return Timing
	case o.status == "ok":
		return OursOnly
	case !o.final() && m.status == failed:
		return OursOnly
	}
	return TheirsOnly
}
