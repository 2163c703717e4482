package acceptance_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// inside connects to a service behind the gateway as another service.
func (s *shop) inside(t *testing.T, as, to string) *grpc.ClientConn {
	t.Helper()
	with := insecure.NewCredentials()
	if as != "" {
		var own *mtls.Identity
		require.Eventually(t, func() bool { // they may be being renewed
			var err error
			own, err = mtlstest.Open(s.own.Certificate(as), as)
			return err == nil
		}, slowest, 10*time.Millisecond)
		with = own.Client(to)
	}
	conn, err := grpc.NewClient(s.own.Address(to), grpc.WithTransportCredentials(with))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// When this fails, whoever gets a foot into the network, or one service's certificate, can reserve all stock and refund all
// payments.
func TestServicesServeOnlyWhomTheirContractsName(t *testing.T) {
	t.Parallel()
	if theShop.own == nil {
		theShop.leaveOut(t, "the services of somebody else's shop cannot be reached")
		return
	}
	reserve := func(as string) error {
		_, err := inventoryv1.NewInventoryServiceClient(theShop.inside(t, as, "inventory")).Reserve(t.Context(), &inventoryv1.ReserveRequest{})
		return errs.FromGRPC(err)
	}
	require.Equal(t, errs.Unavailable, errs.CodeOf(reserve("")), "plaintext")
	for _, as := range []string{"gateway", "payment", "product", "pricing"} {
		require.Equal(t, "CALLER_NOT_ALLOWED", errs.ReasonOf(reserve(as)), as)
		require.Equal(t, errs.PermissionDenied, errs.CodeOf(reserve(as)), as)
	}
	require.Equal(t, errs.Invalid, errs.CodeOf(reserve("cart")), "an empty reservation is refused for what it is")
	_, err := paymentv1.NewPaymentServiceClient(theShop.inside(t, "gateway", "payment")).RefundPayment(t.Context(), &paymentv1.RefundPaymentRequest{})
	require.Equal(t, "CALLER_NOT_ALLOWED", errs.ReasonOf(errs.FromGRPC(err)))
}

// When this fails, the renewal of certificates each few weeks loses orders, or needs a restart of everything.
func TestCertificatesAreRenewedWhilePeopleBuy(t *testing.T) {
	t.Parallel()
	if theShop.own == nil {
		theShop.leaveOut(t, "the certificates of somebody else's shop cannot be changed")
		return
	}
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	renewed := func(service string) bool {
		status, metrics := theShop.page(t, theShop.own.OpsURL(service)+"/metrics")
		return status == http.StatusOK && strings.Contains(metrics, "\nmtls_reloads_total{result=\"ok\"} 1\n")
	}
	pids := theShop.own.Pids()
	require.NoError(t, theShop.own.RenewCertificates())
	for _, service := range stack.ServiceNames {
		require.Eventually(t, func() bool {
			theShop.guest(t).fill(m, units(thing, 1))
			return renewed(service)
		}, slowest, 50*time.Millisecond, service)
	}
	theShop.guest(t).fill(m, units(thing, 1)).ready().bought(card("ok"))
	require.Equal(t, pids, theShop.own.Pids(), "nothing was started anew")
}

// page reads a page of a service's ops port.
func (s *shop) page(t *testing.T, address string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}
