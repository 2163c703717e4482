package prove

import (
	"fmt"
	"math"
	"slices"
)

const (
	// mostGrowth is how many percent of its memory a service may gain in an hour.
	mostGrowth = 1.0
	// fewest is the number of samples below which nothing is said about a line through them.
	fewest = 5
)

// trend is the line through samples by least squares: what a service gains in an hour, in percent of its mean, and half the width of
// the interval in which the true figure lies with 95 % certainty, when what strays around the line is chance.
type trend struct {
	slope, margin float64
	known         bool // false with too few samples
}

// trendOf draws the line. Times are in hours.
func trendOf(times, values []float64) trend {
	n := len(times)
	if n < fewest {
		return trend{}
	}
	middle, mean := meanOf(times), meanOf(values)
	var spread, together float64
	for i, t := range times {
		spread += (t - middle) * (t - middle)
		together += (t - middle) * (values[i] - mean)
	}
	if spread == 0 || mean == 0 {
		return trend{}
	}
	slope := together / spread
	var strays float64
	for i, t := range times {
		off := values[i] - mean - slope*(t-middle)
		strays += off * off
	}
	free := float64(n - 2)
	percent := 100 / mean
	return trend{slope: slope * percent, margin: student(free) * math.Sqrt(strays/free/spread) * percent, known: true}
}

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// student is the 97.5 % quantile of Student's t, by the expansion of Cornish and Fisher; with three degrees of freedom or more it is
// right to a hundredth.
func student(free float64) float64 {
	return 1.96 + 2.372/free + 2.823/(free*free) + 2.556/(free*free*free)
}

// grows tells that even the lower end of the interval is above what is allowed: that is no chance.
func (t trend) grows() bool { return t.known && t.slope-t.margin > mostGrowth }

// steady tells that even the upper end is not above it.
func (t trend) steady() bool { return t.known && t.slope+t.margin <= mostGrowth }

// String is the verdict. Between growth and its absence lies what the run was too short to tell.
func (t trend) String() string {
	switch {
	case !t.known:
		return "too few samples"
	case t.grows():
		return "GROWS"
	case t.steady():
		return "steady"
	default:
		return fmt.Sprintf("not certain (%+.1f to %+.1f)", t.slope-t.margin, t.slope+t.margin)
	}
}

// climbs tells whether counts have grown for good: the fewest of the last third are more than the most of the first. What comes and
// goes with connections does not do that, and what is left behind by each fault does.
func climbs(counts []int) bool {
	third := len(counts) / 3
	return third > 0 && slices.Min(counts[len(counts)-third:]) > slices.Max(counts[:third])
}
