package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/released"
)

// Recording enters a release into the record of the repository.
type Recording struct {
	// Root is the folder of the repository, File the record.
	Root, File                       string
	Service, Version, Commit, Digest string
}

// Check tells whether the record would take the release, without writing it: a version that it would not take is not released.
func (r Recording) Check(ctx context.Context) error {
	_, err := r.entered(ctx)
	return err
}

// Save writes it.
func (r Recording) Save(ctx context.Context) error {
	record, err := r.entered(ctx)
	if err != nil {
		return err
	}
	return record.Save(r.File)
}

func (r Recording) entered(ctx context.Context) (*released.Record, error) {
	record, err := released.Load(r.File)
	if errors.Is(err, os.ErrNotExist) {
		record, err = &released.Record{}, nil
	}
	if err != nil {
		return nil, err
	}
	migrations, err := MigrationsAt(ctx, r.Root, r.Commit, r.Service)
	if err != nil {
		return nil, err
	}
	newest, err := released.Newest(migrations)
	if err != nil {
		return nil, err
	}
	return record, record.Put(r.Service, released.Release{
		Version: r.Version, Commit: r.Commit, ImageDigest: r.Digest, Schema: newest, Date: time.Now().UTC().Format(time.DateOnly),
		Migrations: migrations,
	})
}

// MigrationsAt reads the migrations of a service as they were in a commit.
func MigrationsAt(ctx context.Context, root, commit, service string) (migrations map[string]string, err error) {
	dir, err := os.MkdirTemp("", "cartwright-commit-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := Checkout(ctx, root, commit, "services/"+service, dir); err != nil {
		return nil, err
	}
	return released.Migrations(os.DirFS(dir), service)
}

// Checkout writes a folder of a commit into another place, under the name that it has in the repository.
func Checkout(ctx context.Context, root, commit, folder, to string) error {
	archive := exec.CommandContext(ctx, "git", "-C", root, "archive", "--format=tar", commit, folder)
	var complaints bytes.Buffer
	archive.Stderr = &complaints
	text, err := archive.Output()
	if err != nil {
		return fmt.Errorf("read %s of commit %.12s: %w: %s", folder, commit, err, complaints.String())
	}
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", to)
	unpack.Stdin = bytes.NewReader(text)
	if output, err := unpack.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack %s: %w: %s", folder, err, output)
	}
	return nil
}
