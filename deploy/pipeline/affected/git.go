package affected

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Since lists the files that differ between a revision and the commit that is checked out. A moved file counts at both places.
func Since(ctx context.Context, root, revision string) ([]string, error) {
	command := exec.CommandContext(ctx, "git", "diff", "--name-only", "--no-renames", "-z", revision, "HEAD", "--")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("git diff %s HEAD: %w: %.300s", revision, err, exit.Stderr)
		}
		return nil, fmt.Errorf("git diff: %w", err)
	}
	var files []string
	for name := range bytes.SplitSeq(output, []byte{0}) {
		if len(name) > 0 {
			files = append(files, string(name))
		}
	}
	return files, nil
}

// Clean turns a path as people type it into one from the root of the repository.
func Clean(file string) string { return strings.TrimPrefix(strings.TrimSpace(file), "./") }
