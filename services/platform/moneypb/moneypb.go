// Package moneypb converts money between the domain type and the contracts: Money inside, Amount in the public JSON.
//
// Every conversion out of a message checks the currency, the scale and the range, and names the field that is wrong.
package moneypb

import (
	"errors"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// ToProto returns the internal message of an amount.
func ToProto(m money.Money) *typev1.Money {
	return &typev1.Money{CurrencyCode: m.Currency, MinorUnits: m.Minor}
}

// FromProto reads the internal message. A missing message is CURRENCY_INVALID, as one without a currency is.
func FromProto(m *typev1.Money) (money.Money, error) {
	return money.New(m.GetCurrencyCode(), m.GetMinorUnits())
}

// ToAmount returns the public message of an amount.
func ToAmount(m money.Money) *typev1.Amount {
	return &typev1.Amount{CurrencyCode: m.Currency, Amount: m.Decimal()}
}

// FromAmount reads the public message that stands at path in the request. Its errors carry a violation at the part that is
// wrong: path.currencyCode or path.amount.
func FromAmount(path string, a *typev1.Amount) (money.Money, error) {
	m, err := money.Parse(a.GetCurrencyCode(), a.GetAmount())
	if err == nil {
		return m, nil
	}
	field := path + ".amount"
	if errs.Has(err, money.ErrCurrency) {
		field = path + ".currencyCode"
	}
	return money.Money{}, at(err, field)
}

func at(err error, path string) error {
	var typed *errs.Error
	if !errors.As(err, &typed) {
		return err
	}
	return typed.Field(path, errs.ReasonOf(err), typed.Message())
}
