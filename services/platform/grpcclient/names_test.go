package grpcclient_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
)

// foundIn is how soon a client must know of a change of a peer's pods, with room for a busy machine.
const foundIn = 15 * time.Second

// twoPods serves on one port of two addresses and returns the port.
func twoPods(t *testing.T) string {
	t.Helper()
	_, first := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { return "127.0.0.1", nil })
	_, port, err := net.SplitHostPort(first)
	require.NoError(t, err)
	serve(t, "127.0.0.2:"+port, func(context.Context, proto.Message) (string, error) { return "127.0.0.2", nil })
	return port
}

// A pod that is added must get work soon, and one that ends must get none before it is gone: otherwise scaling out does nothing for
// minutes, and a quick upgrade leaves callers with addresses that nobody has any more. No connection breaks here.
func TestClientsFollowTheNamesOfAPeer(t *testing.T) {
	t.Parallel()
	port := twoPods(t)
	var pods atomic.Pointer[[]string]
	pods.Store(&[]string{"127.0.0.1"})
	conn := dial(t, grpcclient.Config{Addr: "echo:" + port, Lookup: func(_ context.Context, host string) ([]string, error) {
		if host != "echo" {
			return nil, errors.New("nobody asked for " + host)
		}
		return append([]string(nil), *pods.Load()...), nil
	}})
	answered := func(by string) func() bool {
		return func() bool {
			name, err := call(t.Context(), t, conn)
			return err == nil && name == by
		}
	}
	require.Eventually(t, answered("127.0.0.1"), foundIn, time.Millisecond)
	pods.Store(&[]string{"127.0.0.2", "127.0.0.1"})
	require.Eventually(t, answered("127.0.0.2"), foundIn, time.Millisecond, "the new pod gets calls")
	pods.Store(&[]string{"127.0.0.2"})
	streak := 0
	require.Eventually(t, func() bool {
		if streak++; !answered("127.0.0.2")() {
			streak = 0
		}
		return streak >= 20
	}, foundIn, time.Millisecond, "the old one gets none any more")
}

// When the name server is away, services must go on calling the peers they know.
func TestClientsKeepWhatTheyKnow(t *testing.T) {
	t.Parallel()
	port := twoPods(t)
	var looks atomic.Int64
	conn := dial(t, grpcclient.Config{Addr: "echo:" + port, Lookup: func(context.Context, string) ([]string, error) {
		if looks.Add(1) > 1 {
			return nil, errors.New("no such host")
		}
		return []string{"127.0.0.1"}, nil
	}})
	require.Eventually(t, func() bool { _, err := call(t.Context(), t, conn); return err == nil && looks.Load() > 2 }, foundIn, time.Millisecond)
	name, err := call(t.Context(), t, conn)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", name)
}
