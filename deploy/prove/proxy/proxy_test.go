package proxy_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/prove/proxy"
)

// soon bounds every wait; a busy machine is slow.
const soon = 20 * time.Second

// echo answers every line with itself and remembers what it got.
func echo(t *testing.T) (address string, got chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	got = make(chan string, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					got <- lines.Text()
					if _, err := io.WriteString(conn, lines.Text()+"\n"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), got
}

// client is a connection through a proxy.
type client struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, p *proxy.Proxy) client {
	t.Helper()
	c, err := tryDial(t, p)
	require.NoError(t, err)
	return c
}

func tryDial(t *testing.T, p *proxy.Proxy) (client, error) {
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return client{}, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{t: t, conn: conn, lines: bufio.NewReader(conn)}, nil
}

func (c client) say(text string, patience time.Duration) (string, error) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text+"\n"); err != nil {
		return "", err
	}
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(patience)))
	return c.lines.ReadString('\n')
}

func open(t *testing.T) (*proxy.Proxy, chan string) {
	t.Helper()
	target, got := echo(t)
	p, err := proxy.New(target)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p, got
}

// When this fails no test that breaks connections breaks any.
func TestConnectionsBreakAndComeBack(t *testing.T) {
	t.Parallel()
	for _, mode := range []proxy.Mode{proxy.Cut, proxy.Reset} {
		p, _ := open(t)
		before := dial(t, p)
		reply, err := before.say("one", soon)
		require.NoError(t, err)
		require.Equal(t, "one\n", reply)
		p.Set(mode, 0)
		_, err = before.say("two", soon)
		require.Error(t, err, mode)
		if late, err := tryDial(t, p); err == nil { // a reset may be as quick as the dial
			_, err = late.say("three", soon)
			require.Error(t, err, mode)
		}
		p.Set(proxy.Pass, 0)
		reply, err = dial(t, p).say("four", soon)
		require.NoError(t, err)
		require.Equal(t, "four\n", reply)
	}
}

// When this fails a partition of the network is no partition, or loses what was on its way.
func TestSilence(t *testing.T) {
	t.Parallel()
	p, got := open(t)
	c := dial(t, p)
	p.Set(proxy.Silent, 0)
	_, err := c.say("one", 100*time.Millisecond)
	require.Error(t, err)
	require.Empty(t, got)
	p.Set(proxy.Pass, 0)
	require.NoError(t, c.conn.SetReadDeadline(time.Now().Add(soon)))
	reply, err := c.lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "one\n", reply)
}

// When this fails a slow neighbour is as quick as any.
func TestSlowness(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	p.Set(proxy.Slow, 150*time.Millisecond)
	began := time.Now()
	_, err := dial(t, p).say("one", soon)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond, "there and back")
}

// When this fails nobody can lose the answer to a COMMIT, which is the one that matters.
func TestOneReplyIsLost(t *testing.T) {
	t.Parallel()
	p, got := open(t)
	c, other := dial(t, p), dial(t, p)
	lost := p.LoseReply("commit")
	_, err := c.say("begin", soon)
	require.NoError(t, err)
	_, err = c.say("commit", soon)
	require.Error(t, err)
	<-lost
	require.Equal(t, "begin", <-got)
	require.Equal(t, "commit", <-got, "it was carried out")
	reply, err := other.say("commit", soon)
	require.NoError(t, err, "once is enough")
	require.Equal(t, "commit\n", reply)
}
