package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
)

// restoration is one way to restore.
type restoration struct {
	name, what string
	// to is the point in time; zero is the end of the archive.
	to      time.Time
	witness *witness
	// began is when there was no shop any more; zero when that is for the restoration to bring about.
	began time.Time
}

// since is the time before which no promise may be missing. At the end of the archive that is the last one that it was seen to have.
func (r restoration) since(l *lost) time.Time {
	if r.to.IsZero() {
		return l.archived
	}
	return r.to
}

// recover restores the database, starts the shop on it, judges it, and lets people buy again.
func (s *scene) recover(ctx context.Context, r restoration) (Result, error) {
	result := Result{What: r.what}
	if r.began.IsZero() {
		r.began = time.Now()
	}
	if err := result.timed("shut the services", func() error { s.shut(); return nil }); err != nil {
		return result, err
	}
	if !r.to.IsZero() { // the server that was lost before is there again
		if err := s.server.stop(ctx); err != nil {
			return result, err
		}
	}
	took, err := s.server.restore(ctx, r.name, r.to)
	if err != nil {
		return result, err
	}
	result.step("copy the base backup", took.copied)
	result.step("play the log back", took.replayed)
	remembered, err := s.numbers(ctx)
	if err != nil {
		return result, err
	}
	result.Numbers, result.reached = without(s.before.numbers, remembered), stagePlayed
	if err := s.judged(ctx, r, &result); err != nil {
		return result, err
	}
	return result, s.trade(ctx, r, &result)
}

// judged starts the shop for nobody yet, and looks at its books and at the provider's.
func (s *scene) judged(ctx context.Context, r restoration, result *Result) error {
	if !s.KeepNumbers {
		if err := s.server.exec(ctx, s.server.schema("cart"), query("advance_numbers")); err != nil {
			return fmt.Errorf("leave out order numbers: %w", err)
		}
	}
	if err := result.timed("see what the provider has", func() error { return s.note(ctx) }); err != nil {
		return err
	}
	if err := result.timed("start the services", func() error { return s.serve(ctx) }); err != nil {
		return err
	}
	var books forgot
	err := result.timed("audit", func() (err error) {
		books, err = s.books(ctx, s.before.file, r.since(s.before))
		return err
	})
	if err != nil {
		return err
	}
	var gone map[string]movement
	err = result.timed("reconcile", func() (err error) {
		gone, _, err = s.reconcile(ctx)
		return err
	})
	if err != nil {
		return err
	}
	result.Promises, result.Missing, result.Orders = s.before.promises, len(books.promises), purchases(books.promises)
	if oldest := books.oldest(); !oldest.IsZero() {
		result.Lost = s.before.crash.Sub(oldest)
	}
	result.Movements = len(gone)
	result.Captures, result.Minor = captured(gone)
	result.reached = stageJudged
	return errors.Join(s.agree(gone, books), s.list(r, gone, books))
}

// agree wants the auditor to have found what reconciliation has, by other code and from another source: the provider's log.
func (s *scene) agree(gone map[string]movement, books forgot) error {
	var wrong []error
	for key, m := range gone {
		if !books.operations[key] {
			wrong = append(wrong, fmt.Errorf("%w: the auditor does not find the %s for order %s (operation %s)", ErrWrong, m.Kind, m.Order, key))
		}
	}
	if len(gone) == 0 || len(books.promises) == 0 {
		wrong = append(wrong, errors.New("nothing was forgotten: the run proves nothing"))
	}
	return errors.Join(wrong...)
}

// forgottenFile is where it is written down what a restore forgot.
func forgottenFile(restoration string) string { return "forgotten-" + restoration + ".jsonl" }

// list writes down what was forgotten: movements of money and promises, one JSON object a line.
func (s *scene) list(r restoration, gone map[string]movement, books forgot) error {
	file, err := os.Create(filepath.Join(s.Dir, forgottenFile(r.name)))
	if err != nil {
		return err
	}
	lines := json.NewEncoder(file)
	for _, m := range gone {
		err = errors.Join(err, lines.Encode(m))
	}
	for promise, at := range books.promises {
		err = errors.Join(err, lines.Encode(map[string]any{"promise": promise, "at": at}))
	}
	return errors.Join(err, file.Close())
}

// trade opens the shop: old calls come again, a forgotten order is paid, a crowd buys, and the books are looked at once more.
func (s *scene) trade(ctx context.Context, r restoration, result *Result) error {
	path := filepath.Join(s.Dir, "promised-"+r.name+".jsonl")
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	ledger, err := load.OpenLedger(path)
	if err != nil {
		return err
	}
	began := time.Now()
	crowd := load.NewCrowd(s.stalls, ledger, s.Seed+1)
	crowd.Pace(pace)
	crowd.Start(ctx, buyers, nil)
	err = until(ctx, moreTime, "the first purchase", func() error { return bought(path) })
	result.step("first purchase", time.Since(began))
	result.Took = time.Since(r.began)
	if err == nil {
		result.reached = stageBought
		err = errors.Join(s.again(ctx, r.witness), s.reship(ctx, crowd, r.witness), s.pay(ctx, r.witness), more(ctx, crowd))
	}
	crowd.Stop()
	crowd.Wait()
	given, problem := times(path)
	result.Bought, err = purchases(given), errors.Join(err, problem)
	for _, wrong := range crowd.Wrong() {
		err = errors.Join(err, fmt.Errorf("%w: %s", ErrWrong, wrong))
	}
	if err := errors.Join(err, ledger.Close()); err != nil {
		return err
	}
	return s.afterwards(ctx, r, path, result)
}

// bought says, by a log of promises, whether nobody was told yet that an order is placed. A purchase can also end without one: cards are
// declined.
func bought(promised string) error {
	given, err := times(promised)
	if err == nil && purchases(given) == 0 {
		err = errors.New("nobody has bought")
	}
	return err
}

// afterwards looks at a shop in which people have bought again.
func (s *scene) afterwards(ctx context.Context, r restoration, promised string, result *Result) error {
	var err error
	if result.Parked, err = s.parked(ctx, r.witness); err != nil {
		return err
	}
	now, err := s.numbers(ctx)
	if err != nil {
		return err
	}
	numbers := twice(s.before.numbers, now)
	result.Again, result.reached = len(numbers), stageLooked
	if len(numbers) > 0 {
		return fmt.Errorf("%w: %d order numbers were given twice, %v", ErrWrong, len(numbers), numbers[:min(3, len(numbers))])
	}
	if _, err := s.books(ctx, promised, time.Now()); err != nil { // of what was said after the restore nothing may be missing
		return err
	}
	if err := result.bounds(r, s.Timeout); err != nil {
		return err
	}
	result.reached = stageWhole
	return nil
}
