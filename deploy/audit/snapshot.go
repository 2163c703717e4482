package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// keptViolations bounds what is remembered of one part; more are only counted.
const keptViolations = 50_000

// answer is what one part found.
type answer struct {
	checked    int64
	violations int64
	first      []Violation
	classes    map[string]int64
	notes      []string
	took       time.Duration
}

func (a *answer) add(v Violation) {
	a.violations++
	if len(a.first) < keptViolations {
		a.first = append(a.first, v)
	}
}

// snapshot is one state of the database that several connections read at once.
type snapshot struct {
	sessions []*session
	// at is its time by the database's clock.
	at time.Time
}

// session is one connection that reads a snapshot.
type session struct {
	ctx    context.Context
	tx     pgx.Tx
	at     time.Time
	counts *counts
}

// counts remembers how many rows there are, because many parts look at the same ones.
type counts struct {
	mu    sync.Mutex
	known map[string]int64
}

// openSnapshot connects and takes one snapshot for all connections. Whoever opened it closes it.
func openSnapshot(ctx context.Context, url string, connections int) (_ *snapshot, err error) {
	s := &snapshot{}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	shared := &counts{known: map[string]int64{}}
	name := ""
	for range max(1, connections) {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("connect to the database: %w", err)
		}
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("begin to read: %w", err), conn.Close(ctx))
		}
		one := &session{ctx: ctx, tx: tx, counts: shared}
		s.sessions = append(s.sessions, one)
		if name == "" {
			if err := tx.QueryRow(ctx, ask("snapshot")).Scan(&name, &s.at); err != nil {
				return nil, fmt.Errorf("take a snapshot: %w", err)
			}
		} else if _, err := tx.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+name+"'"); err != nil { // the server made the name
			return nil, fmt.Errorf("share the snapshot: %w", err)
		}
		one.at = s.at
		// Few large scans run at once and nobody waits for the first row.
		for _, setting := range []string{"work_mem = '192MB'", "hash_mem_multiplier = 4", "jit = off", "max_parallel_workers_per_gather = 0"} {
			if _, err := tx.Exec(ctx, "SET LOCAL "+setting); err != nil {
				return nil, fmt.Errorf("set %s: %w", setting, err)
			}
		}
	}
	return s, nil
}

func (s *snapshot) close(ctx context.Context) {
	for _, one := range s.sessions {
		_ = one.tx.Conn().Close(context.WithoutCancel(ctx))
	}
}

// work is what one connection does in one go: the parts of a pass, or a part alone. parts are places in the list of all.
type work struct {
	pass  string
	parts []int
}

// works divides parts, those of passes first because they take long.
func works(parts []part) []work {
	var list, alone []work
	place := map[string]int{}
	for i, p := range parts {
		if p.notRun != "" {
			continue
		}
		if p.pass == "" {
			alone = append(alone, work{parts: []int{i}})
			continue
		}
		at, known := place[p.pass]
		if !known {
			at = len(list)
			place[p.pass] = at
			list = append(list, work{pass: p.pass})
		}
		list[at].parts = append(list[at].parts, i)
	}
	return append(list, alone...)
}

// ask asks all parts, as many at once as there are connections.
func (s *snapshot) ask(parts []part) ([]answer, error) {
	answers := make([]answer, len(parts))
	failures := make([]error, len(s.sessions))
	all := works(parts)
	next := make(chan work, len(all))
	for _, w := range all {
		next <- w
	}
	close(next)
	var done sync.WaitGroup
	for n, one := range s.sessions {
		done.Go(func() {
			for w := range next {
				if failures[n] = one.do(w, parts, answers); failures[n] != nil {
					return
				}
			}
		})
	}
	done.Wait()
	return answers, errors.Join(failures...)
}

// do asks the parts of a work. The parts of a pass take their time together.
func (s *session) do(w work, parts []part, answers []answer) error {
	first := parts[w.parts[0]]
	began := time.Now()
	var err error
	if w.pass != "" {
		err = s.answerPass(w, parts, answers)
	} else {
		answers[w.parts[0]], err = s.answer(first)
	}
	if err != nil {
		return fmt.Errorf("%s, %s: %w", first.invariant, cmp.Or(w.pass, first.name), err)
	}
	for _, i := range w.parts {
		answers[i].took = time.Since(began)
	}
	return nil
}

func (s *session) answer(p part) (answer, error) {
	if p.run != nil {
		return p.run(s)
	}
	found := answer{}
	promised, err := s.promised(p.unique, &found)
	if err != nil {
		return found, err
	}
	if !promised {
		rows, err := s.tx.Query(s.ctx, p.sql, pgx.QueryExecModeExec)
		if err != nil {
			return found, err
		}
		var v Violation
		if _, err := pgx.ForEachRow(rows, []any{&v.ID, &v.What}, func() error { found.add(v); return nil }); err != nil {
			return found, err
		}
	}
	found.checked, err = s.count(p.checked)
	return found, err
}

// promised tells whether the database keeps all promises, so that nothing has to be looked for. One that it does not keep is itself a
// violation: it is what stands in the way of the next one.
func (s *session) promised(list []promise, found *answer) (bool, error) {
	kept := len(list) > 0
	for _, p := range list {
		var there bool
		if err := s.tx.QueryRow(s.ctx, ask("unique"), pgx.QueryExecModeExec, p.table, p.columns, p.where).Scan(&there); err != nil {
			return false, fmt.Errorf("look for the index on %s: %w", p, err)
		}
		if !there {
			kept = false
			found.add(Violation{ID: p.String(), What: "no valid unique index keeps these from being there twice"})
		}
	}
	return kept, nil
}

func (s *session) answerPass(w work, parts []part, answers []answer) error {
	asked := make([]part, len(w.parts))
	for n, i := range w.parts {
		asked[n] = parts[i]
	}
	rows, err := s.tx.Query(s.ctx, together(w.pass, asked), pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	var n int
	var v Violation
	if _, err := pgx.ForEachRow(rows, []any{&n, &v.ID, &v.What}, func() error { answers[w.parts[n]].add(v); return nil }); err != nil {
		return err
	}
	for n, i := range w.parts {
		if answers[i].checked, err = s.count(asked[n].checked); err != nil {
			return err
		}
	}
	return nil
}

// count is how many rows there are of what stands after FROM. Each is counted once.
func (s *session) count(of string) (int64, error) {
	s.counts.mu.Lock()
	n, known := s.counts.known[of]
	s.counts.mu.Unlock()
	if known {
		return n, nil
	}
	if err := s.tx.QueryRow(s.ctx, strings.ReplaceAll(ask("count"), "{checked}", of)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", of, err)
	}
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	s.counts.known[of] = n
	return n, nil
}
