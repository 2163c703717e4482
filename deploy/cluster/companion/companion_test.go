package companion

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// When the reaper picks the wrong process, the proof kills what it did not mean to, or nothing at all and calls that survived.
func TestFindsTheProgramOfAContainer(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	const mine, other = "0123456789abcdef0123", "fedcba98765432100000"
	for pid, of := range map[string][2]string{"7": {"cart", other}, "8": {"sh", mine}, "9": {"cart", mine}, "self": {"cart", mine}} {
		require.NoError(t, os.MkdirAll(filepath.Join(proc, pid), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(of[0]+"\n"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(proc, pid, "cgroup"), []byte("3:pids:/kubepods/podx/"+of[1]+"\n"), 0o644))
	}
	pid, err := find(proc, mine, "cart")
	require.NoError(t, err)
	require.Equal(t, 9, pid)
	_, err = find(proc, "00000000000000000000", "cart")
	require.Error(t, err)
	_, err = find(proc, "", "cart")
	require.Error(t, err, "an empty name is in every path")
}

// Without the way in nobody outside can look at the shop; with one that answers before it is through, what is broken looks well.
func TestLeadsToWhereItIsAsked(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(there.Close)
	way := httptest.NewServer(http.HandlerFunc(lead))
	t.Cleanup(way.Close)
	ask := func(target string) (*http.Response, net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", way.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
		reader := bufio.NewReader(conn)
		answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
		require.NoError(t, err)
		return answer, conn, reader
	}
	answer, conn, reader := ask(there.Listener.Addr().String())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	led, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	text, err := io.ReadAll(led.Body)
	require.NoError(t, err)
	require.NoError(t, led.Body.Close())
	require.Equal(t, "hello", string(text))

	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	answer, _, _ = ask(closed.Listener.Addr().String())
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
}

// The proof of network policies is this list; an address that was not reached must not be told as reached.
func TestTellsWhatCanBeReached(t *testing.T) {
	t.Parallel()
	open := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(open.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	var output bytes.Buffer
	require.NoError(t, Dial(t.Context(), []string{"a=" + open.Listener.Addr().String(), "b=" + closed.Listener.Addr().String()}, &output))
	require.JSONEq(t, `{"a": true, "b": false}`, output.String())
	require.Error(t, Dial(t.Context(), []string{strings.TrimPrefix(open.URL, "http://")}, io.Discard))
}
