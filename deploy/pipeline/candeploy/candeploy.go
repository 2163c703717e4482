// Package candeploy tells whether a version of a service gets along with what is deployed: with the others' contracts, with its own of
// before, and with the schema of its database. It runs nothing; the cells of `make skew` do that.
package candeploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// Side is a version of a service that is deployed.
type Side struct {
	Service string `json:"service"`
	Version string `json:"version"`
	// Commit is empty when nobody knows what the version was made of.
	Commit string `json:"commit"`
	// Schema is the number of the last migration that has run, Migrations what those said.
	Schema     int64             `json:"schema"`
	Migrations map[string]string `json:"-"`
}

// Question is whether a commit of a service can be deployed among others.
type Question struct {
	// Root is the folder of the repository, Work a place for files that is taken away by whoever made it.
	Root, Work      string
	Service, Commit string
	// Buf is the command that compiles and compares contracts.
	Buf      string
	Deployed []Side
	// compiled are contracts by commit.
	compiled map[string]contracts
}

// Answer is one thing that was compared.
type Answer struct {
	Check string `json:"check"`
	// With is who it has to get along with.
	With   string `json:"with"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason"`
}

// Ask compares everything. An error is a question that cannot be answered, which is no yes.
func Ask(ctx context.Context, q Question) ([]Answer, error) {
	q.compiled = map[string]contracts{}
	candidate, err := q.contracts(ctx, q.Commit)
	if err != nil {
		return nil, err
	}
	var answers []Answer
	for _, side := range q.Deployed {
		found, err := q.contract(ctx, candidate, side)
		if err != nil {
			return nil, err
		}
		answers = append(answers, found...)
		if side.Service == q.Service {
			schema, err := q.schema(ctx, side)
			if err != nil {
				return nil, err
			}
			answers = append(answers, schema)
		}
	}
	return answers, nil
}

// contracts are those of one commit.
type contracts struct {
	// image is the file that they are compiled into.
	image string
	calls []rpc
}

// contracts compiles those of a commit.
func (q Question) contracts(ctx context.Context, commit string) (contracts, error) {
	if c, done := q.compiled[commit]; done {
		return c, nil
	}
	folder := filepath.Join(q.Work, commit)
	c := contracts{image: folder + ".binpb"}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return c, err
	}
	if err := release.Checkout(ctx, q.Root, commit, "proto", folder); err != nil {
		return c, err
	}
	var err error
	c.calls, err = q.read(ctx, filepath.Join(folder, "proto"), c.image)
	q.compiled[commit] = c
	return c, err
}

// contract compares the candidate with one service that is deployed.
func (q Question) contract(ctx context.Context, candidate contracts, side Side) ([]Answer, error) {
	if side.Commit == "" {
		return []Answer{{
			Check: "contract", With: side.Service + " " + side.Version, Reason: "nobody knows which commit this was made of, so nothing can be compared",
		}}, nil
	}
	deployed, err := q.contracts(ctx, side.Commit)
	if err != nil {
		return nil, err
	}
	var answers []Answer
	with := fmt.Sprintf("%s %s (%.12s)", side.Service, side.Version, side.Commit)
	// Whoever calls the service goes on with the contract that it was made with: so do old pods of the service's own callers, and so
	// does a storefront, which is why the gateway's public contracts are compared with what was deployed of it.
	if side.Service == q.Service || calls(deployed.calls, side.Service, q.Service) {
		answer := Answer{Check: "serves " + side.Service, With: with, OK: true, Reason: "every call and field that it knows is still there"}
		if side.Service == q.Service {
			answer.Check = "serves what it served"
		}
		if broken, err := q.breaking(ctx, candidate.image, deployed.image); err != nil {
			return nil, err
		} else if broken != "" {
			answer.OK, answer.Reason = false, broken
		}
		answers = append(answers, answer)
	}
	if side.Service != q.Service && calls(candidate.calls, q.Service, side.Service) {
		answer := Answer{Check: "calls " + side.Service, With: with, OK: true, Reason: "every call that it may make is served"}
		if missing := unserved(candidate.calls, deployed.calls, q.Service, side.Service); len(missing) > 0 {
			answer.OK, answer.Reason = false, "not served: "+strings.Join(missing, ", ")
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// schema compares the migrations of the candidate with those that have run.
func (q Question) schema(ctx context.Context, side Side) (Answer, error) {
	answer := Answer{Check: "schema", With: fmt.Sprintf("schema %d", side.Schema)}
	migrations, err := release.MigrationsAt(ctx, q.Root, q.Commit, q.Service)
	if err != nil {
		return answer, err
	}
	newest, err := released.Newest(migrations)
	if err != nil {
		return answer, err
	}
	var changed []string
	for name, hash := range side.Migrations {
		if now, there := migrations[name]; there && now != hash {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	switch {
	case len(changed) > 0:
		answer.Reason = "migrations that have run say something else now: " + strings.Join(changed, ", ")
	case newest < side.Schema:
		answer.OK, answer.Reason = true, fmt.Sprintf("it is older (%d): schemas only grow, so it runs on the newer one", newest)
	case newest == side.Schema:
		answer.OK, answer.Reason = true, "it is the same"
	default:
		answer.OK, answer.Reason = true, fmt.Sprintf("it brings the schema to %d before it starts; what runs goes on meanwhile", newest)
		if gone := skipped(migrations, side); len(gone) > 0 {
			answer.OK, answer.Reason = false, "migrations that have run are missing: "+strings.Join(gone, ", ")
		}
	}
	return answer, nil
}

// skipped are migrations that have run and that a newer version does not know: it comes from another line of development.
func skipped(migrations map[string]string, side Side) (names []string) {
	for name := range side.Migrations {
		if _, there := migrations[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Commit finds which commit a version of a service was made of: the recorded one, else a revision that git knows.
func Commit(ctx context.Context, root string, record *released.Record, service, version string) (string, error) {
	if one, err := record.Of(service); err == nil && one.Version == version {
		return one.Commit, nil
	}
	for _, revision := range []string{version, "v" + version, service + "/v" + version} {
		if commit, err := revParse(ctx, root, revision); err == nil {
			return commit, nil
		}
	}
	return "", errors.New("neither the record of releases nor git knows version " + version + " of " + service)
}
