package prove

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// memory are samples of a service every three minutes for 45, that gains so many percent an hour and strays by so many.
func memory(gains, strays float64) trend {
	dice := rand.New(rand.NewPCG(1, 2))
	var times, values []float64
	for n := range 15 {
		hours := float64(n) / 20
		times = append(times, hours)
		values = append(values, 30e6*(1+gains*hours/100+strays*dice.NormFloat64()/100))
	}
	return trendOf(times, values)
}

// When this fails a service that leaks passes the soak, or one that does not is sent to whoever looks for leaks.
func TestSlopeTellsGrowthFromChance(t *testing.T) {
	t.Parallel()
	exact := memory(3, 0)
	require.InDelta(t, 3, exact.slope, 0.05)
	require.InDelta(t, 0, exact.margin, 1e-6)
	require.True(t, exact.grows())
	require.True(t, memory(0.9, 0).steady(), "that much is allowed")
	require.True(t, memory(0, 0.2).steady())
	require.True(t, memory(8, 0.5).grows(), "a leak is seen through what strays")
	require.True(t, memory(-5, 0.5).steady(), "what shrinks does not grow")
	for _, gains := range []float64{0, 1, 2} {
		unclear := memory(gains, 3)
		require.False(t, unclear.grows() || unclear.steady(), "%v %% an hour: %v", gains, unclear)
		require.Contains(t, unclear.String(), "not certain")
	}
	few := trendOf([]float64{0, 0.1, 0.2, 0.3}, []float64{1, 2, 3, 4})
	require.False(t, few.grows() || few.steady(), "four samples tell nothing")
	require.InDelta(t, 3.182, student(3), 0.03)
	require.InDelta(t, 2.160, student(13), 0.01)
}

// When this fails goroutines that each fault leaves behind are not noticed, or those of idle connections are taken for them.
func TestClimbIsWhatNeverComesBack(t *testing.T) {
	t.Parallel()
	require.True(t, climbs([]int{40, 42, 41, 43, 44, 45, 46, 47, 48}))
	require.False(t, climbs([]int{40, 48, 41, 43, 60, 45, 46, 47, 48}), "as many were there at the start")
	require.False(t, climbs([]int{40, 41, 42, 70, 70, 70, 50, 41, 60}), "they went away again")
	require.False(t, climbs([]int{40, 60}), "two samples tell nothing")
}
