// Package released keeps the record of what was released last: of each service its version, the commit it was built from, its
// image, and the migrations that have run where it was deployed.
//
// The record is a file in the repository, so that a commit knows what it has to get along with. `make skew` builds the other
// side from the recorded commits, and the linter of migrations refuses to change what has run. Whoever releases writes it.
package released

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is where the record is, from the root of the repository.
const File = "deploy/released/released.json"

// Services are those that are released, each alone.
func Services() []string {
	return []string{"cart", "gateway", "inventory", "payment", "pricing", "product"}
}

// Release is one version of a service.
type Release struct {
	// Version is a semantic version, such as 1.2.3 or 1.2.3-rc.1.
	Version string `json:"version"`
	// Commit is the full hash of what it was built from. It must stay reachable from the main branch.
	Commit string `json:"commit"`
	// ImageDigest names the image, sha256:...; empty when it was never pushed.
	ImageDigest string `json:"imageDigest"`
	// Schema is the number of the last migration that has run; 0 for a service without a database.
	Schema int64 `json:"schema"`
	// Date is the day of the release in UTC, such as 2026-11-27.
	Date string `json:"date"`
	// Migrations are the migrations that have run, by file name, with the SHA-256 of what the file said.
	Migrations map[string]string `json:"migrations,omitempty"`
}

// Record is what was released last, by service.
type Record struct {
	Services map[string]Release `json:"services"`
}

// Load reads a record. A record that is damaged, that names a service there is none of, or that has a field nobody knows is an
// error, never an empty record. One that is not there is os.ErrNotExist.
func Load(file string) (*Record, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read what was released: %w", err)
	}
	r, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("read what was released: %s: %w", filepath.Base(file), err)
	}
	return r, nil
}

func decode(text []byte) (*Record, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	r := &Record{}
	if err := decoder.Decode(r); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the record")
	}
	for _, service := range slices.Sorted(maps.Keys(r.Services)) {
		if err := check(service, r.Services[service]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Of returns what was released last of a service. A service that never was is an error: whoever asks is about to compare.
func (r *Record) Of(service string) (Release, error) {
	release, found := r.Services[service]
	if !found {
		return Release{}, fmt.Errorf("no release of %q is recorded", service)
	}
	return release, nil
}

// Put enters a release of a service in place of the last one, which may be newer: that is a rollback. Migrations are never undone,
// so those of earlier releases stay on record, and Schema stays the highest. It refuses a release that is not whole, a version
// that was recorded with another commit or image, and a migration that says something else than when it ran.
func (r *Record) Put(service string, release Release) error {
	if err := check(service, release); err != nil {
		return err
	}
	last, found := r.Services[service]
	if found {
		if err := follows(service, last, release); err != nil {
			return err
		}
	}
	ran := maps.Clone(release.Migrations)
	if ran == nil && len(last.Migrations) > 0 {
		ran = map[string]string{}
	}
	maps.Copy(ran, last.Migrations)
	release.Migrations, release.Schema = ran, max(release.Schema, last.Schema)
	if r.Services == nil {
		r.Services = map[string]Release{}
	}
	r.Services[service] = release
	return nil
}

func follows(service string, last, next Release) error {
	if next.Version == last.Version {
		if next.Commit != last.Commit {
			return fmt.Errorf("%s %s was released from %.12s: another commit needs another version", service, last.Version, last.Commit)
		}
		if last.ImageDigest != "" && next.ImageDigest != last.ImageDigest {
			return fmt.Errorf("%s %s was released as %s: another image needs another version", service, last.Version, last.ImageDigest)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next.Migrations)) {
		if hash, ran := last.Migrations[name]; ran && hash != next.Migrations[name] {
			return fmt.Errorf("%s: migration %s was released with %s and says something else now", service, name, last.Version)
		}
	}
	return nil
}

// Save writes the record. Readers see the old file or the new one, whole, and the same record is always the same text.
func (r *Record) Save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write what was released: %w", err)
	}
	text = append(text, '\n')
	if _, err := decode(text); err != nil {
		return fmt.Errorf("write what was released: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".")
	if err != nil {
		return fmt.Errorf("write what was released: %w", err)
	}
	if err := errors.Join(fill(draft, text), os.Chmod(draft.Name(), 0o644)); err != nil {
		return errors.Join(fmt.Errorf("write what was released: %w", err), os.Remove(draft.Name()))
	}
	if err := os.Rename(draft.Name(), file); err != nil {
		return errors.Join(fmt.Errorf("write what was released: %w", err), os.Remove(draft.Name()))
	}
	return nil
}

func fill(file *os.File, text []byte) error {
	_, err := file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// String lists the releases, one a line.
func (r *Record) String() string {
	var b strings.Builder
	for _, service := range slices.Sorted(maps.Keys(r.Services)) {
		one := r.Services[service]
		fmt.Fprintf(&b, "%-10s %-8s %.12s  schema %3d  %s\n", service, one.Version, one.Commit, one.Schema, one.Date)
	}
	return b.String()
}
