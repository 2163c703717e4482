package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/local/seed"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// defaultPort is the gateway's; the other processes count up from it.
const defaultPort = 8080

func options(output io.Writer) (stack.Options, error) {
	root, err := os.Getwd()
	if err != nil {
		return stack.Options{}, err
	}
	o := stack.Options{
		Root: root, Dir: os.Getenv("CARTWRIGHT_LOCAL_DIR"), DatabaseURL: os.Getenv("CARTWRIGHT_DATABASE_URL"),
		Fresh: os.Getenv("FRESH") == "1", Fsync: true, Output: output,
		MTLS: os.Getenv("MTLS") == "1",
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(root, ".local")
	}
	port := defaultPort
	if text := os.Getenv("PORT"); text != "" {
		if port, err = strconv.Atoi(text); err != nil || port < 1024 || port > 65000 {
			return stack.Options{}, fmt.Errorf("PORT=%s is no port between 1024 and 65000", text)
		}
	}
	o.Ports = stack.PortsFrom(port)
	if o.DatabaseURL != "" {
		o.Ports.Postgres = 0
	}
	return o, os.MkdirAll(o.Dir, 0o755)
}

func run(ctx context.Context, output io.Writer) error {
	o, err := options(output)
	if err != nil {
		return err
	}
	if err := notTwice(o); err != nil {
		return err
	}
	if err := stack.CheckPorts(o); err != nil {
		return err
	}
	if o.DatabaseURL == "" {
		if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(output, text) }); err != nil {
			return err
		}
	}
	if err := stack.Build(ctx, o); err != nil {
		return err
	}
	shop, err := stack.Start(ctx, o)
	if err != nil {
		return interrupted(ctx, err)
	}
	err = serve(ctx, shop, o, output)
	fmt.Fprintln(output, "\nstopping ...")
	return errors.Join(interrupted(ctx, err), shop.Stop(context.WithoutCancel(ctx)), forget(o))
}

// interrupted hides the error that Ctrl-C causes in whatever was going on.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was asked to stop
	}
	return err
}

func serve(ctx context.Context, shop *stack.Shop, o stack.Options, output io.Writer) error {
	token, err := shop.StaffToken()
	if err != nil {
		return err
	}
	staff := shop.Client().WithToken(token)
	loaded, err := seed.Loaded(ctx, staff)
	if err != nil {
		return err
	}
	if !loaded {
		products, err := demo.Catalogue()
		if err != nil {
			return err
		}
		if err := seed.Load(ctx, staff, products, output); err != nil {
			return err
		}
	}
	if err := remember(o, shop, token); err != nil {
		return err
	}
	printGuide(output, shop, token)
	return shop.Watch(ctx)
}
