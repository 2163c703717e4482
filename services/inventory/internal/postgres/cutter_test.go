package postgres_test

import (
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// cutter stands between a process and its database and cuts connections in the middle: before an answer is passed on, so
// that whoever asked cannot know whether it happened.
type cutter struct {
	network, address string
	listener         net.Listener
	oneIn            atomic.Int64 // answers; 0 cuts none
	cuts             atomic.Int64
}

// newCutter returns a cutter and the URL that leads through it to the database of another URL.
func newCutter(t *testing.T, dsn string) (*cutter, string) {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	c := &cutter{}
	c.network, c.address = pgconn.NetworkAddress(config.Host, config.Port)
	c.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.listener.Close() })
	go c.serve()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Host = c.listener.Addr().String()
	u.RawQuery = url.Values{"sslmode": {"disable"}}.Encode()
	u.Path = "/" + filepath.Base(u.Path)
	return c, u.String()
}

func (c *cutter) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(c.network, c.address)
		if err != nil {
			_ = client.Close()
			continue
		}
		go c.carry(client, server, false)
		go c.carry(server, client, true)
	}
}

func (c *cutter) carry(from, to net.Conn, answers bool) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if oneIn := c.oneIn.Load(); answers && oneIn > 0 && rand.N(oneIn) == 0 {
			c.cuts.Add(1)
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
