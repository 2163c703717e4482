package money_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

func gbp(minor int64) money.Money { return money.Money{Currency: "GBP", Minor: minor} }

// When it fails, an amount in no real currency gets into a catalogue or an order.
func TestNewRefusesWhatIsNoMoney(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "US", "usd", "XXX", "XAU", "USDT", "DEM", "£££", "GBP\x00"} {
		_, err := money.New(code, 1)
		require.True(t, errs.Has(err, money.ErrCurrency), "%q", code)
	}
	_, err := money.New("GBP", math.MinInt64)
	require.True(t, errs.Has(err, money.ErrRange))
	m, err := money.New("JPY", -5)
	require.NoError(t, err)
	require.Equal(t, money.Money{Currency: "JPY", Minor: -5}, m)
}

// When it fails, totals are wrong in silence: they wrap around or mix currencies.
func TestArithmeticIsChecked(t *testing.T) {
	t.Parallel()
	top := gbp(math.MaxInt64)
	_, err := top.Add(gbp(1))
	require.True(t, errs.Has(err, money.ErrRange))
	_, err = top.Neg().Sub(gbp(1))
	require.True(t, errs.Has(err, money.ErrRange), "there is no negative of the lowest integer")
	_, err = top.Times(2)
	require.True(t, errs.Has(err, money.ErrRange))
	_, err = gbp(5_000_000_000).Times(5_000_000_000)
	require.True(t, errs.Has(err, money.ErrRange))
	_, err = gbp(1).Add(money.Zero("EUR"))
	require.True(t, errs.Has(err, money.ErrMismatch))
	_, err = gbp(1).Sub(money.Zero("EUR"))
	require.True(t, errs.Has(err, money.ErrMismatch))
	product, err := gbp(-3).Times(7)
	require.NoError(t, err)
	require.Equal(t, gbp(-21), product)
	sum, err := money.Sum("GBP", gbp(1), gbp(2), gbp(-5))
	require.NoError(t, err)
	require.Equal(t, gbp(-2), sum)
	sum, err = money.Sum("GBP")
	require.NoError(t, err)
	require.True(t, sum.IsZero())
	_, err = money.Sum("GBP", gbp(1), money.Zero("EUR"))
	require.True(t, errs.Has(err, money.ErrMismatch))
	require.Equal(t, -1, gbp(1).Cmp(gbp(2)))
	require.Equal(t, 0, gbp(2).Cmp(gbp(2)))
	require.Equal(t, 1, gbp(3).Cmp(gbp(2)))
}

// When it fails, adding and taking away the same amount changes a balance.
func TestAddAndSubAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := gbp(rapid.Int64Range(-1<<62, 1<<62).Draw(t, "a")), gbp(rapid.Int64Range(-1<<62+1, 1<<62-1).Draw(t, "b"))
		sum, err := a.Add(b)
		require.NoError(t, err)
		back, err := sum.Sub(b)
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
}

// When it fails, snapshots of orders cannot be read by what reads their JSON.
func TestJSONHasCurrencyAndMinor(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(gbp(1999))
	require.NoError(t, err)
	require.JSONEq(t, `{"currency":"GBP","minor":1999}`, string(text))
	var back money.Money
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, gbp(1999), back)
}

// When it fails, a price is shown or charged a hundred times too high or too low.
func TestParseIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency, text string
		minor          int64
	}{
		{"USD", "19.99", 1999}, {"USD", "5", 500}, {"USD", "5.5", 550}, {"USD", "-0.05", -5}, {"USD", "007", 700},
		{"JPY", "1999", 1999}, {"KWD", "1.234", 1234}, {"CLF", "1.2345", 12345}, {"USD", "-0", 0},
		{"USD", "92233720368547758.07", math.MaxInt64},
	} {
		m, err := money.Parse(c.currency, c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, money.Money{Currency: c.currency, Minor: c.minor}, m)
	}
}

// When it fails, a client's typing error becomes a price.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency, text string
		kind           errs.Kind
	}{
		{"USD", "10.999", money.ErrScale}, {"JPY", "100.50", money.ErrScale}, {"JPY", "100.0", money.ErrScale},
		{"USD", "5.000", money.ErrScale}, {"USD", "92233720368547758.08", money.ErrRange},
		{"USD", "99999999999999999999999", money.ErrRange}, {"USD", "", money.ErrFormat}, {"USD", "-", money.ErrFormat},
		{"USD", ".5", money.ErrFormat}, {"USD", "5.", money.ErrFormat}, {"USD", "+5", money.ErrFormat},
		{"USD", "1e3", money.ErrFormat}, {"USD", "NaN", money.ErrFormat}, {"USD", "1,000", money.ErrFormat},
		{"USD", " 1", money.ErrFormat}, {"USD", "--1", money.ErrFormat}, {"USD", "1.-1", money.ErrFormat},
		{"USD", "１", money.ErrFormat}, {"XXX", "1", money.ErrCurrency},
	} {
		_, err := money.Parse(c.currency, c.text)
		require.True(t, errs.Has(err, c.kind), "%s %q: %v", c.currency, c.text, err)
	}
}

// When it fails, an amount that was written out does not come back the same.
func TestDecimalAndParseAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"JPY", "USD", "KWD", "CLF"}).Draw(t, "currency")
		m := money.Money{Currency: currency, Minor: rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "minor")}
		back, err := money.Parse(currency, m.Decimal())
		require.NoError(t, err)
		require.Equal(t, m, back)
	})
	require.Equal(t, "-0.05 GBP", gbp(-5).String())
	require.Equal(t, "12345", money.Money{Currency: "???", Minor: 12345}.Decimal())
}

// FuzzParse finds text that breaks the parser or is read as another amount than it says.
func FuzzParse(f *testing.F) {
	f.Add("USD", "19.99")
	f.Add("JPY", "-1")
	f.Fuzz(func(t *testing.T, currency, text string) {
		m, err := money.Parse(currency, text)
		if err != nil {
			require.NotEqual(t, errs.Internal, errs.CodeOf(err))
			return
		}
		back, err := money.Parse(currency, m.Decimal())
		require.NoError(t, err)
		require.Equal(t, m, back)
	})
}
