package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// templateFormat changes when templates made by an older version of this package will not do any more.
const templateFormat = "1"

// template is a provisioned and migrated database that test databases are copied from.
type template struct {
	service    string
	migrations fs.FS
	admin      string
}

// ensure returns the template's name, making it first if need be. A lock on the server keeps other tests and test binaries
// from making the same one; a template that was left half made has another name and is dropped.
func (t template) ensure(ctx context.Context, conn *pgx.Conn) (string, error) {
	hash, err := t.hash()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("template_%s_%s", t.service, hash)
	key := fnv.New64a()
	key.Write([]byte(name))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(key.Sum64())); err != nil {
		return "", err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(key.Sum64())) // it ends with the connection
	}()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return name, err
	}
	half := name + "_new"
	if _, err := conn.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", half)); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+half); err != nil {
		return "", err
	}
	if err := t.fill(ctx, half); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", half, name))
	return name, err
}

func (t template) fill(ctx context.Context, database string) error {
	service := provision.Service{Name: t.service, OwnerPassword: password, AppPassword: password}
	if err := provision.Apply(ctx, rewrite(t.admin, "", database), service); err != nil {
		return err
	}
	owner := rewrite(t.admin, provision.Owner(t.service), database)
	if _, err := migrate.Up(ctx, migrate.Config{OwnerURL: owner, Schema: t.service, Files: t.migrations}); err != nil {
		return err
	}
	return job.Migrate(ctx, owner, t.service)
}

// hash covers the name and text of every migration.
func (t template) hash() (string, error) {
	sum := sha256.New()
	sum.Write([]byte(templateFormat))
	err := fs.WalkDir(t.migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(t.migrations, path)
		fmt.Fprintf(sum, "%s\x00%d\x00%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}
