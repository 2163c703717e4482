package promotion

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

// Validate checks what the contract cannot and what stored rules rely on.
func (p Promotion) Validate() error {
	if err := pricelist.ValidateWindow("promotion.validUntil", p.ValidFrom, p.ValidUntil); err != nil {
		return err
	}
	if err := p.Rule.validate(); err != nil {
		return err
	}
	return amounts("promotion.conditions.minSubtotals", p.Rule.Conditions.MinSubtotals)
}

func (r Rule) validate() error {
	switch r.Kind {
	case KindPercentage:
		return rate("promotion.percentageOff.ratePpm", r.Rate)
	case KindAmount:
		return amounts("promotion.amountOff.amounts", r.Amounts)
	case KindBuyXGetY:
		return rate("promotion.buyXGetY.ratePpm", r.Rate)
	default:
		return nil
	}
}

func rate(path string, r money.Rate) error {
	if r < 1 || r > money.One {
		return ErrPercent.At(path, "It must be from 1 to %d parts per million.", int64(money.One))
	}
	return nil
}

func amounts(path string, list []money.Money) error {
	seen := map[string]bool{}
	for i, amount := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch _, known := iso.Currency(amount.Currency); {
		case !known:
			return money.ErrCurrency.At(at+".currencyCode", "It is not an active ISO 4217 currency code.")
		case seen[amount.Currency]:
			return ErrCurrencyTwice.At(at+".currencyCode", "There is an amount in %s already.", amount.Currency)
		case amount.Minor < 0:
			return money.ErrNegative.At(at+".minorUnits", "It must not be negative.")
		case amount.Minor == 0:
			return ErrAmountZero.At(at+".minorUnits", "It must be above zero.")
		case amount.Minor > maxAmount:
			return money.ErrRange.At(at+".minorUnits", "It must not be above %d minor units.", int64(maxAmount))
		}
		seen[amount.Currency] = true
	}
	return nil
}

// maxAmount is the highest amount of a discount or a condition, in minor units.
const maxAmount = 1_000_000_000_000_000
