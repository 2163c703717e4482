package prove

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

const (
	// readings is how often memory is read in one look, after a collection each, of which the least counts: what a collection
	// that runs at the moment needs is no growth.
	readings = 3
	// readEvery is the time between them.
	readEvery = time.Second
	mebibyte  = 1 << 20
)

// usage is what a service needs when nothing is under way.
type usage struct {
	resident, heap float64 // bytes
	goroutines     int
}

// sample is a look at all services.
type sample struct {
	after       time.Duration // since the begin
	services    map[string]usage
	connections int // that the services have to Postgres
}

// sample looks at every service while nobody buys.
func (s *soak) sample(ctx context.Context) error {
	one := sample{services: map[string]usage{}}
	for n := range readings {
		for _, name := range stack.ServiceNames {
			u, err := s.usageOf(ctx, name)
			if err != nil {
				return fmt.Errorf("look at %s: %w", name, err)
			}
			if before := one.services[name]; n > 0 {
				u = usage{min(u.resident, before.resident), min(u.heap, before.heap), min(u.goroutines, before.goroutines)}
			}
			one.services[name] = u
		}
		if err := pass(ctx, readEvery); err != nil {
			return err
		}
	}
	n, err := s.count(ctx, "connections")
	one.after, one.connections = time.Since(s.began), int(n)
	s.samples = append(s.samples, one)
	return err
}

// usageOf lets a service collect its garbage, as the profile of its heap does, and reads what is left.
func (s *soak) usageOf(ctx context.Context, name string) (u usage, err error) {
	if _, err := read(ctx, s.shop.OpsURL(name)+"/debug/pprof/heap?gc=1"); err != nil {
		return u, err
	}
	metrics, err := read(ctx, s.shop.OpsURL(name)+"/metrics")
	if err != nil {
		return u, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.shop.Pids()[name]))
	if err != nil {
		return u, err
	}
	kibibytes, residentErr := figure(string(status), "VmRSS:")
	heap, heapErr := figure(metrics, "go_memstats_heap_alloc_bytes")
	goroutines, countErr := figure(metrics, "go_goroutines")
	return usage{resident: kibibytes * 1024, heap: heap, goroutines: int(goroutines)}, errors.Join(residentErr, heapErr, countErr)
}

// figure is the number after a name at the begin of a line.
func figure(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			return strconv.ParseFloat(words[1], 64)
		}
	}
	return 0, fmt.Errorf("there is no %s", name)
}

func read(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", address, answer.Status)
	}
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// lastSample is the newest sample in a few words.
func (s *soak) lastSample() string {
	if len(s.samples) == 0 {
		return ""
	}
	last := s.samples[len(s.samples)-1]
	var text strings.Builder
	fmt.Fprintf(&text, "; %d connections; MB", last.connections)
	for _, name := range stack.ServiceNames {
		fmt.Fprintf(&text, " %s %.1f", name, last.services[name].resident/mebibyte)
	}
	return text.String()
}

// course is how one service went after the warm-up.
type course struct {
	first, last    usage
	resident, heap trend
	climbs         bool
}

// warm are the samples after the warm-up.
func (s *soak) warm() []sample {
	for i, one := range s.samples {
		if float64(one.after) >= warmUp*(1-killing)*float64(s.Length) {
			return s.samples[i:]
		}
	}
	return nil
}

func courseOf(name string, samples []sample) course {
	var times, resident, heap []float64
	var goroutines []int
	for _, one := range samples {
		u := one.services[name]
		times, resident, heap = append(times, one.after.Hours()), append(resident, u.resident), append(heap, u.heap)
		goroutines = append(goroutines, u.goroutines)
	}
	c := course{resident: trendOf(times, resident), heap: trendOf(times, heap), climbs: climbs(goroutines)}
	if len(samples) > 0 {
		c.first, c.last = samples[0].services[name], samples[len(samples)-1].services[name]
	}
	return c
}

func (s *soak) connectionsClimb() bool {
	var counts []int
	for _, one := range s.warm() {
		counts = append(counts, one.connections)
	}
	return climbs(counts)
}

// table prints how each service went.
func (s *soak) table() {
	samples := s.warm()
	fmt.Fprintf(s.Output, "\nafter the warm-up: %d samples; 95 %% of chance lie within ±\n", len(samples))
	table := tabwriter.NewWriter(s.Output, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "service\tRSS first MB\tlast\t%/h\t±\theap first MB\tlast\t%/h\t±\tgoroutines first\tlast\tverdict")
	for _, name := range stack.ServiceNames {
		c := courseOf(name, samples)
		verdict := c.resident.String()
		if c.climbs {
			verdict += ", GOROUTINES GROW"
		}
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\t%d\t%s\n", name, c.first.resident/mebibyte, c.last.resident/mebibyte,
			c.resident.slope, c.resident.margin, c.first.heap/mebibyte, c.last.heap/mebibyte, c.heap.slope, c.heap.margin, c.first.goroutines, c.last.goroutines, verdict)
	}
	_ = table.Flush()
	if len(samples) > 0 {
		fmt.Fprintf(s.Output, "connections to Postgres: first %d, last %d\n", samples[0].connections, samples[len(samples)-1].connections)
	}
	fmt.Fprintf(s.Output, "%d purchases, %d faults, slowest rest %.1f s, seed %d, %s\n", s.purchases, s.faults, s.slowest.Seconds(), s.Seed, time.Since(s.began).Round(time.Second))
}

// verdict is an error when memory, goroutines or connections grow beyond chance. What the run was too short to tell is no error, and
// is named in the table.
func (s *soak) verdict() error {
	var problems error
	for _, name := range stack.ServiceNames {
		c := courseOf(name, s.warm())
		if c.resident.grows() {
			problems = errors.Join(problems, fmt.Errorf("the memory of %s grows by %.1f ± %.1f %% an hour", name, c.resident.slope, c.resident.margin))
		}
		if c.climbs {
			problems = errors.Join(problems, fmt.Errorf("the goroutines of %s grow from %d to %d", name, c.first.goroutines, c.last.goroutines))
		}
	}
	if s.connectionsClimb() {
		problems = errors.Join(problems, errors.New("the connections to Postgres grow"))
	}
	return problems
}
