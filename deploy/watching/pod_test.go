package watching_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

const (
	// soon is how long a process may take from its start until it is ready.
	soon = 2 * time.Second
	// tries is how often a process is started at most: on a machine that does much else, the fastest start tells.
	tries = 5
	// idle is how many clients stay connected and say nothing.
	idle = 10_000
	// spare is the gateway that has no other clients.
	spare = "gateway-2"
)

// clock starts one more process of each service, and notes how long the fastest start took. The second gateway stays.
func (s *scene) clock(ctx context.Context) error {
	s.starts = map[string]time.Duration{}
	for _, service := range stack.ServiceNames {
		ports, err := free(2)
		if err != nil {
			return err
		}
		as := service + "-2"
		for try := range tries {
			began := time.Now()
			if try == 0 {
				err = s.shop.Second(ctx, service, as, [2]int(ports))
			} else {
				s.shop.Terminate(as)
				began = time.Now()
				err = s.shop.Restart(ctx, as)
			}
			if err != nil {
				return err
			}
			if took := time.Since(began); try == 0 || took < s.starts[service] {
				s.starts[service] = took
			}
			if s.starts[service] <= soon {
				break
			}
		}
		if as != spare {
			s.shop.Terminate(as)
		}
	}
	return nil
}

// free asks the system for ports that nobody uses.
func free(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// When it fails, the autoscaler's pods come too late for a rush, and a node that is lost is missed for longer.
func TestServicesAreReadySoon(t *testing.T) {
	t.Parallel()
	require.Len(t, watched.starts, len(stack.ServiceNames))
	for service, took := range watched.starts {
		t.Logf("%s was ready after %s", service, took.Round(time.Millisecond))
		require.LessOrEqual(t, took, soon, service)
	}
}

// figure is what a process tells under one name, without labels.
func figure(t *testing.T, process, name string) float64 {
	t.Helper()
	text, err := fetch(t.Context(), watched.shop.OpsURL(process)+"/metrics")
	require.NoError(t, err)
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			require.NoError(t, err)
			return number
		}
	}
	require.Fail(t, "nobody tells "+name)
	return 0
}

// memoryLimit is what the chart lets a pod of the gateway have, in bytes.
func memoryLimit(t *testing.T) float64 {
	t.Helper()
	text, err := os.ReadFile("../../charts/gateway/values.yaml")
	require.NoError(t, err)
	match := regexp.MustCompile(`limits: \{memory: (\d+)Mi\}`).FindSubmatch(text)
	require.NotNil(t, match)
	limit, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	return float64(limit << 20)
}

// visit connects, asks once and stays.
func visit(address string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return conn, err
	}
	if _, err := io.WriteString(conn, "GET /v1/nothing HTTP/1.1\r\nHost: shop\r\n\r\n"); err != nil {
		return conn, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return conn, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.Close {
		err = fmt.Errorf("the gateway hangs up after %s", answer.Status)
	}
	return conn, err
}

// crowd are clients that have asked once and stay connected.
func crowd(t *testing.T, address string, count int) (leave func()) {
	t.Helper()
	conns, failed := make([]net.Conn, count), make([]error, 32)
	var all sync.WaitGroup
	for worker := range failed {
		all.Go(func() {
			for n := worker; n < count && failed[worker] == nil; n += len(failed) {
				conns[n], failed[worker] = visit(address)
			}
		})
	}
	all.Wait()
	leave = func() {
		for _, conn := range conns {
			if tcp, open := conn.(*net.TCPConn); open {
				_ = tcp.SetLinger(0) // leaves no port in TIME_WAIT behind
				_ = tcp.Close()
			}
		}
	}
	t.Cleanup(leave)
	for _, err := range failed {
		require.NoError(t, err)
	}
	return leave
}

// clients is how many of the idle clients this machine lets a process have.
func clients(t *testing.T) int {
	t.Helper()
	var files syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	if room := int(min(files.Cur, idle+1000)) - 1000; room < idle {
		fmt.Printf("NOT RUN: %d of %d idle clients: a process may have %d files here\n", idle-room, idle, files.Cur)
		return room
	}
	return idle
}

// When it fails, browsers that keep a connection and say nothing have the gateway killed for its memory, or keep others out.
func TestIdleClientsCostLittle(t *testing.T) {
	t.Parallel()
	count := clients(t)
	before := figure(t, spare, "process_resident_memory_bytes")
	leave := crowd(t, watched.spare, count)
	require.GreaterOrEqual(t, figure(t, spare, "process_open_fds"), float64(count), "all are connected")
	used := figure(t, spare, "process_resident_memory_bytes")
	t.Logf("%d idle clients: %.0f MiB, %.0f MiB before, %.1f KiB each", count, used/(1<<20), before/(1<<20), (used-before)/1024/float64(count))
	require.Less(t, used, memoryLimit(t))

	conn, err := visit(watched.spare)
	require.NoError(t, err, "one more is served")
	_ = conn.Close()
	leave()
	for deadline := time.Now().Add(patience); figure(t, spare, "process_open_fds") > 200 || figure(t, spare, "go_goroutines") > 500; {
		require.True(t, time.Now().Before(deadline), "connections stay behind")
		select {
		case <-time.After(100 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}
