// Package reconcile compares our books with those of the providers: the control that finds what every other one missed.
//
// A movement is an operation that a provider carried out. Both sides are compared by our operation's id, which the
// provider keeps as merchant reference: what both did alike matches, and anything else is a finding of one class. A
// comparison changes no payment; it only tells.
package reconcile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// Class says in what way the books differ.
type Class string

// The classes of findings.
const (
	// OursOnly is a movement that we have as done and the provider does not.
	OursOnly Class = "ours_only"
	// TheirsOnly is a movement that the provider made and we do not have as done.
	TheirsOnly Class = "theirs_only"
	// Amount is a movement of different amounts.
	Amount Class = "amount"
	// Currency is a movement in different currencies.
	Currency Class = "currency"
	// Duplicate is a movement that the provider made more than once.
	Duplicate Class = "duplicate"
	// Timing is a movement that one side has still time to finish.
	Timing Class = "timing"
)

// Classes are all classes.
func Classes() []Class { return []Class{OursOnly, TheirsOnly, Amount, Currency, Duplicate, Timing} }

// grace is how long a movement that the provider made may be open in our books.
const grace = 24 * time.Hour

// Movement is one operation as one side has it.
type Movement struct {
	// Key is our operation's id.
	Key string
	// Reference is the provider's id; empty when it is not known.
	Reference string
	// OrderID is the order.
	OrderID string
	// Kind is what was asked.
	Kind payment.Kind
	// Status is how far it has come on this side.
	Status payment.Status
	// Amount is in minor units of Currency.
	Amount   int64
	Currency string
	// At is when this side recorded it, ChangedAt when its status changed last.
	At        time.Time
	ChangedAt time.Time
}

// Finding is a movement on which the books do not agree.
type Finding struct {
	// ID is a UUIDv7.
	ID string
	// Provider is whose books are compared.
	Provider string
	// Class says what is wrong.
	Class Class
	// Kind, Key and OrderID name the movement.
	Kind    payment.Kind
	Key     string
	OrderID string
	// Reference is the provider's id; of a duplicate, all of them.
	Reference string
	// OurStatus and TheirStatus are empty when a side does not have it.
	OurStatus   payment.Status
	TheirStatus payment.Status
	// OurAmount and TheirAmount are minor units; of a duplicate, theirs is the sum.
	OurAmount     int64
	OurCurrency   string
	TheirAmount   int64
	TheirCurrency string
	// MovedAt is when the movement was made.
	MovedAt time.Time
	// CreatedAt, UpdatedAt and ClosedAt are times of the store.
	CreatedAt time.Time
	UpdatedAt time.Time
	ClosedAt  *time.Time
}

// Terms are what a comparison takes into account beside the movements.
type Terms struct {
	// Now is the time of the comparison.
	Now time.Time
	// Lag is how long the provider's report may be behind.
	Lag time.Duration
}

// Result is what came of a comparison.
type Result struct {
	// Matched are the keys of movements that agree, with the time that they count for.
	Matched map[string]time.Time
	// Findings are those that do not.
	Findings []Finding
}

// Compare sorts every movement of both sides into one class. The order of the movements does not matter.
func Compare(ours, theirs []Movement, t Terms) Result {
	mine, their := map[string]Movement{}, map[string][]Movement{}
	keys := map[string]bool{}
	for _, m := range ours {
		mine[m.Key], keys[m.Key] = m, true
	}
	for _, m := range theirs {
		their[m.Key], keys[m.Key] = append(their[m.Key], m), true
	}
	result := Result{Matched: map[string]time.Time{}}
	for key := range keys {
		o, have := mine[key]
		class, report, done := classify(o, have, their[key], t)
		switch {
		case class != "":
			result.Findings = append(result.Findings, finding(class, key, o, have, report))
		case done:
			result.Matched[key] = o.At
		}
	}
	slices.SortFunc(result.Findings, func(a, b Finding) int { return cmp.Compare(a.Key, b.Key) })
	return result
}

// classify judges one key. It answers no class for what agrees, and whether money moved at all.
func classify(o Movement, have bool, theirs []Movement, t Terms) (Class, []Movement, bool) {
	var did []Movement
	for _, m := range theirs {
		if m.Status == payment.OK {
			did = append(did, m)
		}
	}
	weDid := have && o.Status == payment.OK
	switch {
	case len(did) > 1, len(did) == 1 && weDid && o.Reference != "" && o.Reference != did[0].Reference:
		return Duplicate, did, true
	case len(did) == 1:
		return moved(o, have, did[0], t), did, true
	case !weDid:
		return "", theirs, false // nobody moved anything
	}
	for _, m := range theirs {
		if m.Status == payment.Pending && t.Now.Sub(m.At) < grace {
			return Timing, theirs, true
		}
	}
	if len(theirs) == 0 && t.Now.Sub(o.ChangedAt) < t.Lag {
		return Timing, theirs, true
	}
	return OursOnly, theirs, true
}

// moved compares what the provider did once with what we have.
func moved(o Movement, have bool, m Movement, t Terms) Class {
	switch {
	case !have, o.Kind != m.Kind:
		return TheirsOnly
	case o.Currency != m.Currency:
		return Currency
	case o.Amount != m.Amount && o.Kind != payment.Void: // a void releases what there is
		return Amount
	case o.Status == payment.OK:
		return ""
	case !o.Status.Final() && t.Now.Sub(m.At) < grace:
		return Timing
	default:
		return TheirsOnly
	}
}

func finding(class Class, key string, o Movement, have bool, theirs []Movement) Finding {
	f := Finding{Class: class, Key: key}
	if have {
		f.Kind, f.OrderID, f.Reference, f.MovedAt = o.Kind, o.OrderID, o.Reference, o.At
		f.OurStatus, f.OurAmount, f.OurCurrency = o.Status, o.Amount, o.Currency
	}
	if len(theirs) == 0 {
		return f
	}
	slices.SortFunc(theirs, func(a, b Movement) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Reference, b.Reference)) })
	last := theirs[len(theirs)-1]
	f.Kind, f.TheirStatus, f.TheirCurrency, f.MovedAt = last.Kind, last.Status, last.Currency, last.At
	f.OrderID = cmp.Or(f.OrderID, last.OrderID)
	var references []string
	if class == Duplicate && f.Reference != "" {
		references = append(references, f.Reference)
	}
	for _, m := range theirs {
		f.TheirAmount += m.Amount
		if !slices.Contains(references, m.Reference) {
			references = append(references, m.Reference)
		}
	}
	f.Reference = strings.Join(references, " ")
	return f
}
