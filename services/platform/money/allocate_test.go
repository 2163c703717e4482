package money_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// When it fails, a discount or a tax spread over lines does not add up to what the order says.
func TestAllocateExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{1, []int64{1, 2}, []int64{0, 1}},
		{10, []int64{0, 5, 0}, []int64{0, 10, 0}},
		{5, []int64{0, 0, 0}, []int64{2, 2, 1}},
		{0, []int64{3, 4}, []int64{0, 0}},
		{0, nil, []int64{}},
		{7, []int64{math.MaxInt64, math.MaxInt64}, []int64{4, 3}},
		{-math.MaxInt64, []int64{math.MaxInt64}, []int64{-math.MaxInt64}},
	} {
		parts, err := money.Allocate(gbp(c.total), c.weights)
		require.NoError(t, err)
		got := []int64{}
		for _, part := range parts {
			require.Equal(t, "GBP", part.Currency)
			got = append(got, part.Minor)
		}
		require.Equal(t, c.want, got, "%+v", c)
	}
}

// When it fails, amounts are shared in a way nobody asked for.
func TestAllocateRefuses(t *testing.T) {
	t.Parallel()
	_, err := money.Allocate(gbp(1), nil)
	require.True(t, errs.Has(err, money.ErrRange))
	_, err = money.Allocate(gbp(1), []int64{1, -1})
	require.True(t, errs.Has(err, money.ErrNegative))
	_, err = money.Allocate(gbp(1), []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64})
	require.True(t, errs.Has(err, money.ErrRange))
}

// When it fails, pennies appear or vanish for some order: the laws of Allocate over a hundred thousand random ones.
func TestAllocateKeepsItsLaws(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range cases {
		total := random.Int64() >> random.IntN(63)
		if random.IntN(2) == 0 {
			total = -total
		}
		weights := make([]int64, 1+random.IntN(12))
		for i := range weights {
			if random.IntN(4) > 0 {
				weights[i] = random.Int64() >> (4 + random.IntN(59))
			}
		}
		parts, err := money.Allocate(gbp(total), weights)
		require.NoError(t, err)
		if problem := lawBroken(total, weights, parts); problem != "" {
			t.Fatalf("%s: total %d, weights %v, parts %v", problem, total, weights, parts)
		}
	}
}

// lawBroken names the first law that parts break.
func lawBroken(total int64, weights []int64, parts []money.Money) string {
	sum, whole := big.NewInt(0), big.NewInt(0)
	for i, part := range parts {
		sum.Add(sum, big.NewInt(part.Minor))
		whole.Add(whole, big.NewInt(weights[i]))
		if part.Minor != 0 && (part.Minor < 0) != (total < 0) {
			return "a part has another sign than the total"
		}
	}
	if sum.Cmp(big.NewInt(total)) != 0 {
		return "the parts do not add up to the total"
	}
	if whole.Sign() == 0 {
		return ""
	}
	for i, part := range parts {
		// |part·whole - total·weight| < whole
		difference := new(big.Int).Mul(big.NewInt(part.Minor), whole)
		difference.Sub(difference, new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])))
		if difference.CmpAbs(whole) >= 0 {
			return fmt.Sprintf("part %d is a minor unit or more off its share", i)
		}
	}
	return ""
}

// When it fails, an order with very many lines takes the service down.
func TestAllocateOverAMillionLines(t *testing.T) {
	t.Parallel()
	weights := make([]int64, 1_000_000)
	for i := range weights {
		weights[i] = int64(i % 7)
	}
	parts, err := money.Allocate(gbp(12_345_677), weights)
	require.NoError(t, err)
	var sum int64
	for _, part := range parts {
		sum += part.Minor
	}
	require.Equal(t, int64(12_345_677), sum)
}
