package overload

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// longEnough is more than an answer takes on a machine that has much to do.
const longEnough = time.Minute

// peer listens until the test ends and lets answer see each request, the first of all as 1. It goes on reading a connection as
// long as answer says so, and closes it then.
func peer(t *testing.T, answer func(n int64, w io.Writer) bool) (address string, seen *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	seen = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				reader := bufio.NewReader(conn)
				for {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					if !answer(seen.Add(1), conn) {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), seen
}

func whole(w io.Writer) {
	_, _ = fmt.Fprint(w, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
}

var ask = []byte("PUT /v1/carts/1/shipping-option HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n{}")

// A shop may close connections that rest; whoever counted that as its failure would blame it for what every client bears.
func TestAConnectionThatRestedMayBeClosed(t *testing.T) {
	t.Parallel()
	address, seen := peer(t, func(_ int64, w io.Writer) bool {
		whole(w)
		return false
	})
	w := newWire(address)
	defer w.close()
	w.wait = longEnough
	for range 3 {
		a, err := w.send(ask)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status)
	}
	require.EqualValues(t, 3, seen.Load())
}

// An answer that breaks off is what a buyer sees; asking again would hide it and change a cart a second time.
func TestACutAnswerIsAFailure(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"in the head": "HTTP/1.1 200 OK\r\nContent-Le",
		"in the body": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
	} {
		address, seen := peer(t, func(n int64, w io.Writer) bool {
			if n == 2 {
				_, _ = fmt.Fprint(w, part)
				return false
			}
			whole(w)
			return true
		})
		w := newWire(address)
		w.wait = longEnough
		_, err := w.send(ask)
		require.NoError(t, err, name)
		a, err := w.send(ask)
		require.Error(t, err, name)
		require.Equal(t, failed, fateOf(a, err), name)
		require.EqualValues(t, 2, seen.Load(), name)
		w.close()
	}
}

// A shop that hangs would look well if whoever waited in vain asked once more and counted that answer alone.
func TestNoAnswerInTimeIsAFailure(t *testing.T) {
	t.Parallel()
	address, seen := peer(t, func(n int64, w io.Writer) bool {
		if n != 2 {
			whole(w)
		}
		return true
	})
	w := newWire(address)
	defer w.close()
	w.wait = longEnough
	_, err := w.send(ask)
	require.NoError(t, err)
	w.wait = 2 * time.Second // the peer has to read the request, no more
	a, err := w.send(ask)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Equal(t, failed, fateOf(a, err))
	require.LessOrEqual(t, seen.Load(), int64(2))
}

// A connection that is new and closed at once is a shop that is down, and asking on would never end.
func TestANewConnectionThatIsClosedIsAFailure(t *testing.T) {
	t.Parallel()
	address, seen := peer(t, func(int64, io.Writer) bool { return false })
	w := newWire(address)
	defer w.close()
	w.wait = longEnough
	a, err := w.send(ask)
	require.ErrorIs(t, err, errClosed)
	require.Equal(t, failed, fateOf(a, err))
	require.EqualValues(t, 1, seen.Load())
}
