package restore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// restTime is how long a shop may take to end what it was about when it was lost. Jobs of a process that is gone are taken up again
// after a minute.
const restTime = 4 * time.Minute

// Kinds of what an audit finds in a shop that has forgotten something.
const (
	theirs = "I13" // every operation is the same on both sides
	told   = "I22" // what was acknowledged is there
	// never begins what the auditor says of money that the books know nothing of.
	never = audit.TheirsOnly + ": the provider has a "
	// released begins what it says of a void that our books have as done and that found nothing to release at the provider.
	released = audit.OursOnly + ": void of order "
	// differences is its question about what reconciliation found, which is judged by itself: see unexplained.
	differences = "no difference that our own comparisons found is open"
	// absent is what it says of a promise that is not there.
	absent = "was acknowledged and is not there"
)

// forgot is what an audit found that a restored shop may have forgotten.
type forgot struct {
	operations map[string]bool      // at the provider, by our id
	promises   map[string]time.Time // by kind and id, with the time at which they were given
}

// books audits the shop until nothing is wrong but what was forgotten, and returns that. promised is a log of promises, of which none
// may be missing that was given before since.
func (s *scene) books(ctx context.Context, promised string, since time.Time) (forgot, error) {
	var found forgot
	given, err := times(promised)
	if err != nil {
		return found, err
	}
	err = until(ctx, restTime, "the books are right", func() error {
		url, err := s.shop.AuditorURL()
		if err != nil {
			return err
		}
		logs, err := s.shop.Logs()
		if err != nil {
			return err
		}
		report, err := audit.Run(ctx, audit.Options{Database: url, Provider: s.shop.SandboxURL(), Acknowledged: promised, Logs: logs, QuietShop: true})
		if err != nil {
			return err
		}
		gone, err := s.unknown(ctx)
		if err != nil {
			return err
		}
		found, err = explain(report, given, since, gone, s.there)
		return err
	})
	return found, err
}

// explain sorts what an audit found into what a restored shop may have forgotten and what must not be. gone are the movements at the
// provider of which the books know nothing, there is all that the provider had, by our id, before the restored shop began.
func explain(report *audit.Report, given map[string]time.Time, since time.Time, gone map[string]movement, there map[string]bool) (forgot, error) {
	f := forgot{operations: map[string]bool{}, promises: map[string]time.Time{}}
	var wrong []error
	for _, result := range report.Results {
		for _, part := range result.Parts {
			if result.Invariant == theirs && part.Name == differences {
				continue
			}
			for _, v := range part.First {
				at, known := given[v.ID]
				switch {
				case result.Invariant == theirs && strings.HasPrefix(v.What, never) && there[v.ID]:
					f.operations[v.ID] = true
				case result.Invariant == theirs && repeated(v.What, gone):
				case result.Invariant == told && v.What == absent && known && at.After(since):
					f.promises[v.ID] = at
				default:
					wrong = append(wrong, fmt.Errorf("%w: %s, %s: %s %s", ErrWrong, result.Invariant, part.Name, v.ID, v.What))
				}
			}
			if part.Violations > int64(len(part.First)) {
				wrong = append(wrong, fmt.Errorf("%w: %s, %s: %d violations are too many to look at", ErrWrong, result.Invariant, part.Name, part.Violations))
			}
		}
	}
	return f, errors.Join(wrong...)
}

// repeated tells whether the auditor speaks of a void for which there was nothing left to release, because the provider had released or
// captured the money when it was asked by the lost shop.
func repeated(what string, gone map[string]movement) bool {
	rest, void := strings.CutPrefix(what, released)
	order, _, _ := strings.Cut(rest, ":")
	for _, m := range gone {
		if void && m.Order == order && (m.Kind == "void" || m.Kind == "capture") {
			return true
		}
	}
	return false
}

// oldest is the oldest promise that was forgotten, zero when there is none.
func (f forgot) oldest() (first time.Time) {
	for _, at := range f.promises {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// purchases counts the orders among promises.
func purchases(promises map[string]time.Time) (n int) {
	for promise := range promises {
		if strings.HasPrefix(promise, "order ") {
			n++
		}
	}
	return n
}

// times reads when the promises of a log were given, by kind and id as the auditor names them.
func times(path string) (map[string]time.Time, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	given := map[string]time.Time{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var a audit.Acknowledged
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		given[a.Kind+" "+a.ID] = a.At
	}
	return given, lines.Err()
}

// twice are the numbers that belonged to an order and belong to another one now.
func twice(before, now map[string]string) (numbers []string) {
	for number, order := range now {
		if old, known := before[number]; known && old != order {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// without counts the numbers that belonged to an order and belong to none now.
func without(before, now map[string]string) (n int) {
	for number := range before {
		if _, known := now[number]; !known {
			n++
		}
	}
	return n
}
