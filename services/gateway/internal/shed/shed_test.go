package shed_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/shed"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

const method = "/shop.v1.Pages/Get"

var start = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

func gate(t *testing.T, cfg shed.Config) (*shed.Gate, *prometheus.Registry) {
	t.Helper()
	metrics := prometheus.NewRegistry()
	cfg.Metrics, cfg.Processors = metrics, 2
	if cfg.Clock == nil {
		cfg.Clock = clock.System()
	}
	g, err := shed.New(cfg)
	require.NoError(t, err)
	return g, metrics
}

// fill lets requests in until one is refused.
func fill(t *testing.T, g *shed.Gate, class shed.Class) (passes []shed.Pass) {
	t.Helper()
	for {
		pass, err := g.Enter(t.Context(), class, method)
		if err != nil {
			require.Equal(t, "OVERLOADED", errs.ReasonOf(err))
			require.Positive(t, errs.RetryAfterOf(err))
			return passes
		}
		passes = append(passes, pass)
	}
}

func leave(passes []shed.Pass) {
	for _, pass := range passes {
		pass.Leave(nil)
	}
}

// Buyers who are paying are turned away for people who look around when this goes red.
func TestBrowsingIsRefusedFirst(t *testing.T) {
	t.Parallel()
	g, metrics := gate(t, shed.Config{Most: 100, Floor: 100})
	pages := fill(t, g, shed.Browse)
	require.Len(t, pages, 80)
	carts, office, checkouts, notices := fill(t, g, shed.Normal), fill(t, g, shed.Office), fill(t, g, shed.Checkout), fill(t, g, shed.Notice)
	require.Len(t, carts, 10)
	require.Len(t, office, 5)
	require.Len(t, checkouts, 3)
	require.Len(t, notices, 2)
	for _, passes := range [][]shed.Pass{pages, carts, office, checkouts, notices} {
		leave(passes)
	}
	pages = fill(t, g, shed.Browse)
	require.Len(t, pages, 80, "what left makes room")
	count, err := testutil.GatherAndCount(metrics, "gateway_shed_total", "gateway_work_in_progress", "gateway_work_limit", "gateway_queue_seconds")
	require.NoError(t, err)
	require.Equal(t, 9, count)
}

// Even the smallest gate lets one request of each class in.
func TestASmallGateServesEveryClass(t *testing.T) {
	t.Parallel()
	g, _ := gate(t, shed.Config{Most: 1})
	for _, class := range []shed.Class{shed.Browse, shed.Normal, shed.Office, shed.Checkout, shed.Notice} {
		passes := fill(t, g, class)
		require.Len(t, passes, 1)
		leave(passes)
	}
}

// Refusals must not leak room: after a storm, of which many waited, the process takes as much as before.
func TestNoRoomIsLostInAStorm(t *testing.T) {
	t.Parallel()
	g, metrics := gate(t, shed.Config{Most: 1000, Floor: 10})
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%3 == 0 {
					cancel() // gives up in line
				}
				if pass, err := g.Enter(ctx, shed.Class(n%2), method); err == nil {
					pass.Leave(nil)
				}
				cancel()
			}
		})
	}
	group.Wait()
	require.Zero(t, working(t, metrics))
	require.Len(t, fillAtOnce(t, g, shed.Normal), int(gauge(t, metrics, "gateway_work_limit")))
}

// rest is what a gate of two processors lets in before it knows anything.
const rest = 64

// A burst that passes is served, not refused; a cart goes in before a page that came earlier.
func TestABurstWaitsAndCartsGoFirst(t *testing.T) {
	t.Parallel()
	g, metrics := gate(t, shed.Config{Most: 1000, Clock: clocktest.New(start)})
	require.Eventually(t, func() bool {
		inside := fillAtOnce(t, g, shed.Normal)
		require.Len(t, inside, rest)
		let := make(chan shed.Class, 2)
		var group sync.WaitGroup
		for n, class := range []shed.Class{shed.Browse, shed.Normal} {
			group.Go(func() {
				if pass, err := g.Enter(t.Context(), class, method); err == nil {
					let <- class
					pass.Leave(nil)
				}
			})
			comes := time.Now()
			for working(t, metrics) != float64(rest+1+n) && time.Since(comes) < time.Second {
				runtime.Gosched()
			}
		}
		leave(inside)
		group.Wait()
		close(let)
		return len(let) == 2 && <-let == shed.Normal // on a busy machine the page may have lost patience: once more
	}, 30*time.Second, time.Millisecond)
}

// In a line that stays and is long, another request is refused at once: its client learns sooner when to come back, and the
// process spends on it what it has for those who are served.
func TestALongLineThatStaysTakesNobodyMore(t *testing.T) {
	t.Parallel()
	now := clocktest.New(start)
	g, metrics := gate(t, shed.Config{Most: 1000, Clock: now})
	inside := fillAtOnce(t, g, shed.Normal)
	require.Len(t, inside, rest)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		defer func() { cancel(); group.Wait() }()
		for range rest {
			group.Go(func() {
				if pass, err := g.Enter(ctx, shed.Normal, method); err == nil {
					pass.Leave(nil)
				}
			})
		}
		comes := time.Now()
		for working(t, metrics) != 2*rest && time.Since(comes) < time.Second {
			runtime.Gosched()
		}
		now.Advance(time.Second)
		quickest := time.Hour
		for range 10 {
			asked := time.Now()
			_, err := g.Enter(t.Context(), shed.Normal, method)
			require.Error(t, err)
			quickest = min(quickest, time.Since(asked))
		}
		return quickest < 5*time.Millisecond // who waits, waits 20 ms
	}, 30*time.Second, time.Millisecond, "the line was never seen whole")
	leave(inside)
}

// While a crowd waits with its carts, staff can still stop a promotion or put more stock in.
func TestACrowdKeepsNobodyOutOfTheBackOffice(t *testing.T) {
	t.Parallel()
	g, _ := gate(t, shed.Config{Most: 1000, Clock: clocktest.New(start)})
	inside := fillAtOnce(t, g, shed.Normal)
	require.Len(t, inside, rest)
	staff := shed.ClassOf(&typev1.Policy{Audience: typev1.Audience_AUDIENCE_STAFF, Scope: "stock:write", Priority: typev1.Priority_PRIORITY_BROWSE})
	require.Equal(t, shed.Office, staff)
	require.Empty(t, fillAtOnce(t, g, shed.Normal))
	require.Len(t, fillAtOnce(t, g, staff), 950-rest, "up to its share of the whole")
}

// fillAtOnce lets in requests that do not wait.
func fillAtOnce(t *testing.T, g *shed.Gate, class shed.Class) (passes []shed.Pass) {
	t.Helper()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		pass, err := g.Enter(gone, class, method)
		if err != nil {
			return passes
		}
		passes = append(passes, pass)
	}
}

// working reads how many are inside or wait.
func working(t *testing.T, metrics *prometheus.Registry) float64 {
	t.Helper()
	return gauge(t, metrics, "gateway_work_in_progress")
}

func gauge(t *testing.T, metrics *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}

// behind are services that work on so many requests at once, each for as long, and let others queue.
type behind struct {
	atOnce  int
	service time.Duration
}

// serve is a rush on services behind the gate: it tells the limit that the gate finds when
// there are always more requests than it lets in.
func serve(t *testing.T, g *shed.Gate, now *clocktest.Fake, by behind, rounds int) int {
	t.Helper()
	inside := 0
	for range rounds {
		passes := fillAtOnce(t, g, shed.Normal)
		inside = len(passes)
		for i, pass := range passes {
			if i%by.atOnce == 0 {
				now.Advance(by.service)
			}
			pass.Leave(nil)
		}
	}
	return inside
}

// calm lets one request after the other through, as on a quiet morning.
func calm(t *testing.T, g *shed.Gate, now *clocktest.Fake, service time.Duration) {
	t.Helper()
	for range 200 {
		pass, err := g.Enter(t.Context(), shed.Normal, method)
		require.NoError(t, err)
		now.Advance(service)
		pass.Leave(nil)
	}
}

// Too much work at once makes everybody late: the gate must find what the services behind can do, whatever that is, and neither
// starve them nor let a queue grow.
func TestTheLimitFollowsWhatTheServicesCanDo(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []int{8, 16, 64} {
		now := clocktest.New(start)
		g, _ := gate(t, shed.Config{Most: 1024, Floor: 4, Clock: now})
		calm(t, g, now, 10*time.Millisecond)
		found := serve(t, g, now, behind{atOnce, 10 * time.Millisecond}, 400)
		require.GreaterOrEqual(t, found, atOnce, "with fewer the services are idle")
		require.LessOrEqual(t, found, 8*atOnce, "with more a queue grows")
		again := serve(t, g, now, behind{4 * atOnce, 10 * time.Millisecond}, 400)
		require.Greater(t, again, found, "services that became faster are used")
	}
}

// A payment provider that takes seconds is no load. Pages must not be refused for it.
func TestSlowCheckoutsTakeNoRoomFromPages(t *testing.T) {
	t.Parallel()
	now := clocktest.New(start)
	g, _ := gate(t, shed.Config{Most: 1024, Floor: 16, Clock: now})
	for range 500 {
		_, err := g.Enter(t.Context(), shed.Checkout, "/shop.v1.Till/Pay")
		require.NoError(t, err)
	}
	calm(t, g, now, 10*time.Millisecond)
	for range 40 {
		_, err := g.Enter(t.Context(), shed.Browse, method)
		require.NoError(t, err)
	}
}

// Refusals are quick: taken for quick answers they would make every good one look late.
func TestWhatFailsSaysNothingAboutTheLimit(t *testing.T) {
	t.Parallel()
	now := clocktest.New(start)
	g, _ := gate(t, shed.Config{Most: 1024, Floor: 16, Clock: now})
	calm(t, g, now, 10*time.Millisecond)
	for range 1000 {
		pass, err := g.Enter(t.Context(), shed.Normal, method)
		require.NoError(t, err)
		pass.Leave(errors.New("not found"))
	}
	require.GreaterOrEqual(t, serve(t, g, now, behind{64, 10 * time.Millisecond}, 50), 64)
}

// A request that makes a handler panic is no quick good answer: a few of them would make all others look late, and throttle the shop.
func TestAPanicSaysNothingAboutTheLimit(t *testing.T) {
	t.Parallel()
	now := clocktest.New(start)
	g, _ := gate(t, shed.Config{Most: 1024, Floor: 16, Clock: now})
	calm(t, g, now, 10*time.Millisecond)
	gated := g.Interceptor(policy.Table{})
	for range 100 {
		require.Panics(t, func() {
			_, _ = gated(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) { panic("broken") })
		})
	}
	require.GreaterOrEqual(t, serve(t, g, now, behind{64, 10 * time.Millisecond}, 50), 64)
}

// uneven is a crowd of forty who ask again as soon as they have an answer. Each request takes what it takes, with nothing queueing
// behind: times are log-normal, of that spread.
func uneven(t *testing.T, g *shed.Gate, now *clocktest.Fake, spread float64, answers int) {
	t.Helper()
	type running struct {
		pass shed.Pass
		ends time.Time
	}
	chance := rand.New(rand.NewPCG(uint64(spread*100), 1))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var inside []running
	for range answers {
		for len(inside) < 40 {
			pass, err := g.Enter(gone, shed.Normal, method)
			if err != nil {
				break
			}
			takes := time.Duration(float64(20*time.Millisecond) * math.Exp(spread*chance.NormFloat64()))
			inside = append(inside, running{pass, now.Now().Add(takes)})
		}
		slices.SortFunc(inside, func(a, b running) int { return a.ends.Compare(b.ends) })
		now.Set(inside[0].ends)
		inside[0].pass.Leave(nil)
		inside = inside[1:]
	}
}

// Pages differ: a list of two and one of a hundred are one method. A gate that takes the quickest for what is usual refuses people
// while everything behind it is idle.
func TestUnevenAnswersAreNoQueue(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{true, false} {
		for _, spread := range []float64{0.1, 0.4, 0.7, 1} {
			now := clocktest.New(start)
			g, metrics := gate(t, shed.Config{Most: 1024, Floor: 16, Clock: now})
			if quiet {
				calm(t, g, now, 20*time.Millisecond)
			}
			uneven(t, g, now, spread, 20_000)
			require.GreaterOrEqual(t, gauge(t, metrics, "gateway_work_limit"), 40.0, "spread %g, seen in calm: %v", spread, quiet)
		}
	}
}

// Services that have become slower for good are served as before after some minutes, and nobody has to restart the gateway.
func TestSlowerServicesBecomeUsual(t *testing.T) {
	t.Parallel()
	now := clocktest.New(start)
	g, _ := gate(t, shed.Config{Most: 1024, Floor: 4, Clock: now})
	calm(t, g, now, 10*time.Millisecond)
	require.Less(t, serve(t, g, now, behind{1000, 100 * time.Millisecond}, 60), 10, "taken for a queue at first")
	require.Greater(t, serve(t, g, now, behind{1000, 100 * time.Millisecond}, 3000), 40)
}
