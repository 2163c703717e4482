package released

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"
)

var (
	versionPattern   = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z][0-9A-Za-z.-]*)?$`)
	commitPattern    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	digestPattern    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	hashPattern      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	migrationPattern = regexp.MustCompile(`^([0-9]+)_[a-z0-9_]+\.sql$`)
)

func check(service string, r Release) error {
	_, badDate := time.Parse(time.DateOnly, r.Date)
	switch {
	case !slices.Contains(Services(), service):
		return fmt.Errorf("there is no service %q", service)
	case !versionPattern.MatchString(r.Version):
		return fmt.Errorf("%s: version %q is not like 1.2.3 or 1.2.3-rc.1", service, r.Version)
	case !commitPattern.MatchString(r.Commit):
		return fmt.Errorf("%s: commit %q is not a full hash of 40 hexadecimal digits", service, r.Commit)
	case r.ImageDigest != "" && !digestPattern.MatchString(r.ImageDigest):
		return fmt.Errorf("%s: image digest %q is not sha256: and 64 hexadecimal digits", service, r.ImageDigest)
	case badDate != nil:
		return fmt.Errorf("%s: date %q is not like 2026-11-27", service, r.Date)
	}
	newest, err := Newest(r.Migrations)
	if err != nil {
		return fmt.Errorf("%s: %w", service, err)
	}
	if newest != r.Schema {
		return fmt.Errorf("%s: schema %d is not the last of its migrations, which is %d", service, r.Schema, newest)
	}
	for name, hash := range r.Migrations {
		if !hashPattern.MatchString(hash) {
			return fmt.Errorf("%s: migration %s: %q is not 64 hexadecimal digits", service, name, hash)
		}
	}
	return nil
}

// Number is that of a migration, which its file name begins with.
func Number(name string) (int64, error) {
	match := migrationPattern.FindStringSubmatch(name)
	if match == nil {
		return 0, fmt.Errorf("migration %q is not named like 001_create_cart.sql", name)
	}
	return strconv.ParseInt(match[1], 10, 64)
}

// Newest returns the highest number of migrations: the version that they bring a schema to, 0 without any.
func Newest(migrations map[string]string) (int64, error) {
	var newest int64
	for name := range migrations {
		number, err := Number(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, number)
	}
	return newest, nil
}

// Folder is where a service has its migrations, from the root of the repository.
func Folder(service string) string {
	return path.Join("services", service, "internal", "postgres", "migration")
}

// Migrations reads those of a service from the root of a tree of the repository, as a release records them; none for a service
// without a database.
func Migrations(tree fs.FS, service string) (map[string]string, error) {
	files, err := fs.Glob(tree, path.Join(Folder(service), "*.sql"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		if _, err := fs.Stat(tree, path.Join("services", service)); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no service %q in this tree", service)
		}
		return nil, nil
	}
	migrations := make(map[string]string, len(files))
	for _, file := range files {
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		migrations[path.Base(file)] = hex.EncodeToString(sum[:])
	}
	return migrations, nil
}
