package service

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// migrate brings the schema of the service to the version its binary needs. A signal ends it between two statements.
func (c command[C]) migrate() int {
	_, common, err := c.load()
	if err != nil {
		return c.fail(err)
	}
	if c.program.Migrations == nil {
		return c.fail(errors.New("this program has no database"))
	}
	if err := checkDatabaseURL(common.OwnerDatabaseURL); err != nil {
		return c.fail(fmt.Errorf("OWNER_DATABASE_URL: %w", err))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	log := telemetry.NewLogger(c.out, zap.NewAtomicLevelAt(zapcore.InfoLevel), c.program.Name, common.Version)
	if err := migrateSchema(ctx, log, migrate.Config{OwnerURL: common.OwnerDatabaseURL, Schema: c.program.Name, Files: c.program.Migrations}); err != nil {
		return c.fail(err)
	}
	return exitOK
}

// migrateSchema brings the job queue's tables up to date first: the version that serve looks at is that of the service's
// own migrations, so it is the last to move.
func migrateSchema(ctx context.Context, log *zap.Logger, cfg migrate.Config) error {
	if err := job.Migrate(ctx, cfg.OwnerURL, cfg.Schema); err != nil {
		return err
	}
	applied, err := migrate.Up(ctx, cfg)
	for _, one := range applied {
		log.Info("migrated", zap.Int64("version", one.Version), zap.String("file", one.Name), zap.Duration("took", one.Took))
	}
	if err != nil {
		return err
	}
	log.Info("schema is up to date", zap.Int("applied", len(applied)))
	return nil
}
