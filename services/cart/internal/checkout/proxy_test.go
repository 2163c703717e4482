package checkout_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// wire is a line to the database that breaks at the one moment that matters: the server has the commit, the client does not
// get the answer.
type wire struct {
	network, server string
	// cutAt is the nth commit from now whose answer is dropped together with the connection; cut counts those that were.
	cutAt, cut atomic.Int32
}

// openWire returns a pool that reaches the database of s through a wire.
func openWire(s *shop) (*wire, *platform.DB) {
	config, err := pgx.ParseConfig(s.database.AppDSN)
	require.NoError(s.t, err)
	w := &wire{}
	w.network, w.server = pgconnAddress(config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = listener.Close() })
	go w.serve(listener)
	through := url.URL{
		Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: listener.Addr().String(),
		Path: "/" + config.Database, RawQuery: "sslmode=disable",
	}
	db, err := platform.Open(patient(), platform.Config{URL: through.String()})
	require.NoError(s.t, err)
	s.t.Cleanup(db.Close)
	return w, db
}

func pgconnAddress(config *pgx.ConnConfig) (network, address string) {
	if strings.HasPrefix(config.Host, "/") {
		return "unix", fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	}
	return "tcp", net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
}

func (w *wire) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(w.network, w.server)
		if err != nil {
			_ = client.Close()
			return
		}
		var drop atomic.Bool
		go func() { // answers
			defer func() { _, _ = client.Close(), server.Close() }()
			buffer := make([]byte, 32<<10)
			for {
				n, err := server.Read(buffer)
				if err != nil || drop.Load() {
					return
				}
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
		}()
		go func() { // requests
			defer func() { _, _ = client.Close(), server.Close() }()
			_ = w.forward(server, client, &drop)
		}()
	}
}

// forward passes the client's messages on one by one, so that a commit is seen before the server sees it.
func (w *wire) forward(server io.Writer, client io.Reader, drop *atomic.Bool) error {
	for first := true; ; first = false {
		head := make([]byte, 5) // kind and length; the first message has no kind
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return err
		}
		if !first && head[0] == 'Q' && strings.EqualFold(strings.TrimRight(string(body), "\x00;"), "commit") && w.cutAt.Load() > 0 && w.cutAt.Add(-1) == 0 {
			drop.Store(true)
			w.cut.Add(1)
		}
		if _, err := server.Write(slices.Concat(head, body)); err != nil {
			return err
		}
	}
}
