package tax

import (
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Charge is one tax that applies to an amount.
type Charge struct {
	// Name is the tax as printed, for example "VAT 20%".
	Name string `json:"name"`
	// Jurisdiction is where it is due, for example "GB" or "US-CA".
	Jurisdiction string `json:"jurisdiction"`
	// Rate is its rate.
	Rate money.Rate `json:"rate"`
}

// Applied is a charge with what it came to.
type Applied struct {
	Charge
	// Amount is the tax in the minor unit of the cart's currency.
	Amount int64 `json:"amount"`
}

// Policy names how tax is rounded to the minor unit: a rounding mode and whether each line is rounded by itself or the sum of
// each rate. It is stored with whatever was computed by it and never changes its meaning.
type Policy string

// The policies.
const (
	HalfUpLine    Policy = "half_up/line"
	HalfEvenLine  Policy = "half_even/line"
	DownLine      Policy = "down/line"
	HalfUpTotal   Policy = "half_up/total"
	HalfEvenTotal Policy = "half_even/total"
	DownTotal     Policy = "down/total"
)

// Policies are all policies.
func Policies() []Policy {
	return []Policy{HalfUpLine, HalfEvenLine, DownLine, HalfUpTotal, HalfEvenTotal, DownTotal}
}

// Valid tells whether the policy is one of those above.
func (p Policy) Valid() bool { return slices.Contains(Policies(), p) }

// Rounding is what happens to a fraction of a minor unit.
func (p Policy) Rounding() money.Rounding {
	mode, _, _ := strings.Cut(string(p), "/")
	return money.Rounding(mode)
}

// PerTotal tells whether the sum of each rate is rounded, and not each line.
func (p Policy) PerTotal() bool { return strings.HasSuffix(string(p), "/total") }

// Of is the tax on an amount: contained in it when the amount is inclusive, else on top of it.
func (c Charge) Of(amount money.Money, inclusive bool, rounding money.Rounding) (money.Money, error) {
	if inclusive {
		return amount.InclusiveTax(c.Rate, rounding)
	}
	return amount.Percent(c.Rate, rounding)
}
