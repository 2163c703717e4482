package audit

import (
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

// ask asks all parts, as many at once as there are connections, in their order.
func (s *snapshot) ask(parts []part) ([]answer, error) {
	answers := make([]answer, len(parts))
	failures := make([]error, len(s.sessions))
	next := make(chan int, len(parts))
	for i := range parts {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	for n, one := range s.sessions {
		all.Go(func() {
			for i := range next {
				if parts[i].notRun != "" {
					continue
				}
				began := time.Now()
				found, err := one.answer(parts[i])
				if err != nil {
					failures[n] = fmt.Errorf("%s, %s: %w", parts[i].invariant, parts[i].name, err)
					return
				}
				found.took = time.Since(began)
				answers[i] = found
			}
		})
	}
	all.Wait()
	return answers, errors.Join(failures...)
}

func (s *session) answer(p part) (answer, error) {
	if p.run != nil {
		return p.run(s)
	}
	found := answer{}
	rows, err := s.tx.Query(s.ctx, p.sql, pgx.QueryExecModeExec)
	if err != nil {
		return found, err
	}
	var v Violation
	if _, err := pgx.ForEachRow(rows, []any{&v.ID, &v.What}, func() error { found.add(v); return nil }); err != nil {
		return found, err
	}
	found.checked, err = s.count(p.checked)
	return found, err
}

// count is how many rows there are of what stands after FROM.
func (s *session) count(of string) (int64, error) {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	if n, known := s.counts.known[of]; known {
		return n, nil
	}
	var n int64
	if err := s.tx.QueryRow(s.ctx, strings.ReplaceAll(ask("count"), "{checked}", of)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", of, err)
	}
	s.counts.known[of] = n
	return n, nil
}
