package shed

import (
	"slices"
	"time"
)

const (
	// window is how long answers are collected before the limit is looked at.
	window = 100 * time.Millisecond
	// fewest is how many answers a verdict needs; a window lasts until it has them.
	fewest = 10
	// tolerance is how many times its calm time the median answer may take: more is queueing somewhere behind.
	tolerance = 2.5
	// deepest is the most that one window takes off the limit, as a factor.
	deepest = 0.5
	// growth is what a window in which the limit was needed and harmless adds to it, as a part of it.
	growth = 0.05
	// aging is how fast calm times become longer by themselves, a second: what was fast an hour ago may never be so again.
	aging = 0.01
	// quicker and slower are how much one answer in calm moves the calm time of its method down and up. Quicker weighs more, so
	// that calm times stay at the low end of what is usual.
	quicker = 0.1
	slower  = 0.02
	// shortest is the least that counts as a time, in seconds.
	shortest = 1e-9
)

// pace finds how many requests at once the services behind can work on without queueing. The signal is how long answers take,
// each measured by the calm time of its own method, so that a mix of short and long ones tells nothing by itself. It is not safe
// for concurrent use.
type pace struct {
	// floor and most bound the limit; open is where it rests, and calm the requests at once below which nobody queues.
	floor, most, open, calm float64

	limit  float64
	begun  time.Time
	peak   int // most inside at once in this window
	before int // and in the one before, in which those who leave now may have come
	ratios []float64
	usual  map[string]*calmTime
}

// calmTime is what an answer of a method takes when there is no queue.
type calmTime struct {
	seconds float64 // 0: not known yet
	at      time.Time
	took    []float64 // of answers of this window that did not come in calm, or came before anything was known
}

// newPace starts open: nothing is known yet that speaks against it.
func newPace(floor, most int, now time.Time) *pace {
	p := &pace{floor: float64(min(floor, most)), most: float64(most), begun: now, usual: map[string]*calmTime{}}
	p.calm = p.floor / 2
	p.open = min(4*p.floor, p.most)
	p.limit = p.open
	return p
}

// entered tells how many are inside now.
func (p *pace) entered(inside int) { p.peak = max(p.peak, inside) }

// left takes the time of a good answer, and how many are still inside.
func (p *pace) left(now time.Time, method string, took time.Duration, inside int) {
	usual := p.usual[method]
	if usual == nil {
		usual = &calmTime{at: now}
		p.usual[method] = usual
	}
	p.ratios = append(p.ratios, usual.ratio(now, took.Seconds(), float64(max(p.peak, p.before)) <= p.calm))
	if len(p.ratios) < fewest || now.Sub(p.begun) < window {
		return
	}
	p.judge()
	for _, usual := range p.usual {
		usual.learn()
	}
	p.begun, p.before, p.peak, p.ratios = now, p.peak, inside, p.ratios[:0]
}

// ratio measures an answer by the calm time, and moves that in calm.
func (c *calmTime) ratio(now time.Time, took float64, calm bool) float64 {
	if c.seconds == 0 {
		c.took = append(c.took, took)
		return 1
	}
	c.seconds *= 1 + aging*min(max(now.Sub(c.at).Seconds(), 0), 1/aging)
	c.at = now
	ratio := took / max(c.seconds, shortest)
	switch {
	case !calm:
		c.took = append(c.took, took)
	case took < c.seconds:
		c.seconds += quicker * (took - c.seconds)
	default:
		c.seconds += slower * (took - c.seconds)
	}
	return ratio
}

// learn takes from the answers that came under load only that the calm time is shorter, and takes it from the middle of them: answers of
// one method differ by what is asked for, and measured by the quickest of many every other one would look late.
func (c *calmTime) learn() {
	if len(c.took) == 0 {
		return
	}
	slices.Sort(c.took)
	middle := max(c.took[len(c.took)/2], shortest)
	switch {
	case c.seconds == 0:
		c.seconds = middle
	case middle < c.seconds:
		c.seconds += quicker * (middle - c.seconds)
	}
	c.took = c.took[:0]
}

// judge sets the limit by the answers of a window.
func (p *pace) judge() {
	slices.Sort(p.ratios)
	slow := p.ratios[len(p.ratios)/2] / tolerance
	needed := float64(p.peak) >= p.limit/2
	switch {
	case slow > 1:
		// From what was really inside: a limit that nobody reached is no measure.
		p.limit = min(p.limit, max(float64(p.peak), p.floor)) * max(1/slow, deepest)
	case needed:
		p.limit += max(1, growth*p.limit)
	case p.limit < p.open:
		p.limit = min(2*p.limit, p.open)
	}
	p.limit = min(max(p.limit, p.floor), p.most)
}
