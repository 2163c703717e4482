package app_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// bytesCodec sends bytes as they are, as a client with a broken encoder would.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (bytesCodec) Name() string                       { return "proto" }

// An app that speaks gRPC gets the same answers and reasons as one that speaks REST.
func TestGRPCAnswersLikeREST(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	conn := s.dial()
	catalog, carts := storefrontv1.NewCatalogServiceClient(conn), storefrontv1.NewCartServiceClient(conn)
	var header metadata.MD
	page, err := catalog.ListProducts(contextWith(t.Context()), &storefrontv1.ListProductsRequest{}, grpc.Header(&header))
	require.NoError(t, err)
	require.True(t, proto.Equal(list(t, s, "/v1/products"), page))
	require.NotEmpty(t, header.Get("cartwright-request-id"))
	require.NotEmpty(t, header.Get("x-request-id"))

	_, err = carts.AddLines(t.Context(), &storefrontv1.AddLinesRequest{CartId: "mfrggzdfmztwq2lknnwg23tpoa", Lines: []*storefrontv1.LineInput{{Sku: "A"}}})
	require.Equal(t, "QTY_RANGE", errs.ReasonOf(errs.FromGRPC(err)))
	require.Equal(t, "lines[0].quantity", errs.FieldsOf(errs.FromGRPC(err))[0].Path)
	_, err = carts.GetMyCart(t.Context(), &storefrontv1.GetMyCartRequest{})
	require.Equal(t, codes.Unauthenticated, status.Code(err))
	soldOut := errs.Define(errs.FailedPrecondition, "SOLD_OUT", "Not enough.")
	s.cart.on("/cartwright.cart.v1.CartService/GetCart", refuse(soldOut.New("Gone.").Meta("available", "0").Because(errors.New("secret"))))
	_, err = carts.GetCart(t.Context(), &storefrontv1.GetCartRequest{CartId: "mfrggzdfmztwq2lknnwg23tpoa"})
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(errs.FromGRPC(err)))
	require.Equal(t, "0", errs.MetaOf(errs.FromGRPC(err), "available"))
	require.NotContains(t, err.Error(), "secret")
}

// Bytes that are no message are the client's mistake and must be told as one.
func TestWrongGRPCCallsAreNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	conn := s.dial()
	const create = "/cartwright.storefront.v1.CartService/CreateCart"
	send := func(ctx context.Context, method string, body []byte) error {
		var out []byte
		return errs.FromGRPC(conn.Invoke(ctx, method, body, &out, grpc.ForceCodec(bytesCodec{})))
	}
	note := func(text string) []byte { return append([]byte{0x2a, byte(len(text))}, text...) } // field 5, e-mail
	large, err := proto.Marshal(&storefrontv1.CreateCartRequest{Email: strings.Repeat("a", 1<<20)})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		method string
		body   []byte
		code   codes.Code
		reason string
	}{
		"no message":     {create, []byte{0xff, 0xff, 0xff}, codes.InvalidArgument, "MESSAGE_MALFORMED"},
		"no UTF-8":       {create, note("\xff"), codes.InvalidArgument, "UTF8_INVALID"},
		"NUL":            {create, note("a\x00b"), codes.InvalidArgument, "CHAR_NOT_ALLOWED"},
		"card number":    {create, note("4242424242424242"), codes.FailedPrecondition, "PAN_NOT_ACCEPTED"},
		"1 MiB and more": {create, large, codes.ResourceExhausted, "MESSAGE_TOO_LARGE"},
		"no method":      {"/cartwright.storefront.v1.CartService/Nothing", nil, codes.Unimplemented, "UNIMPLEMENTED"},
		"no service":     {"/cartwright.product.v1.ProductService/DeleteProduct", nil, codes.Unimplemented, "UNIMPLEMENTED"},
		"reflection":     {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", nil, codes.Unimplemented, "UNIMPLEMENTED"},
		"health":         {"/grpc.health.v1.Health/Check", nil, codes.Unimplemented, "UNIMPLEMENTED"},
		"no path":        {"/x", nil, codes.Unimplemented, "UNIMPLEMENTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := send(t.Context(), c.method, c.body)
			require.Equal(t, c.reason, errs.ReasonOf(err), "%v", err)
			require.Equal(t, c.code, status.Code(err))
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	require.Equal(t, "DEADLINE_EXCEEDED", errs.ReasonOf(send(ctx, create, nil)))
	require.Empty(t, s.journal.since(0))
}

// A call without a deadline gets the gateway's, and so do the calls it makes.
func TestCallsEndAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := open(t, shortDeadline)
	s.cart.on("/cartwright.cart.v1.CheckoutService/Checkout", hang)
	route := routeTo(t, "Checkout")
	r := requestOf(t, route, fullForms(route.Method.Input())[0])
	r.key = "k"
	began := time.Now()
	s.send(r).refused(t, 504, "DEADLINE_EXCEEDED")
	require.Less(t, time.Since(began), 5*time.Second)
	in := decoded(t, messageType(t, route.Method.Input()), fullForms(route.Method.Input())[0])
	err := s.dial().Invoke(contextWith(t.Context(), "idempotency-key", "k"), fullName(route.Method), in, methodType(t, "Checkout"))
	require.Equal(t, "DEADLINE_EXCEEDED", errs.ReasonOf(errs.FromGRPC(err)))
	require.Less(t, time.Since(began), 10*time.Second)
}

// Hundreds of calls at once on one connection are all answered, in turns.
func TestManyStreamsOnOneConnection(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.MinConcurrent = c.MaxConcurrent }) // so that none is refused for being many
	goods(s)
	conn := s.dial()
	catalog := storefrontv1.NewCatalogServiceClient(conn)
	var group sync.WaitGroup
	failed := make(chan error, 600)
	for range 600 {
		group.Go(func() {
			if _, err := catalog.ListProducts(t.Context(), &storefrontv1.ListProductsRequest{}); err != nil {
				failed <- err
			}
		})
	}
	group.Wait()
	require.Empty(t, failed)
}
