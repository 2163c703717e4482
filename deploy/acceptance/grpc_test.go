package acceptance_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// dial connects to the port that also serves REST.
func (s *shop) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	host, plain := strings.CutPrefix(s.url, "http://")
	transport := insecure.NewCredentials()
	if !plain {
		host, transport = strings.TrimPrefix(s.url, "https://"), credentials.NewClientTLSFromCert(nil, "")
	}
	conn, err := grpc.NewClient(host, grpc.WithTransportCredentials(transport))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// with adds an idempotency key, and a token if there is one.
func with(ctx context.Context, token string) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", id.New())
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// reasonOf is the reason that a gRPC refusal carries.
func reasonOf(t *testing.T, err error) (codes.Code, string, []string) {
	t.Helper()
	st, ok := status.FromError(err)
	require.True(t, ok, "%v", err)
	reason, paths := "", []string(nil)
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				paths = append(paths, v.GetField())
			}
		}
	}
	return st.Code(), reason, paths
}

// When this fails apps that speak gRPC cannot browse or buy: the same port, the same rules, the same shop.
func TestGuestBuysOverGRPC(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	conn := theShop.dial(t)
	catalogue, carts := storefrontv1.NewCatalogServiceClient(conn), storefrontv1.NewCartServiceClient(conn)
	checkouts, orders := storefrontv1.NewCheckoutServiceClient(conn), storefrontv1.NewOrderServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	page, err := catalogue.GetProduct(ctx, &storefrontv1.GetProductRequest{Product: thing.handle, Channel: m.channel})
	require.NoError(t, err)
	require.Equal(t, "GBP 10.00", text(page.GetProduct().GetVariants()[0].GetPrice().GetAmount()))
	list, err := catalogue.ListProducts(ctx, &storefrontv1.ListProductsRequest{Channel: m.channel, PageSize: 1})
	require.NoError(t, err)
	require.Len(t, list.GetProducts(), 1)

	cart, err := carts.CreateCart(with(ctx, ""), &storefrontv1.CreateCartRequest{Channel: m.channel, Lines: []*storefrontv1.LineInput{units(thing, 2)}})
	require.NoError(t, err)
	email := "grpc@example.com"
	_, err = carts.UpdateCart(with(ctx, ""), &storefrontv1.UpdateCartRequest{CartId: cart.GetCart().GetId(), Email: &email, ShippingAddress: britain()})
	require.NoError(t, err)
	_, err = carts.SetShippingOption(with(ctx, ""), &storefrontv1.SetShippingOptionRequest{CartId: cart.GetCart().GetId(), Key: "standard"})
	require.NoError(t, err)
	buy := &storefrontv1.CheckoutRequest{CartId: cart.GetCart().GetId(), Payment: card("ok")}
	_, err = checkouts.Checkout(ctx, buy)
	code, reason, _ := reasonOf(t, err)
	require.Equal(t, codes.InvalidArgument, code)
	require.Equal(t, "IDEMPOTENCY_KEY_REQUIRED", reason)
	keyed := with(ctx, "")
	bought, err := checkouts.Checkout(keyed, buy)
	require.NoError(t, err)
	var header metadata.MD
	again, err := checkouts.Checkout(keyed, buy, grpc.Header(&header))
	require.NoError(t, err)
	require.Equal(t, bought.GetOrder().GetId(), again.GetOrder().GetId())
	require.Equal(t, []string{"true"}, header.Get("idempotent-replayed"))
	theShop.guest(t).settled(bought.GetOrder().GetId())
	order, err := orders.GetOrder(ctx, &storefrontv1.GetOrderRequest{OrderId: bought.GetOrder().GetId()})
	require.NoError(t, err)
	require.Equal(t, placed, order.GetOrder().GetStatus())
	require.Equal(t, moved{Authorized: 2395, Captured: 2395}, theShop.moved(t, order.GetOrder().GetId()))
}

// When this fails gRPC clients get round the rules that REST clients are held to.
func TestGRPCRefusals(t *testing.T) {
	t.Parallel()
	conn := theShop.dial(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	carts, admin := storefrontv1.NewCartServiceClient(conn), adminv1.NewOrderAdminServiceClient(conn)
	customer := theShop.customer(t)
	staff := with(ctx, theShop.staffToken)
	for name, c := range map[string]struct {
		call   func() error
		code   codes.Code
		reason string
		path   string
	}{
		"no token": {func() error {
			_, err := admin.ListOrders(ctx, &adminv1.ListOrdersRequest{})
			return err
		}, codes.Unauthenticated, "TOKEN_MISSING", ""},
		"customer in the back office": {func() error {
			_, err := admin.ListOrders(with(ctx, customer.token), &adminv1.ListOrdersRequest{})
			return err
		}, codes.PermissionDenied, "SCOPE_MISSING", ""},
		"two tokens": {func() error {
			_, err := admin.ListOrders(with(staff, theShop.staffToken), &adminv1.ListOrdersRequest{})
			return err
		}, codes.InvalidArgument, "AUTHORIZATION_REPEATED", ""},
		"principal claimed by the client": {func() error {
			claimed := metadata.AppendToOutgoingContext(ctx, "cartwright-principal", `{"kind":"staff","subject":"eve","scopes":["orders:read"]}`)
			_, err := admin.ListOrders(claimed, &adminv1.ListOrdersRequest{})
			return err
		}, codes.Unauthenticated, "TOKEN_MISSING", ""},
		"quantity": {func() error {
			_, err := carts.AddLines(ctx, &storefrontv1.AddLinesRequest{CartId: id.Secret(), Lines: []*storefrontv1.LineInput{{Sku: "A", Quantity: -1}}})
			return err
		}, codes.InvalidArgument, "QTY_RANGE", "lines[0].quantity"},
		"card number": {func() error {
			note := "4242 4242 4242 4242"
			_, err := carts.UpdateCart(ctx, &storefrontv1.UpdateCartRequest{CartId: id.Secret(), Note: &note})
			return err
		}, codes.FailedPrecondition, "PAN_NOT_ACCEPTED", "note"},
		"unknown cart": {func() error {
			_, err := carts.GetCart(ctx, &storefrontv1.GetCartRequest{CartId: id.Secret()})
			return err
		}, codes.NotFound, "CART_NOT_FOUND", ""},
		"unknown method": {func() error {
			return conn.Invoke(ctx, "/cartwright.storefront.v1.CartService/StealCart", &storefrontv1.GetCartRequest{}, &storefrontv1.GetCartResponse{})
		}, codes.Unimplemented, "", ""},
		"internal service": {func() error {
			return conn.Invoke(ctx, "/cartwright.cart.v1.CartService/GetCart", &storefrontv1.GetCartRequest{}, &storefrontv1.GetCartResponse{})
		}, codes.Unimplemented, "", ""},
		"message above 1 MiB": {func() error {
			note := strings.Repeat("x", 1<<20)
			_, err := carts.UpdateCart(ctx, &storefrontv1.UpdateCartRequest{CartId: id.Secret(), Note: &note})
			return err
		}, codes.ResourceExhausted, "", ""},
		"deadline of a nanosecond": {func() error {
			short, cancel := context.WithTimeout(ctx, time.Nanosecond)
			defer cancel()
			_, err := carts.GetCart(short, &storefrontv1.GetCartRequest{CartId: id.Secret()})
			return err
		}, codes.DeadlineExceeded, "", ""},
	} {
		code, reason, paths := reasonOf(t, c.call())
		require.Equal(t, c.code, code, name)
		if c.reason != "" {
			require.Equal(t, c.reason, reason, name)
		}
		if c.path != "" {
			require.Contains(t, paths, c.path, name)
		}
	}
}

// When this fails tools that speak gRPC cannot move a catalogue in and out.
func TestFilesOverGRPC(t *testing.T) {
	t.Parallel()
	m := theShop.market(files)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := adminv1.NewTransferAdminServiceClient(theShop.dial(t))
	suffix := handleOf(t)
	stream, err := client.ImportProducts(with(ctx, theShop.staffToken))
	require.NoError(t, err)
	require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Header{Header: &adminv1.ImportHeader{
		Channel: m.channel, PriceListKey: m.priceList, CurrencyCode: m.currency, LocationKey: theShop.location(),
	}}}))
	text := apparel(suffix).text(t)
	for _, chunk := range []string{text[:700], text[700:]} {
		require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Chunk{Chunk: []byte(chunk)}}))
	}
	answer, err := stream.CloseAndRecv()
	require.NoError(t, err)
	require.Equal(t, int32(2), answer.GetReport().GetProductsCreated())

	export, err := client.ExportProducts(with(ctx, theShop.staffToken), &adminv1.ExportProductsRequest{Channel: m.channel, Status: adminv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED})
	require.NoError(t, err)
	var file strings.Builder
	for {
		part, err := export.Recv()
		if err != nil {
			break
		}
		file.Write(part.GetChunk())
	}
	require.Contains(t, file.String(), "shirt-"+suffix)
	refused, err := client.ImportProducts(ctx)
	require.NoError(t, err)
	_, err = refused.CloseAndRecv()
	code, _, _ := reasonOf(t, err)
	require.Equal(t, codes.Unauthenticated, code)
}
