package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
)

const (
	schemaPoll    = time.Second
	schemaTimeout = 2 * time.Second
)

var errSchemaUnasked = errors.New("the database has not been asked for its schema version yet")

// schema compares the version of the schema with the one the binary needs. Versions only grow, so once it is good it
// stays good and the database is not asked again: readiness does not follow the database up and down.
type schema struct {
	need int64
	good chan struct{} // closed when the version is known to be new enough

	mu      sync.Mutex
	problem error
}

func newSchema(need int64) *schema {
	return &schema{need: need, good: make(chan struct{}), problem: errSchemaUnasked}
}

// noSchema is for a program without a database.
func noSchema() *schema {
	s := &schema{good: make(chan struct{})}
	close(s.good)
	return s
}

// ready is nil when the schema is new enough or the database cannot be asked.
func (s *schema) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

func (s *schema) watch(ctx context.Context, db *postgres.DB, log *zap.Logger) {
	ticker := time.NewTicker(schemaPoll)
	defer ticker.Stop()
	last := ""
	for {
		known, problem := s.look(ctx, db)
		if known && problem == nil {
			log.Info("schema is good", zap.Int64("needed", s.need))
			s.set(nil)
			close(s.good)
			return
		}
		if problem.Error() != last && ctx.Err() == nil {
			last = problem.Error()
			log.Warn("schema is not known to be good", zap.Error(problem))
		}
		if !known {
			problem = nil
		}
		s.set(problem)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// look returns whether the schema's version could be read, and what is wrong.
func (s *schema) look(ctx context.Context, db *postgres.DB) (known bool, problem error) {
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	current, err := migrate.Current(ctx, db)
	if err != nil {
		return false, err
	}
	if current < s.need {
		return true, fmt.Errorf("the schema is at version %d and this binary needs %d: run migrate", current, s.need)
	}
	return true, nil
}

func (s *schema) set(problem error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = problem
}
