package mutants

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Session tries mutants one after the other.
type Session struct {
	Tree *Tree
	// Environment is added to that of the tests, such as where Postgres is.
	Environment []string
	// Output gets a row for each mutant as it ends.
	Output io.Writer

	sound map[string]Trial
}

// Run tries each mutant and returns what came of them. It stops early only when it is interrupted or the tree cannot be
// mended.
func (s *Session) Run(ctx context.Context, list []Mutant) ([]Verdict, error) {
	s.sound = map[string]Trial{}
	var verdicts []Verdict
	for _, m := range list {
		v, err := s.one(ctx, m)
		if err != nil {
			return verdicts, fmt.Errorf("%s: %w", m.Name, err)
		}
		v.Print(s.Output)
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

func (s *Session) one(ctx context.Context, m Mutant) (Verdict, error) {
	v := Verdict{Mutant: m}
	sound, known := s.sound[m.tests()]
	if !known {
		var err error
		if sound, err = s.Tree.Try(ctx, m, s.Environment...); err != nil {
			return v, err
		}
		s.sound[m.tests()] = sound
	}
	switch {
	case sound.Broken != "":
		v.Wrong = "without the bug: " + sound.Broken
		return v, nil
	case len(sound.Red) > 0:
		v.Wrong = "red without the bug: " + sound.Red[0]
		return v, nil
	case sound.Passed == 0:
		v.Wrong = "it names no tests"
		return v, nil
	}
	if err := s.Tree.Plant(ctx, m); err != nil {
		v.Wrong = err.Error()
		return v, ctx.Err()
	}
	trial, err := s.Tree.Try(ctx, m, s.Environment...)
	v.Trial = trial
	return v, errors.Join(err, s.Tree.Mend(ctx, m))
}
