package skew

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// ErrNotRun means that nothing was found out, because the releases to compare with cannot be had here.
var ErrNotRun = errors.New("NOT RUN")

const (
	sandbox = "sandbox"
	// journeys and auditor are the commands that judge a shop: the journeys of the suite and the audit of its data.
	journeys, auditor = "journeys", "audit"
)

// sides are the binaries of both releases.
type sides struct {
	old map[string]string // path by program; sandbox, journeys and auditor are of the oldest release
	new map[string]string
	// suite is the folder that the journeys are run in.
	suite string
	// needs are the versions of the schemas that new binaries need, and oldNeeds those of old ones.
	needs, oldNeeds map[string]int64
}

func (s sides) binary(of side, program string) string {
	if of == newSide {
		return s.new[program]
	}
	return s.old[program]
}

// same tells whether both releases of a service are the same binary.
func (s sides) same(service string) (bool, error) {
	old, err := hashFiles(s.old[service])
	if err != nil {
		return false, err
	}
	now, err := hashFiles(s.new[service])
	return old == now, err
}

// hash is one for everything that cells run, this program among it: what was green by other judges may not be.
func (s sides) hash() (string, error) {
	judge, err := os.Executable()
	if err != nil {
		return "", err
	}
	paths := []string{judge}
	for _, binaries := range []map[string]string{s.old, s.new} {
		for _, program := range slices.Sorted(maps.Keys(binaries)) {
			paths = append(paths, binaries[program])
		}
	}
	return hashFiles(paths...)
}

// builder makes binaries from commits and keeps them.
type builder struct {
	root, dir string
	output    io.Writer
}

// sides builds both releases. A commit that this clone does not have is ErrNotRun.
func (b builder) sides(ctx context.Context, record *released.Record) (sides, error) {
	programs := map[string][]string{} // by commit
	for _, service := range stack.ServiceNames {
		release, err := record.Of(service)
		if err != nil {
			return sides{}, fmt.Errorf("%w: %w", ErrNotRun, err)
		}
		if err := b.present(ctx, service, release); err != nil {
			return sides{}, err
		}
		programs[release.Commit] = append(programs[release.Commit], service)
	}
	oldest, err := b.oldest(ctx, slices.Sorted(maps.Keys(programs)))
	if err != nil {
		return sides{}, err
	}
	s := sides{old: map[string]string{}, needs: map[string]int64{}, oldNeeds: map[string]int64{}, suite: filepath.Join(b.tree(oldest), "deploy", "acceptance")}
	programs[oldest] = append(programs[oldest], sandbox, journeys, auditor)
	for _, commit := range slices.Sorted(maps.Keys(programs)) {
		names := programs[commit]
		if err := b.checkout(ctx, commit); err != nil {
			return sides{}, err
		}
		built, err := b.build(ctx, b.tree(commit), filepath.Join(b.dir, commit, "bin"), names)
		if err != nil {
			return sides{}, fmt.Errorf("build %.12s: %w", commit, err)
		}
		maps.Copy(s.old, built)
	}
	if s.new, err = b.build(ctx, b.root, filepath.Join(b.dir, "new", "bin"), stack.ServiceNames); err != nil {
		return sides{}, fmt.Errorf("build the tree at hand: %w", err)
	}
	for _, service := range stack.ServiceNames {
		if s.needs[service], err = need(b.root, service); err != nil {
			return sides{}, err
		}
		if s.oldNeeds[service], err = need(b.tree(record.Services[service].Commit), service); err != nil {
			return sides{}, err
		}
	}
	return s, nil
}

// need is the version of the schema that a tree's binary of a service needs.
func need(tree, service string) (int64, error) {
	migrations, err := released.Migrations(os.DirFS(tree), service)
	if err != nil {
		return 0, err
	}
	return released.Newest(migrations)
}

// present wants a release's commit in this clone.
func (b builder) present(ctx context.Context, service string, r released.Release) error {
	if _, err := b.git(ctx, "cat-file", "-e", r.Commit+"^{commit}"); err == nil {
		return nil
	}
	hint := "it is no commit of this repository"
	if shallow, err := b.git(ctx, "rev-parse", "--is-shallow-repository"); err != nil {
		hint = "this is no clone"
	} else if strings.TrimSpace(shallow) == "true" {
		hint = "this clone is shallow: git fetch --unshallow gets it"
	}
	return fmt.Errorf("%w: %s %s was built from %s, which is not here: %s", ErrNotRun, service, r.Version, r.Commit, hint)
}

// oldest returns the commit that all others come after: what its journeys do, every release can.
func (b builder) oldest(ctx context.Context, commits []string) (string, error) {
	for _, candidate := range commits {
		first := !slices.ContainsFunc(commits, func(other string) bool {
			_, err := b.git(ctx, "merge-base", "--is-ancestor", candidate, other)
			return err != nil
		})
		if first {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%w: none of the released commits comes before all others: %s", ErrNotRun, strings.Join(commits, " "))
}

func (b builder) tree(commit string) string { return filepath.Join(b.dir, commit, "tree") }

// checkout writes a commit's files beside the repository's, once.
func (b builder) checkout(ctx context.Context, commit string) error {
	tree := b.tree(commit)
	if _, err := os.Stat(tree); err == nil {
		return nil
	}
	draft := tree + ".draft"
	if err := errors.Join(os.RemoveAll(draft), os.MkdirAll(draft, 0o755)); err != nil {
		return err
	}
	archive := filepath.Join(b.dir, commit, "tree.tar")
	if _, err := b.git(ctx, "archive", "--format=tar", "--output", archive, commit); err != nil {
		return err
	}
	if output, err := exec.CommandContext(ctx, "tar", "-xf", archive, "-C", draft).CombinedOutput(); err != nil {
		return fmt.Errorf("unpack %.12s: %w: %.300s", commit, err, output)
	}
	return errors.Join(os.Remove(archive), os.Rename(draft, tree))
}

// build compiles programs of a tree. What is the same as the last time is not compiled again: the build cache knows.
func (b builder) build(ctx context.Context, tree, bin string, programs []string) (map[string]string, error) {
	fmt.Fprintf(b.output, "build %s of %s\n", strings.Join(programs, ", "), relative(b.root, tree))
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	built := map[string]string{}
	for _, program := range programs {
		dir, arguments := filepath.Join("services", program), []string{"build", "./cmd/" + program}
		switch program {
		case sandbox:
			dir = filepath.Join("services", "payment")
		case journeys:
			dir, arguments = "deploy", []string{"test", "-c", "./acceptance"}
		case auditor:
			dir, arguments = "deploy", []string{"build", "./audit/cmd/audit"}
		}
		built[program] = filepath.Join(bin, program)
		flags := []string{arguments[0], "-trimpath", "-buildvcs=false", "-o", built[program]}
		command := exec.CommandContext(ctx, "go", append(flags, arguments[1:]...)...)
		command.Dir = filepath.Join(tree, dir)
		command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %.2000s", program, err, output)
		}
	}
	return built, nil
}

func (b builder) git(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = b.root
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, strings.TrimSpace(said.String()))
	}
	return string(output), nil
}

// hashFiles is one hash of what some files say.
func hashFiles(paths ...string) (string, error) {
	sum := sha256.New()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func relative(root, path string) string {
	if short, err := filepath.Rel(root, path); err == nil {
		return short
	}
	return path
}
