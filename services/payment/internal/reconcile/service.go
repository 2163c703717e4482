package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

const (
	slice      = 10 * time.Minute // how much time is in memory at once
	pageSize   = 1000
	queryLimit = 500 // how many single movements one slice or one look back asks a provider for
	maxWindow  = 31 * 24 * time.Hour
)

// Service carries comparisons out.
type Service struct {
	store   Store
	sources []Source
	clock   clock.Clock
	log     *zap.Logger
}

// NewService makes the service.
func NewService(store Store, sources []Source, clk clock.Clock, log *zap.Logger) *Service {
	return &Service{store: store, sources: sources, clock: clk, log: log}
}

// Request asks for a comparison.
type Request struct {
	// RequestID is the idempotency key; empty for jobs.
	RequestID string
	// Provider is whose books are compared.
	Provider string
	// From and Until are the time to compare; Until is not included.
	From  time.Time
	Until time.Time
}

// Run compares a time and keeps what it found. The same request again answers the same comparison.
func (s *Service) Run(ctx context.Context, r Request) (Run, error) {
	source, err := s.source(r.Provider)
	if err != nil {
		return Run{}, err
	}
	if !r.From.Before(r.Until) || r.Until.Sub(r.From) > maxWindow {
		return Run{}, ErrWindow.At("until", "The time must be more than nothing and at most 31 days.")
	}
	by := identity.From(ctx).Key()
	if known, found, err := s.known(ctx, by, r); err != nil || found {
		return known, err
	}
	run := Run{
		ID: id.New(), Provider: r.Provider, From: r.From, Until: r.Until, Found: map[Class]int64{}, Actor: by, RequestID: r.RequestID,
	}
	findings := map[string]Finding{}
	for from := r.From; from.Before(r.Until); from = from.Add(slice) {
		w := Window{From: from, Until: from.Add(slice)}
		if w.Until.After(r.Until) {
			w.Until = r.Until
		}
		result, err := s.compare(ctx, source, w)
		if err != nil {
			return Run{}, fmt.Errorf("reconcile %s from %s: %w", r.Provider, from.Format(time.RFC3339), err)
		}
		run.Matched += result.matchedIn(w)
		for _, f := range result.Findings {
			findings[string(f.Class)+" "+string(f.Kind)+" "+f.Key] = f
		}
	}
	all := make([]Finding, 0, len(findings))
	for _, f := range findings {
		f.ID, f.Provider = id.New(), r.Provider
		run.Found[f.Class]++
		all = append(all, f)
		s.report(f)
	}
	slices.SortFunc(all, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Class, b.Class)) })
	saved, err := s.store.SaveRun(ctx, &run, all)
	if err != nil {
		return Run{}, err
	}
	if !saved {
		known, _, err := s.known(ctx, by, r)
		return known, err
	}
	return run, s.lookBack(ctx, source, r.From)
}

// RunRecent compares the time before now with every provider.
func (s *Service) RunRecent(ctx context.Context, window time.Duration) error {
	now := s.clock.Now().Truncate(time.Microsecond)
	var failed []error
	for _, source := range s.sources {
		_, err := s.Run(ctx, Request{Provider: source.Name(), From: now.Add(-window), Until: now})
		failed = append(failed, err)
	}
	return errors.Join(append(failed, s.store.PurgeRuns(ctx))...)
}

// Standing counts what is open.
func (s *Service) Standing(ctx context.Context) (Standing, error) { return s.store.Standing(ctx) }

func (s *Service) source(name string) (Source, error) {
	for _, source := range s.sources {
		if source.Name() == name {
			return source, nil
		}
	}
	return nil, payment.ErrProvider.New("There is no provider %q.", name)
}

func (s *Service) known(ctx context.Context, by string, r Request) (Run, bool, error) {
	if r.RequestID == "" {
		return Run{}, false, nil
	}
	known, found, err := s.store.RunByRequest(ctx, by, r.RequestID)
	if err == nil && found && (known.Provider != r.Provider || !known.From.Equal(r.From) || !known.Until.Equal(r.Until)) {
		return Run{}, true, errs.IdempotencyKeyReused.New("The id was used for another comparison.")
	}
	return known, found, err
}

// compare takes one slice of time. What only one side has in it is looked for on the other side by its key, since the two
// clocks and the retries of a request put a movement into different slices.
func (s *Service) compare(ctx context.Context, source Source, w Window) (Result, error) {
	ours, err := s.ours(ctx, source.Name(), w)
	if err != nil {
		return Result{}, err
	}
	theirs, err := s.theirs(ctx, source, w)
	if err != nil {
		return Result{}, err
	}
	if ours, err = s.addOurs(ctx, source.Name(), ours, theirs); err != nil {
		return Result{}, err
	}
	if theirs, err = s.addTheirs(ctx, source, ours, theirs); err != nil {
		return Result{}, err
	}
	return Compare(ours, theirs, Terms{Now: s.clock.Now(), Lag: source.ReportLag()}), nil
}

// matchedIn counts the movements that agree and are ours of that time; the others count in the slice of ours.
func (r Result) matchedIn(w Window) (n int64) {
	for _, at := range r.Matched {
		if !at.Before(w.From) && at.Before(w.Until) {
			n++
		}
	}
	return n
}

func (s *Service) ours(ctx context.Context, provider string, w Window) ([]Movement, error) {
	var ours []Movement
	after := Cursor{}
	for {
		page, err := s.store.Movements(ctx, provider, w, after, pageSize)
		if err != nil {
			return nil, err
		}
		ours = append(ours, page...)
		if len(page) < pageSize {
			return ours, nil
		}
		after = Cursor{Time: page[len(page)-1].At, ID: page[len(page)-1].Key}
	}
}

func (s *Service) theirs(ctx context.Context, source Source, w Window) ([]Movement, error) {
	var theirs []Movement
	after := ""
	for {
		page, err := source.Report(ctx, w.From, w.Until, after)
		if err != nil {
			return nil, fmt.Errorf("read the provider's report: %w", err)
		}
		for _, r := range page.Rows {
			theirs = append(theirs, movementOf(r))
		}
		if after = page.Next; after == "" {
			return theirs, nil
		}
	}
}

func movementOf(r payment.Reported) Movement {
	return Movement{
		Key: r.Key, Reference: r.Reference, OrderID: r.OrderID, Kind: r.Kind, Status: r.Status, Amount: r.Amount, Currency: r.Currency,
		At: r.At, ChangedAt: r.At,
	}
}

// addOurs reads our side of what only the provider has in the slice.
func (s *Service) addOurs(ctx context.Context, provider string, ours, theirs []Movement) ([]Movement, error) {
	have := map[string]bool{}
	for _, m := range ours {
		have[m.Key] = true
	}
	var missing []string
	for _, m := range theirs {
		if !have[m.Key] {
			have[m.Key], missing = true, append(missing, m.Key)
		}
	}
	for len(missing) > 0 {
		n := min(len(missing), pageSize)
		found, err := s.store.MovementsByKey(ctx, provider, missing[:n])
		if err != nil {
			return nil, err
		}
		ours, missing = append(ours, found...), missing[n:]
	}
	return ours, nil
}

// addTheirs asks the provider about what only we have in the slice. So many that they cannot all be asked for are findings
// as they are.
func (s *Service) addTheirs(ctx context.Context, source Source, ours, theirs []Movement) ([]Movement, error) {
	have, asked := map[string]bool{}, 0
	for _, m := range theirs {
		have[m.Key] = true
	}
	for _, m := range ours {
		if have[m.Key] || m.Status != payment.OK || asked == queryLimit {
			continue
		}
		asked++
		found, ok, err := s.ask(ctx, source, m)
		if err != nil {
			return nil, err
		}
		if ok {
			theirs = append(theirs, found)
		}
	}
	return theirs, nil
}

func (s *Service) ask(ctx context.Context, source Source, m Movement) (Movement, bool, error) {
	out, err := source.Query(ctx, m.Key)
	if errors.Is(err, payment.ErrNoOperation) {
		return Movement{}, false, nil
	}
	if err != nil {
		return Movement{}, false, fmt.Errorf("ask the provider: %w", err)
	}
	return Movement{
		Key: m.Key, Reference: out.Reference, OrderID: out.OrderID, Kind: m.Kind, Status: out.Status, Amount: out.Amount,
		Currency: out.Currency, At: m.At, ChangedAt: m.At,
	}, true, nil
}

// lookBack judges again what was found before the window and is open: what came right meanwhile is closed, and what had time
// to come right and did not is named for what it is. A duplicate does not come right by itself.
func (s *Service) lookBack(ctx context.Context, source Source, before time.Time) error {
	open, err := s.store.OpenBefore(ctx, source.Name(), before, queryLimit)
	if err != nil {
		return err
	}
	var closed []string
	var stand []Finding
	for _, f := range open {
		if f.Class == Duplicate {
			continue
		}
		again, err := s.judge(ctx, source, f)
		if err != nil {
			return err
		}
		if again == nil || again.Class != f.Class {
			closed = append(closed, f.ID)
		}
		if again != nil {
			stand = append(stand, *again)
		}
	}
	if len(closed) == 0 && len(stand) == 0 {
		return nil
	}
	return s.store.Tx(ctx, func(ctx context.Context) error {
		if err := s.store.CloseFindings(ctx, closed); err != nil {
			return err
		}
		return s.store.SaveFindings(ctx, stand)
	})
}

func (s *Service) judge(ctx context.Context, source Source, f Finding) (*Finding, error) {
	ours, err := s.store.MovementsByKey(ctx, source.Name(), []string{f.Key})
	if err != nil {
		return nil, err
	}
	var theirs []Movement
	found, ok, err := s.ask(ctx, source, Movement{Key: f.Key, Kind: f.Kind, At: f.MovedAt})
	if err != nil {
		return nil, err
	}
	if ok {
		theirs = append(theirs, found)
	}
	result := Compare(ours, theirs, Terms{Now: s.clock.Now(), Lag: source.ReportLag()})
	if len(result.Findings) == 0 {
		return nil, nil
	}
	again := result.Findings[0]
	again.ID, again.Provider, again.MovedAt = id.New(), source.Name(), f.MovedAt
	return &again, nil
}

func (s *Service) report(f Finding) {
	if f.Class == Timing {
		return
	}
	s.log.Error("our books and the provider's do not agree", zap.String("provider", f.Provider), zap.String("class", string(f.Class)),
		zap.String("kind", string(f.Kind)), zap.String("operation", f.Key), zap.String("order", f.OrderID),
		zap.Int64("ours", f.OurAmount), zap.Int64("theirs", f.TheirAmount))
}
