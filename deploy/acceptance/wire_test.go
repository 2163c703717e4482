package acceptance_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// wire sends bytes as no client would and reads one answer. A shop behind TLS is not spoken to in this way.
func (s *shop) wire(t *testing.T, text string) *http.Response {
	t.Helper()
	address, err := url.Parse(s.url)
	require.NoError(t, err)
	conn, err := net.DialTimeout("tcp", address.Host, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(slowest)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err, "the shop answers before it hangs up")
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// When this fails one broken or hostile connection can hold the shop, or smuggle a request past it.
func TestHostileConnections(t *testing.T) {
	t.Parallel()
	if strings.HasPrefix(theShop.url, "https:") {
		theShop.leaveOut(t, "the shop is behind TLS")
		return
	}
	t.Run("headers above the limit", func(t *testing.T) {
		t.Parallel()
		answer := theShop.wire(t, "GET /v1/channels HTTP/1.1\r\nHost: shop\r\nX-Long: "+strings.Repeat("x", 24<<10)+"\r\n\r\n")
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
	})
	t.Run("a body without end", func(t *testing.T) {
		t.Parallel()
		answer := theShop.wire(t, "POST /v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"not\r\n")
		require.Contains(t, []int{http.StatusRequestTimeout, http.StatusBadRequest}, answer.StatusCode)
	})
	t.Run("two lengths", func(t *testing.T) {
		t.Parallel()
		smuggled := "0\r\n\r\nGET /v1/channels HTTP/1.1\r\nHost: shop\r\n\r\n"
		answer := theShop.wire(t, fmt.Sprintf("POST /v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s", len(smuggled), smuggled))
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	})
	t.Run("two Authorization headers", func(t *testing.T) {
		t.Parallel()
		answer := theShop.wire(t, "GET /v1/me/orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n")
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	})
	t.Run("no HTTP", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusBadRequest, theShop.wire(t, "EHLO shop\r\n\r\n").StatusCode)
	})
}

// When this fails one client with many calls at once keeps the others out: 300 calls on one connection.
func TestManyCallsOnOneConnection(t *testing.T) {
	t.Parallel()
	client := storefrontv1.NewCatalogServiceClient(theShop.dial(t))
	ctx, cancel := context.WithTimeout(t.Context(), slowest)
	defer cancel()
	answers := make([]error, 300)
	var all sync.WaitGroup
	for n := range answers {
		all.Go(func() { _, answers[n] = client.ListChannels(ctx, &storefrontv1.ListChannelsRequest{}) })
	}
	all.Wait()
	for _, err := range answers {
		require.NoError(t, err)
	}
}
