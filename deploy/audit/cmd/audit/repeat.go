package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/audit/telling"
)

// repeat audits until the context ends and serves what the last audit found. Where the database's URL comes from the environment it is
// read again for every audit, so that a new password needs no restart.
func repeat(ctx context.Context, s settings, output io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "audit: every", s.every, "at", listener.Addr())
	complain := func(err error) { fmt.Fprintln(os.Stderr, "audit:", err) }
	auditor := &telling.Auditor{
		Audit: func(ctx context.Context) (*audit.Report, error) {
			options := s.Options
			if s.fromEnvironment {
				given, err := environment()
				if err != nil {
					return nil, err
				}
				options.Database = given.Database
			}
			return audit.Run(ctx, options)
		},
		Every: s.every, Failed: complain,
		Ended: func(report *audit.Report) {
			if err := s.print(output, report); err != nil {
				complain(err)
			}
		},
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", auditor)
	// Nobody calls it, so that it is ready as soon as it lives; whether it gets anywhere the age of its last result tells.
	for _, probe := range []string{"GET /livez", "GET /readyz"} {
		routes.HandleFunc(probe, func(http.ResponseWriter, *http.Request) {})
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(listener)
		stop() // nobody hears an auditor without a port
	}()
	auditor.Run(ctx)
	err = errors.Join(server.Close(), <-served)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
