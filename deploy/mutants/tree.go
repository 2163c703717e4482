package mutants

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tree is a copy of the repository that may be broken.
type Tree struct {
	// Root is its folder.
	Root string
}

// Copy makes a tree in dir of what git knows of a repository, with changes that are not committed. What is in dir is
// removed.
func Copy(ctx context.Context, repository, dir string) (*Tree, error) {
	listed, err := git(ctx, repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("remove the last copy: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
		err := copyFile(filepath.Join(repository, name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed, but not yet from the index
			return nil, fmt.Errorf("copy the repository: %w", err)
		}
	}
	return &Tree{Root: dir}, nil
}

// copyFile copies a file, and a link as a link: it may lead to a folder.
func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// Fits tells whether a mutant's patch still applies: code moves on, and a bug that cannot be planted shows nothing.
func (t *Tree) Fits(ctx context.Context, m Mutant) error {
	_, err := git(ctx, t.Root, "apply", "--check", m.File)
	return err
}

// Plant applies a mutant's patch.
func (t *Tree) Plant(ctx context.Context, m Mutant) error {
	_, err := git(ctx, t.Root, "apply", m.File)
	return err
}

// Mend takes a mutant's patch back.
func (t *Tree) Mend(ctx context.Context, m Mutant) error {
	_, err := git(context.WithoutCancel(ctx), t.Root, "apply", "--reverse", m.File)
	return err
}

// git runs in a folder that is treated as no part of a repository around it, unless it is the root of one.
func git(ctx context.Context, dir string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, strings.TrimSpace(said.String()))
	}
	return string(output), nil
}
