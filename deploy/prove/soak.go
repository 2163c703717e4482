package prove

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/progress"
	"github.com/cartwright-shop/cartwright/deploy/prove/load"
)

// Soak says how long one shop is used and broken, and how hard.
type Soak struct {
	// Root is the folder of the repository, Dir where the shop and its data are.
	Root, Dir string
	// Seed decides who buys what and what goes wrong when; 0 draws one.
	Seed uint64
	// Length is how long the whole takes.
	Length time.Duration
	// Look is how long the shop is used between two looks at its books and its memory.
	Look time.Duration
	// Rate is how many purchases begin in a second at most, Buyers how many are under way at once at most.
	Rate   float64
	Buyers int
	// Output gets progress and the table.
	Output io.Writer
}

const (
	// warmUp is the part of the time in which memory is followed that is left out: caches and pools grow to their size in it.
	warmUp = 0.25
	// killing is the part at the end in which processes are killed too. Memory is not followed there, as a new process has its own.
	killing = 0.1
	// soakPatience is added to the time in which everything must come to rest, as for every fault past a deadline.
	soakPatience = 30 * time.Second
	// leastPause and mostPause are between the end of a fault and the next.
	leastPause, mostPause = 10 * time.Second, 20 * time.Second
)

// soak is one run.
type soak struct {
	Soak
	*rig
	dice      *rand.Rand
	began     time.Time
	bar       *progress.Bar
	drawn     time.Duration
	samples   []sample
	faults    int // that happened
	purchases int
	slowest   time.Duration // that everything took to come to rest
}

// Run uses and breaks a shop, and prints what it saw. The error tells that something is not as it must be.
func (p Soak) Run(ctx context.Context) error {
	drawn := &state{seed: p.Seed}
	drawn.draw()
	p.Seed = drawn.seed
	fmt.Fprintf(p.Output, "seed %d; once more: make soak MINUTES=%.0f SEED=%d\n", p.Seed, p.Length.Minutes(), p.Seed)
	bin := filepath.Join(p.Dir, "bin")
	if err := Build(ctx, p.Root, bin, p.Output); err != nil {
		return err
	}
	starting := laneJob{dir: filepath.Join(p.Dir, "shop"), bin: bin, starting: &sync.Mutex{}}
	r, err := starting.start(ctx, p.Root, 1)
	if err != nil {
		return fmt.Errorf("start a shop: %w", err)
	}
	s := &soak{
		Soak: p, rig: r, began: time.Now(), bar: progress.New(p.Output, "soak, in seconds", int(p.Length.Seconds())),
		dice: rand.New(rand.NewPCG(p.Seed, 2)), //nolint:gosec // the same seed lets the same go wrong
	}
	broken := s.run(ctx)
	s.table()
	if broken != nil {
		s.bar.Fail()
		return errors.Join(fmt.Errorf("%w (its shop: %s)", broken, r.dir), r.close(ctx))
	}
	s.bar.Done()
	return errors.Join(s.verdict(), r.close(ctx), r.remove())
}

// run uses the shop: first with faults that leave every process alive, at last with kills.
func (s *soak) run(ctx context.Context) error {
	followed := time.Duration(float64(s.Length) * (1 - killing))
	for time.Since(s.began) < followed {
		if err := s.leg(ctx, min(s.Look, followed-time.Since(s.began)), s.trouble); err != nil {
			return err
		}
		if err := s.sample(ctx); err != nil {
			return err
		}
		s.tell()
	}
	for time.Since(s.began) < s.Length {
		if err := s.leg(ctx, min(s.Look, s.Length-time.Since(s.began)), s.kill); err != nil {
			return err
		}
		s.tell()
	}
	return nil
}

// leg lets the crowd buy for a while, with one fault after the other, and then everything come to rest, and reads the books.
func (s *soak) leg(ctx context.Context, length time.Duration, strike func(context.Context, *stage) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st := &stage{rig: s.rig, cell: Cell{Name: "soak", Patience: soakPatience}, dice: s.dice, crowd: load.NewCrowd(s.market, s.ledger, s.dice.Uint64())}
	st.crowd.Pace(s.Rate)
	st.crowd.Start(ctx, s.Buyers, nil)
	err := s.storm(ctx, st, time.Now().Add(length), strike)
	st.crowd.Stop()
	st.over = time.Now()
	err = errors.Join(err, st.rest(ctx))
	s.slowest = max(s.slowest, time.Since(st.over))
	if err != nil {
		cancel() // who still waits, waits in vain
	}
	st.crowd.Wait()
	for _, wrong := range st.crowd.Wrong() {
		err = errors.Join(err, errors.New(wrong))
	}
	_, bought := st.crowd.Figures()
	s.purchases, s.faults = s.purchases+bought, s.faults+int(st.shots.Load())
	s.draw()
	if err != nil {
		return err
	}
	return s.lastAudit(ctx)
}

// storm lets one thing after the other go wrong until the end of a leg. It ends with a fault, so that each look tells how long the shop
// takes to come to rest after one.
func (s *soak) storm(ctx context.Context, st *stage, end time.Time, strike func(context.Context, *stage) error) error {
	for n := 1; ; n++ {
		pause := leastPause + time.Duration(s.dice.Int64N(int64(mostPause-leastPause)))
		if err := st.pass(ctx, pause); err != nil {
			return err
		}
		st.id = fmt.Sprintf("soak/%s/%d", time.Since(s.began).Round(time.Second), n)
		if err := strike(ctx, st); err != nil {
			return err
		}
		s.draw()
		if time.Now().After(end) {
			return nil
		}
	}
}

// draw moves the bar to the time that has gone by.
func (s *soak) draw() {
	gone := time.Since(s.began).Truncate(time.Second)
	s.bar.Add(int((gone - s.drawn).Seconds()))
	s.drawn = gone
}

// tell prints what a look has seen.
func (s *soak) tell() {
	fmt.Fprintf(s.Output, "%5.1f min: %d purchases, %d faults, slowest rest %.1f s, 0 violations%s\n",
		time.Since(s.began).Minutes(), s.purchases, s.faults, s.slowest.Seconds(), s.lastSample())
}
