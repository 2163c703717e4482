package buildspec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where and with what a specification is run.
type Place struct {
	Dir    string
	Env    []string
	Output io.Writer
	// Stubborn runs post_build even after a failure, as CodeBuild does unless the phase that failed aborts the build.
	Stubborn bool
}

// Run runs a specification as CodeBuild would: the phases in order, the commands of a phase in one shell, until one fails. It
// returns the first error. Variables that a phase exports are there in the next.
func (s *Spec) Run(ctx context.Context, place Place) (failure error) {
	env := slices.Clone(place.Env)
	for name, value := range s.Variables {
		env = append(env, name+"="+value)
	}
	exported, err := os.MkdirTemp("", "cartwright-exported-")
	if err != nil {
		return err
	}
	defer func() { failure = errors.Join(failure, os.RemoveAll(exported)) }()
	for _, name := range order {
		p, ok := s.Phase(name)
		if !ok || failure != nil && (name != "post_build" || !place.Stubborn) {
			continue
		}
		succeeding := "1"
		if failure != nil {
			succeeding = "0"
		}
		command := exec.CommandContext(ctx, "bash", "-c", p.script(filepath.Join(exported, "variables")))
		command.Dir = place.Dir
		command.Env = slices.Concat(env, []string{"CODEBUILD_BUILD_SUCCEEDING=" + succeeding})
		command.Stdout, command.Stderr = place.Output, place.Output
		if err := command.Run(); err != nil {
			failure = errors.Join(failure, fmt.Errorf("%s: %w", name, err))
		}
	}
	return failure
}

// script puts the commands of a phase together. Each is checked by itself, whether the phase says set -e or not. What the phase
// exports is kept in a file, for the next.
func (p Phase) script(exported string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "test ! -f '%s' || source '%s'\n", exported, exported)
	for _, command := range p.Commands {
		b.WriteString(command + "\n{ code=$?; test $code = 0 || exit $code; }\n")
	}
	fmt.Fprintf(&b, "export -p | grep -v CODEBUILD_BUILD_SUCCEEDING > '%s'\n", exported)
	return b.String()
}
