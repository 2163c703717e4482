// Package generate fills the schemas of a shop with orders that agree with each other in everything, as many as wanted, and writes
// the provider's side of them to files. Audits are measured and tried on such a shop.
package generate

import (
	"context"
	"embed"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

//go:embed fill/*.sql settlement.sql acknowledged.sql size.sql
var scripts embed.FS

// services have a schema each, in the order of the migrations.
func services() []string { return []string{"product", "pricing", "inventory", "payment", "cart"} }

// Schemas makes roles, schemas and tables of all services in the database of adminURL; root is the repository, and password that of
// every role.
func Schemas(ctx context.Context, adminURL, root, password string) error {
	var list []provision.Service
	for _, name := range services() {
		list = append(list, provision.Service{Name: name, OwnerPassword: password, AppPassword: password})
	}
	if err := provision.Apply(ctx, adminURL, list...); err != nil {
		return err
	}
	for _, name := range services() {
		owner, err := url.Parse(adminURL)
		if err != nil {
			return fmt.Errorf("read the database's URL: %w", err)
		}
		owner.User = url.UserPassword(provision.Owner(name), password)
		if err := job.Migrate(ctx, owner.String(), name); err != nil {
			return fmt.Errorf("make the job tables of %s: %w", name, err)
		}
		files := os.DirFS(filepath.Join(root, "services", name, "internal", "postgres", "migration"))
		if _, err := migrate.Up(ctx, migrate.Config{OwnerURL: owner.String(), Schema: name, Files: files}); err != nil {
			return err
		}
	}
	return nil
}

// Fill makes orders in empty schemas. progress is called after each script.
func Fill(ctx context.Context, adminURL string, orders int, progress func()) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	names, err := scripts.ReadDir("fill")
	if err != nil {
		return err
	}
	values := strings.NewReplacer("{orders}", strconv.Itoa(orders), "{skus}", strconv.Itoa(max(10, min(10_000, orders/10))))
	for _, name := range names {
		text, err := scripts.ReadFile("fill/" + name.Name())
		if err != nil {
			return err
		}
		for _, statement := range strings.SplitAfter(values.Replace(string(text)), ";\n") {
			if _, err := conn.PgConn().Exec(ctx, statement).ReadAll(); err != nil {
				return fmt.Errorf("%s: %.80s: %w", name.Name(), strings.TrimSpace(statement), err)
			}
		}
		progress()
	}
	_, err = conn.Exec(ctx, "VACUUM (ANALYZE)")
	progress()
	return err
}

// Scripts is how often Fill calls progress.
const Scripts = 4

// Settlement writes the provider's side of the orders as a settlement file.
func Settlement(ctx context.Context, adminURL string, output io.Writer) error {
	return copyOut(ctx, adminURL, output, "settlement.sql", "")
}

// Acknowledgements writes what buyers of placed orders were told, at most so many lines.
func Acknowledgements(ctx context.Context, adminURL string, output io.Writer, limit int) error {
	return copyOut(ctx, adminURL, output, "acknowledged.sql", strconv.Itoa(limit))
}

// Size is how large the database is, for people.
func Size(ctx context.Context, adminURL string) (string, error) {
	text, err := scripts.ReadFile("size.sql")
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return "", fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var size string
	if err := conn.QueryRow(ctx, string(text)).Scan(&size); err != nil {
		return "", fmt.Errorf("read the size of the database: %w", err)
	}
	return size, nil
}

func copyOut(ctx context.Context, adminURL string, output io.Writer, name, limit string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	text, err := scripts.ReadFile(name)
	if err != nil {
		return err
	}
	if _, err := conn.PgConn().CopyTo(ctx, output, strings.ReplaceAll(string(text), "{limit}", limit)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
