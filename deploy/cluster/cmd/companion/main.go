// Command companion runs inside a cluster beside a shop that is put to the proof, see package companion.
//
//	companion serve URL    issuer, buyers and the way in; URL is where it is found
//	companion dial X=ADDR  tells which addresses can be reached
//	companion reap ADDR    kills programs on its node when asked to
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/cluster/companion"
)

const headerTime = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "companion:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("usage: companion serve URL | reap ADDR | dial NAME=ADDR...")
	}
	switch arguments[0] {
	case "dial":
		return companion.Dial(ctx, arguments[1:], os.Stdout)
	case "serve":
		return companion.Serve(ctx, arguments[1])
	case "reap":
		server := &http.Server{Addr: arguments[1], Handler: companion.Reaper(), ReadHeaderTimeout: headerTime}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	default:
		return fmt.Errorf("companion %s: %w", arguments[0], errors.ErrUnsupported)
	}
}
