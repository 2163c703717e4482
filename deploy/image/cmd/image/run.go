package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/image"
)

// work is one run of the command.
type work struct {
	root   string
	getenv func(string) string
	store  image.Store
	tools  image.Tools
	output io.Writer
}

func run(ctx context.Context, arguments []string, getenv func(string) string, output io.Writer) error {
	if len(arguments) < 2 || arguments[1] == "" {
		return usage("say what to do, and SERVICE=NAME")
	}
	root, err := image.Root()
	if err != nil {
		return err
	}
	programs, err := chosen(root, arguments[1:])
	if err != nil {
		return err
	}
	w := work{root: root, getenv: getenv, store: image.In(root), output: output}
	w.tools = image.Tools{Root: root, Getenv: getenv, Output: output}
	verbs := map[string]func(context.Context, image.Program) error{
		"build": w.build, "check": w.check, "bill": w.bill, "docker": w.docker, "push": w.push, "sign": w.sign, "scan": w.scan,
	}
	verb := verbs[arguments[0]]
	if verb == nil {
		return usage(arguments[0])
	}
	var problems []error
	for _, p := range programs {
		if err := verb(ctx, p); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// chosen are the programs of the names given.
func chosen(root string, names []string) ([]image.Program, error) {
	if len(names) == 1 && names[0] == "all" {
		return image.Programs(root)
	}
	var list []image.Program
	for _, name := range names {
		p, err := image.Find(root, name)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func (w work) build(ctx context.Context, p image.Program) error {
	id, err := image.Identify(ctx, w.root, w.getenv)
	if err != nil {
		return err
	}
	made, err := w.store.Make(ctx, image.Build{Root: w.root, Identity: id, Arch: w.getenv("ARCH")}, p)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.output, "%-10s %s  %s  %.1f MB compressed, %.1f MB unpacked\n",
		made.Name, id.Version, made.Digest, megabytes(made.Compressed), megabytes(made.Unpacked))
	return nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (w work) bill(_ context.Context, p image.Program) error {
	if _, err := w.store.Bill(p.Name); err != nil {
		return err
	}
	fmt.Fprintln(w.output, w.store.BillFile(p.Name))
	return nil
}

func (w work) docker(ctx context.Context, p image.Program) error {
	return w.store.Docker(ctx, w.tools, p.Name)
}

func (w work) push(ctx context.Context, p image.Program) error {
	named, err := w.store.Push(ctx, w.getenv("REGISTRY"), p.Name)
	if err != nil {
		return err
	}
	fmt.Fprintln(w.output, named)
	return nil
}

func (w work) sign(ctx context.Context, p image.Program) error {
	return w.store.Sign(ctx, w.tools, w.getenv("REGISTRY"), p.Name)
}

func (w work) scan(ctx context.Context, p image.Program) error {
	return w.store.Scan(ctx, w.tools, p)
}

// check makes an image where nothing was, from a copy of the sources, and wants the digest of the one in the store. Then it asks the
// binary who it is.
func (w work) check(ctx context.Context, p image.Program) error {
	if err := w.build(ctx, p); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "cartwright-image-")
	if err != nil {
		return err
	}
	err = w.store.Check(ctx, image.Build{Root: w.root, Arch: w.getenv("ARCH")}, p, temporary)
	if err == nil {
		fmt.Fprintf(w.output, "%-10s is the same from another folder, is static, and knows its name\n", p.Name)
	}
	return errors.Join(err, os.RemoveAll(temporary))
}

// tell prints what went wrong and returns the exit code. What failed counts more than what could not run.
func tell(err error, allowed bool, output io.Writer) int {
	if err == nil {
		return 0
	}
	code := 0
	for _, one := range leaves(err) {
		if _, notRun := errors.AsType[*image.NotRunError](one); !notRun {
			fmt.Fprintln(output, strings.TrimSpace(one.Error()))
			code = exitFailed
			continue
		}
		fmt.Fprintln(output, one)
		if code == 0 && !allowed {
			code = exitNotRun
		}
	}
	return code
}

// leaves are the errors that were joined. Wrapped ones stay whole.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, one := range joined.Unwrap() {
		list = append(list, leaves(one)...)
	}
	return list
}
