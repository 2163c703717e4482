// Package service is the uniform main of every service: the commands serve, migrate, check and version, the settings all
// services share, the start that needs no other process to be up, and the orderly stop.
//
// It knows no business. A program brings its name, its migrations and a Build function that wires its parts to a Runtime.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/cartwright-shop/cartwright/services/platform/config"
)

// Exit codes of Run.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Program is a service as its main sees it. C is the service's settings and embeds Config.
type Program[C any] struct {
	// Name is the service's name and the name of its schema.
	Name string
	// Migrations are goose files; nil for a program without a database.
	Migrations fs.FS
	// Build wires the program to its runtime. It must not wait for other processes: they may be down. ctx ends when the
	// process begins to stop.
	Build func(ctx context.Context, cfg C, rt *Runtime) error
	// Check finds what is wrong with settings beyond their types. It may be nil.
	Check func(cfg C) error
}

// Run does what the command line says and returns the exit code: 0 for success, 1 for a failure, 2 for wrong usage.
func Run[C any](p Program[C]) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	c := command[C]{program: p, environ: os.Environ(), out: os.Stdout, problems: os.Stderr, signals: signals}
	return c.run(os.Args[1:])
}

// command is one run of a program.
type command[C any] struct {
	program  Program[C]
	environ  []string
	out      io.Writer
	problems io.Writer
	signals  <-chan os.Signal
}

func (c command[C]) run(args []string) int {
	name := "serve"
	if len(args) > 0 {
		name = args[0]
	}
	if len(args) > 1 {
		return c.usage()
	}
	switch name {
	case "serve":
		return c.serve()
	case "migrate":
		return c.migrate()
	case "check":
		return c.check()
	case "version":
		fmt.Fprintln(c.out, c.program.Name, Version())
		return exitOK
	default:
		return c.usage()
	}
}

func (c command[C]) usage() int {
	fmt.Fprintf(c.problems, "usage: %s [serve | migrate | check | version]\n", c.program.Name)
	return exitUsage
}

func (c command[C]) fail(err error) int {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(c.problems, "%s: %s\n", c.program.Name, line)
	}
	return exitFailed
}

// load reads the settings and gives the part that all services share.
func (c command[C]) load() (C, *Config, error) {
	cfg, err := config.Load[C](c.environ)
	shared, ok := any(&cfg).(embedsConfig)
	if !ok {
		return cfg, nil, errors.New("the settings of the program do not embed service.Config")
	}
	common := shared.shared()
	for _, line := range c.environ {
		if path, found := strings.CutPrefix(line, "DATABASE_URL_FILE="); found {
			common.databaseURLFile = path
		}
	}
	common.Version = cmp.Or(common.Version, Version())
	return cfg, common, err
}

// check prints the table of settings, then everything that is wrong with them.
func (c command[C]) check() int {
	fmt.Fprint(c.out, config.Table(config.Settings[C]()))
	cfg, common, err := c.load()
	if common == nil {
		return c.fail(err)
	}
	if err := errors.Join(err, c.program.validate(cfg, common)); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, "\nThe settings are good.")
	return exitOK
}

func (p Program[C]) validate(cfg C, common *Config) error {
	err := common.validate(p.Name, p.Migrations != nil)
	if p.Check != nil {
		err = errors.Join(err, p.Check(cfg))
	}
	return err
}

func (c command[C]) serve() int {
	cfg, common, err := c.load()
	if common != nil {
		err = errors.Join(err, c.program.validate(cfg, common))
	}
	if err != nil {
		return c.fail(err)
	}
	instance, err := Start(context.Background(), c.program, cfg, c.out)
	if err != nil {
		return c.fail(err)
	}
	var failure error
	select {
	case <-c.signals:
	case failure = <-instance.failed:
	}
	// Later signals stay in the channel unread: they must not shorten the drain.
	instance.Stop()
	if failure != nil {
		return c.fail(failure)
	}
	return exitOK
}
