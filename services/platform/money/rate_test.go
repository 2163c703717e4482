package money_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

const cases = 100_000

// When it fails, tax and percentage discounts are off by a penny.
func TestPercentRoundsAsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		rate     money.Rate
		rounding money.Rounding
		want     int64
	}{
		{1000, 200_000, money.HalfUp, 200}, {25, 100_000, money.HalfUp, 3}, {25, 100_000, money.HalfEven, 2},
		{35, 100_000, money.HalfEven, 4}, {25, 100_000, money.Down, 2}, {29, 100_000, money.Down, 2},
		{-25, 100_000, money.HalfUp, -3}, {-25, 100_000, money.HalfEven, -2}, {-29, 100_000, money.Down, -2},
		{999, 0, money.HalfUp, 0}, {0, 200_000, money.HalfUp, 0}, {25, -100_000, money.HalfUp, -3},
		{math.MaxInt64, money.One, money.HalfUp, math.MaxInt64},
	} {
		got, err := gbp(c.minor).Percent(c.rate, c.rounding)
		require.NoError(t, err)
		require.Equal(t, gbp(c.want), got, "%+v", c)
	}
	_, err := gbp(math.MaxInt64).Percent(2*money.One, money.HalfUp)
	require.True(t, errs.Has(err, money.ErrRange))
	_, err = gbp(1).Percent(1, "up")
	require.True(t, errs.Has(err, money.ErrRounding))
}

// When it fails, the tax shown inside a price does not match the tax office's own sum.
func TestInclusiveTax(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor int64
		rate  money.Rate
		want  int64
	}{{1200, 200_000, 200}, {1999, 200_000, 333}, {1999, 210_000, 347}, {-1999, 200_000, -333}, {1000, 0, 0}} {
		got, err := gbp(c.minor).InclusiveTax(c.rate, money.HalfUp)
		require.NoError(t, err)
		require.Equal(t, gbp(c.want), got, "%+v", c)
	}
	_, err := gbp(1).InclusiveTax(-1, money.HalfUp)
	require.True(t, errs.Has(err, money.ErrRounding))
}

// When it fails, a refund does not reverse its charge: rounding treats the signs differently.
func TestRoundingIsSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := gbp(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "m"))
		rate := money.Rate(rapid.Int64Range(0, 5_000_000).Draw(t, "rate"))
		rounding := rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfEven, money.Down}).Draw(t, "rounding")
		plus, err := m.Percent(rate, rounding)
		require.NoError(t, err)
		minus, err := m.Neg().Percent(rate, rounding)
		require.NoError(t, err)
		require.Equal(t, plus, minus.Neg())
		tax, err := m.InclusiveTax(rate, rounding)
		require.NoError(t, err)
		back, err := m.Neg().InclusiveTax(rate, rounding)
		require.NoError(t, err)
		require.Equal(t, tax, back.Neg())
	})
}

// When it fails, some amount is rounded the wrong way: every result is compared with arithmetic of any precision.
func TestRoundingAgreesWithBigIntegers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range cases {
		minor := random.Int64() >> random.IntN(63)
		part, whole := random.Int64()>>random.IntN(63), 1+random.Int64()>>random.IntN(63)
		if random.IntN(2) == 0 {
			minor = -minor
		}
		for _, rounding := range []money.Rounding{money.HalfUp, money.HalfEven, money.Down} {
			got, err := gbp(minor).Share(part, whole, rounding)
			want := exact(minor, part, whole, rounding)
			if !want.IsInt64() || want.Int64() == math.MinInt64 {
				require.True(t, errs.Has(err, money.ErrRange))
				continue
			}
			require.NoError(t, err)
			require.Equal(t, want.Int64(), got.Minor, "%d·%d/%d %s", minor, part, whole, rounding)
		}
	}
	_, err := gbp(1).Share(1, 0, money.Down)
	require.True(t, errs.Has(err, money.ErrRange))
}

// exact is a·b/d rounded, by the definition of the modes.
func exact(a, b, d int64, rounding money.Rounding) *big.Int {
	product, divisor := new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(d)
	sign := int64(product.Sign())
	quotient, remainder := new(big.Int).QuoRem(product.Abs(product), divisor, new(big.Int))
	half := new(big.Int).Lsh(remainder, 1).Cmp(divisor)
	if half > 0 && rounding != money.Down || half == 0 && (rounding == money.HalfUp || rounding == money.HalfEven && quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient.Mul(quotient, big.NewInt(sign))
}
