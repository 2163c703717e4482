// Package provision prepares a database for the services: for each one a role that owns its schema and migrates it, and a
// role that serves and can reach nothing but that schema's rows.
//
// Everything is idempotent and needs an administrator's connection, which no service has. Tables are the migrations' work.
package provision

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed database.sql
var databaseSQL string

//go:embed service.sql
var serviceSQL string

const attempts = 10

// Service is one service to prepare the database for.
type Service struct {
	// Name is the service's name; schema and roles are named after it.
	Name string
	// OwnerPassword is set for <name>_owner unless it is empty.
	OwnerPassword string
	// AppPassword is set for <name>_app unless it is empty.
	AppPassword string
}

// Owner is the role that owns the schema of a service and runs its migrations.
func Owner(service string) string { return service + "_owner" }

// App is the role that a service serves with.
func App(service string) string { return service + "_app" }

// Apply prepares the database that adminURL names: PUBLIC loses its rights, the extensions pg_trgm and unaccent and the
// function f_unaccent are put into the schema extensions, and every service gets its roles, schema and limits.
func Apply(ctx context.Context, adminURL string, services ...Service) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("provision: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := run(ctx, conn, databaseSQL); err != nil {
		return fmt.Errorf("provision database: %w", err)
	}
	for _, service := range services {
		if err := apply(ctx, conn, service); err != nil {
			return fmt.Errorf("provision %s: %w", service.Name, err)
		}
	}
	return nil
}

func apply(ctx context.Context, conn *pgx.Conn, service Service) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`).MatchString(service.Name) {
		return fmt.Errorf("%q cannot name a schema", service.Name)
	}
	if err := run(ctx, conn, strings.ReplaceAll(serviceSQL, "{service}", service.Name)); err != nil {
		return err
	}
	for role, password := range map[string]string{
		Owner(service.Name): service.OwnerPassword,
		App(service.Name):   service.AppPassword,
	} {
		if password == "" {
			continue
		}
		var statement string
		if err := conn.QueryRow(ctx, `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)`, role, password).Scan(&statement); err != nil {
			return err
		}
		if err := run(ctx, conn, statement); err != nil {
			return err
		}
	}
	return nil
}

// run executes a script in one implicit transaction, and again when another administrator did the same at the same time:
// catalogue rows are not queued for.
func run(ctx context.Context, conn *pgx.Conn, script string) error {
	for attempt := 1; ; attempt++ {
		_, err := conn.PgConn().Exec(ctx, script).ReadAll()
		if err == nil || attempt == attempts || !concurrent(err) {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt) * 20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func concurrent(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	switch pgErr.Code {
	case "42710", "42P06", "42723", "23505", "40P01", "40001": // exists meanwhile, or lost against somebody
		return true
	}
	return strings.Contains(pgErr.Message, "tuple concurrently")
}
