package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// downTime is how long Postgres stays away.
	downTime = 5 * time.Second
	// recoverTime is how soon after Postgres accepts connections everything must work again.
	recoverTime = 10 * time.Second
	// afterwards is how long is looked on then.
	afterwards = 15 * time.Second
)

// killPostgres has Postgres die under load and come back. What was promised before is looked for by the audit.
func (p *Proof) killPostgres(ctx context.Context) (outcome, error) {
	told := outcome{mayFail: true}
	if err := p.need("POSTGRES_KILL", "POSTGRES_START"); err != nil {
		return told, err
	}
	before, err := p.kube.pods(ctx, "")
	if err != nil {
		return told, err
	}
	if err := p.hook(ctx, "POSTGRES_KILL"); err != nil {
		return told, err
	}
	if err := pause(ctx, downTime); err != nil {
		return told, err
	}
	if err := p.hook(ctx, "POSTGRES_START"); err != nil {
		return told, err
	}
	accepts, err := p.accepts(ctx)
	if err != nil {
		return told, err
	}
	if err := pause(ctx, recoverTime+afterwards); err != nil {
		return told, err
	}
	figures, err := p.figures(ctx)
	if err != nil {
		return told, err
	}
	last := time.Duration(0)
	for _, failure := range figures.Failures {
		last = max(last, failure.At.Sub(accepts))
	}
	told.note = fmt.Sprintf("the last failed request %.1f s after Postgres accepted connections", last.Seconds())
	if last > recoverTime {
		return told, fmt.Errorf("that is over %s", recoverTime)
	}
	return told, p.untouched(ctx, before)
}

// accepts waits until Postgres answers and returns when that was, by the companion's clock.
func (p *Proof) accepts(ctx context.Context) (time.Time, error) {
	admin := p.databaseURL(databaseName, "", "", true)
	err := waitFor(ctx, time.Minute, "Postgres accepts connections", func(ctx context.Context) (bool, error) {
		conn, err := pgx.Connect(ctx, admin)
		if err != nil {
			return false, err
		}
		return true, conn.Close(ctx)
	})
	if err != nil {
		return time.Time{}, err
	}
	figures, err := p.figures(ctx)
	return figures.Now, err
}

// untouched wants the same pods, ready, none of them started again.
func (p *Proof) untouched(ctx context.Context, before []pod) error {
	after, err := p.kube.pods(ctx, "")
	if err != nil {
		return err
	}
	now := map[string]pod{}
	for _, one := range after {
		now[one.Metadata.UID] = one
	}
	for _, old := range before {
		one, there := now[old.Metadata.UID]
		if !there || !one.ready() || one.restarts() != old.restarts() {
			return fmt.Errorf("pod %s was restarted or is not ready", old.Metadata.Name)
		}
	}
	return nil
}
