package audit

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Role is the database role that audits connect as.
const Role = "auditor"

//go:embed role.sql
var roleSQL string

//go:embed ask/*.sql
var asked embed.FS

// ask is the text of one of the statements that are no checks.
func ask(name string) string {
	text, err := asked.ReadFile("ask/" + name + ".sql")
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(text)
}

// Provision makes the auditor's role in the database that adminURL names, with a password unless that is empty. The schemas of the
// services must be there; their tables may come later.
func Provision(ctx context.Context, adminURL, password string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("provision the auditor: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for tries := 1; ; tries++ {
		err := provision(ctx, conn, password)
		if err == nil {
			return nil
		}
		// A role is shared by all databases of a server. Whoever makes it for another one at the same time wins, and this is done again.
		var refused *pgconn.PgError
		if tries == provisionTries || !errors.As(err, &refused) || !strings.Contains(refused.Message, "tuple concurrently") && refused.Code != uniqueViolation {
			return fmt.Errorf("provision the auditor: %w", err)
		}
	}
}

const (
	provisionTries  = 20
	uniqueViolation = "23505"
)

func provision(ctx context.Context, conn *pgx.Conn, password string) error {
	if _, err := conn.PgConn().Exec(ctx, roleSQL).ReadAll(); err != nil {
		return err
	}
	if password == "" {
		return nil
	}
	var statement string
	if err := conn.QueryRow(ctx, ask("password"), Role, password).Scan(&statement); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, statement)
	return err
}
