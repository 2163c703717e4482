package grpcclient_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
)

// foundIn is how soon a client must know of a change of a peer's pods, with room for a busy machine.
const foundIn = 15 * time.Second

// nameServer answers every question for an IPv4 address with those that are stored in pods, and returns where it is asked.
func nameServer(t *testing.T, pods *atomic.Pointer[[][4]byte]) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer, err := answerTo(packet[:n], *pods.Load()); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return conn.LocalAddr().String()
}

func answerTo(packet []byte, ips [][4]byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, question := range m.Questions {
		for _, ip := range ips {
			if question.Type != dnsmessage.TypeA {
				break
			}
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 1}, Body: &dnsmessage.AResource{A: ip},
			})
		}
	}
	return m.Pack()
}

// A pod that is added must get work soon, and one that ends must get none before it is gone: otherwise scaling out does nothing for
// minutes, and a quick upgrade leaves callers with addresses that nobody has any more. No connection breaks here.
func TestClientsFollowTheNamesOfAPeer(t *testing.T) {
	t.Parallel()
	one, two := [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2}
	_, first := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { return "one", nil })
	_, port, err := net.SplitHostPort(first)
	require.NoError(t, err)
	serve(t, "127.0.0.2:"+port, func(context.Context, proto.Message) (string, error) { return "two", nil })
	var pods atomic.Pointer[[][4]byte]
	pods.Store(&[][4]byte{one})
	conn := dial(t, grpcclient.Config{Addr: "dns://" + nameServer(t, &pods) + "/echo.test.:" + port})
	answered := func(by string) func() bool {
		return func() bool {
			name, err := call(t.Context(), t, conn)
			return err == nil && name == by
		}
	}
	require.Eventually(t, answered("one"), foundIn, time.Millisecond)
	pods.Store(&[][4]byte{one, two})
	require.Eventually(t, answered("two"), foundIn, time.Millisecond, "the new pod gets calls")
	pods.Store(&[][4]byte{two})
	streak := 0
	require.Eventually(t, func() bool {
		if streak++; !answered("two")() {
			streak = 0
		}
		return streak >= 20
	}, foundIn, time.Millisecond, "the old one gets none any more")
}
