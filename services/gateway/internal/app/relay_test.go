package app_test

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// composed are the methods whose answer the gateway puts together itself; all others go to one service as they are.
func composed(method protoreflect.MethodDescriptor) bool {
	return method.Parent().Name() == "CatalogService" || method.Name() == "ListPaymentMethods" || method.Name() == "LookupGiftCard"
}

// relayed are the routes that go to one service as they are.
func relayed() []contract.Route {
	var routes []contract.Route
	for _, route := range contract.Routes() {
		if !composed(route.Method) {
			routes = append(routes, route)
		}
	}
	return routes
}

// differences compares what two messages of different contracts say: every field of the first must be in the second under
// the same name, amounts of money as minor units. It returns the paths that differ.
func differences(t testing.TB, path string, one, other protoreflect.Message) []string {
	t.Helper()
	if one.Descriptor().FullName() == "cartwright.type.v1.Amount" && other.Descriptor().FullName() == "cartwright.type.v1.Money" {
		return differentMoney(t, path, one, other)
	}
	var wrong []string
	one.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := path + "." + string(field.Name())
		theirs := other.Descriptor().Fields().ByName(field.Name())
		if theirs == nil || !other.Has(theirs) {
			wrong = append(wrong, at+" is missing")
			return true
		}
		switch got := other.Get(theirs); {
		case field.IsMap():
			if value.Map().Len() != got.Map().Len() {
				wrong = append(wrong, at+" has other entries")
			}
		case field.IsList():
			if value.List().Len() != got.List().Len() {
				wrong = append(wrong, at+" has another length")
				return true
			}
			for i := range value.List().Len() {
				wrong = append(wrong, differentValues(t, fmt.Sprintf("%s[%d]", at, i), typed{field, value.List().Get(i)}, typed{theirs, got.List().Get(i)})...)
			}
		default:
			wrong = append(wrong, differentValues(t, at, typed{field, value}, typed{theirs, got})...)
		}
		return true
	})
	sort.Strings(wrong)
	return wrong
}

// typed is a value with the field that it is of.
type typed struct {
	field protoreflect.FieldDescriptor
	value protoreflect.Value
}

func differentValues(t testing.TB, path string, want, got typed) []string {
	t.Helper()
	if want.field.Message() != nil {
		return differences(t, path, want.value.Message(), got.value.Message())
	}
	one, other := want.value.String(), got.value.String()
	if want.field.Enum() != nil {
		one, other = bareName(want.field.Enum(), want.value), bareName(got.field.Enum(), got.value)
	}
	if one != other {
		return []string{fmt.Sprintf("%s is %s, not %s", path, other, one)}
	}
	return nil
}

// bareName is the name of a value without that of its type, which may differ between contracts.
func bareName(enum protoreflect.EnumDescriptor, value protoreflect.Value) string {
	prefix := regexp.MustCompile("[a-z][A-Z]").ReplaceAllStringFunc(string(enum.Name()), func(at string) string { return at[:1] + "_" + at[1:] })
	return strings.TrimPrefix(string(enum.Values().ByNumber(value.Enum()).Name()), strings.ToUpper(prefix)+"_")
}

func differentMoney(t testing.TB, path string, amount, minor protoreflect.Message) []string {
	t.Helper()
	text := func(m protoreflect.Message, field protoreflect.Name) string {
		return m.Get(m.Descriptor().Fields().ByName(field)).String()
	}
	want, err := money.Parse(text(amount, "currency_code"), text(amount, "amount"))
	require.NoError(t, err)
	if want.Currency != text(minor, "currency_code") || fmt.Sprint(want.Minor) != text(minor, "minor_units") {
		return []string{path + " is another amount"}
	}
	return nil
}

// Staff and buyers lose what they sent, or do not see what the shop says, when a field gets lost on the way. Each relayed
// method is called over HTTP with every field set, and so is the answer of the service.
func TestEveryFieldGoesThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.product.on(productv1.ProductService_ListChannels_FullMethodName, nil)
	staff, policies := s.staff(), table(t)
	for _, route := range relayed() {
		for _, form := range fullForms(route.Method.Input()) {
			if !bindable(route, form) {
				continue
			}
			r := requestOf(t, route, form)
			r.token, r.key = staff, keyFor(policies[fullName(route.Method)], "key-1")
			if !route.Body {
				form = withoutLists(form)
			}
			before := len(s.journal.since(0))
			got := s.send(r)
			answer := messageType(t, route.Method.Output()).New().Interface()
			got.message(t, answer)
			calls := s.journal.since(before)
			require.Len(t, calls, 1, "%s is one call", route.Template)
			public := decoded(t, messageType(t, route.Method.Input()), form)
			require.Empty(t, differences(t, "", public.ProtoReflect(), calls[0].request.ProtoReflect()), "request of %s", route.Template)
			checkKey(t, calls[0], r.key)
			require.Equal(t, "staff-1", calls[0].principal.Subject)
			require.Equal(t, identity.Staff, calls[0].principal.Kind)
			require.Equal(t, got.header.Get("X-Request-Id"), calls[0].requestID)
			require.Empty(t, unseen(t, route, answer), "answer of %s", route.Template)
		}
	}
}

// withoutLists leaves out lists of messages, which a query cannot carry.
func withoutLists(form map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range form {
		switch v := value.(type) {
		case map[string]any:
			out[name] = withoutLists(v)
		case []any:
			if len(v) > 0 {
				if _, message := v[0].(map[string]any); !message {
					out[name] = v
				}
			}
		default:
			out[name] = v
		}
	}
	return out
}

func checkKey(t testing.TB, call received, key string) {
	t.Helper()
	message := call.request.ProtoReflect()
	if field := message.Descriptor().Fields().ByName("request_id"); field != nil && key != "" {
		require.Equal(t, key, message.Get(field).String(), call.method)
	}
}

// unseen are the fields of an answer that stay empty although the service has filled all of its own.
func unseen(t testing.TB, route contract.Route, answer proto.Message) []string {
	t.Helper()
	var empty []string
	var walk func(path string, m protoreflect.Message, depth int)
	walk = func(path string, m protoreflect.Message, depth int) {
		for i := range m.Descriptor().Fields().Len() {
			field := m.Descriptor().Fields().Get(i)
			at := path + "." + string(field.Name())
			if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
				continue // one member is set
			}
			if !m.Has(field) {
				if depth < 5 {
					empty = append(empty, at)
				}
				continue
			}
			switch {
			case field.IsMap() || field.Message() == nil:
			case field.IsList():
				walk(at, m.Get(field).List().Get(0).Message(), depth+1)
			case field.Message().ParentFile().Package() != "google.protobuf":
				walk(at, m.Get(field).Message(), depth+1)
			}
		}
	}
	walk("", answer.ProtoReflect(), 0)
	return empty
}

// A client that repeats a call must be told that nothing happened anew, with the answer and with the refusal.
func TestAStoredAnswerSaysSo(t *testing.T) {
	t.Parallel()
	s := open(t)
	const method = "/cartwright.cart.v1.CheckoutService/Checkout"
	route := routeTo(t, "Checkout")
	r := requestOf(t, route, fullForms(route.Method.Input())[0])
	r.key = "checkout-1"
	require.Empty(t, s.send(r).header.Get("Idempotent-Replayed"))
	s.cart.on(method, replay(filled(t, methodOutput(t, method)), nil))
	got := s.send(r)
	require.Equal(t, 200, got.status, got.body)
	require.Equal(t, "true", got.header.Get("Idempotent-Replayed"))
	declined := errs.Define(errs.Unprocessable, "PAYMENT_DECLINED", "The payment was declined.")
	s.cart.on(method, replay(nil, declined.New("The payment was declined.")))
	got = s.send(r)
	got.refused(t, 422, "PAYMENT_DECLINED")
	require.Equal(t, "true", got.header.Get("Idempotent-Replayed"))
	require.Equal(t, "checkout-1", keyOf(s.cart.last(method).request))
	s.cart.on(method, replay(nil, errs.IdempotencyInProgress.New("It is still running.").RetryAfter(time.Second)))
	got = s.send(r)
	got.refused(t, 409, "IDEMPOTENCY_IN_PROGRESS")
	require.Empty(t, got.header.Get("Idempotent-Replayed"), "what still runs has no answer to repeat")
	require.Equal(t, "1", got.header.Get("Retry-After"))
}

func keyOf(m proto.Message) string {
	return m.ProtoReflect().Get(m.ProtoReflect().Descriptor().Fields().ByName("request_id")).String()
}

// routeTo is the route of a public method by its short name.
func routeTo(t testing.TB, name protoreflect.Name) contract.Route {
	t.Helper()
	for _, route := range contract.Routes() {
		if route.Method.Name() == name {
			return route
		}
	}
	require.Fail(t, "no such method", string(name))
	return contract.Route{}
}

// methodOutput is the type of an internal method's answer.
func methodOutput(t testing.TB, name string) protoreflect.MessageType {
	t.Helper()
	found, err := findMethod(name)
	require.NoError(t, err)
	return messageType(t, found.Output())
}

// A buyer without a key costs the shop a stored answer that nobody asks for, unless the service insists on a key.
func TestACallWithoutAKeySendsOneOnlyWhereItMust(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.send(request{method: "POST", path: "/v1/carts", body: `{}`}).message(t, methodType(t, "CreateCart"))
	require.Empty(t, keyOf(s.cart.last("/cartwright.cart.v1.CartService/CreateCart").request))
	route := routeTo(t, "SetPrices")
	r := requestOf(t, route, fullForms(route.Method.Input())[0])
	r.token = s.staff()
	require.Equal(t, 200, s.send(r).status)
	require.NotEmpty(t, keyOf(s.pricing.last("/cartwright.pricing.v1.PricingService/SetPrices").request))
}

func methodType(t testing.TB, name protoreflect.Name) proto.Message {
	t.Helper()
	return messageType(t, routeTo(t, name).Method.Output()).New().Interface()
}

// Who acts must be who the token says, whatever the client claims in headers of ours.
func TestIdentityComesFromTheTokenAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	forged := identity.Principal{Kind: identity.Staff, Subject: "boss", Scopes: []string{"orders:write"}}.Encode()
	header := map[string][]string{
		"Cartwright-Principal": {forged}, "Grpc-Metadata-Cartwright-Principal": {forged}, "X-User-Id": {"boss"}, "X-Priority": {"0"},
		"Grpc-Timeout": {"1n"}, "X-Http-Method-Override": {"DELETE"}, "X-Forwarded-For": {"1.2.3.4"},
	}
	const get = "/cartwright.cart.v1.CartService/GetCart"
	path := "/v1/carts/mfrggzdfmztwq2lknnwg23tpoa"
	require.Equal(t, 200, s.send(request{method: "GET", path: path, header: header}).status)
	require.True(t, s.cart.last(get).principal.IsZero())
	require.Equal(t, 200, s.send(request{method: "GET", path: path, header: header, token: s.customer()}).status)
	require.Equal(t, "customer:customer-1", s.cart.last(get).principal.Key())
	require.Equal(t, "customer-1@example.com", s.cart.last(get).principal.Email)

	conn := s.dial()
	method := routeTo(t, "GetCart").Method
	require.NotEmpty(t, invoke(t, conn, method, identity.PrincipalKey, forged), "an empty request is refused")
	in := decoded(t, messageType(t, method.Input()), map[string]any{"cartId": "mfrggzdfmztwq2lknnwg23tpoa"})
	ctx := contextWith(t.Context(), identity.PrincipalKey, forged)
	require.NoError(t, conn.Invoke(ctx, fullName(method), in, methodType(t, "GetCart")))
	require.True(t, s.cart.last(get).principal.IsZero())
}

// A refusal of a service reaches the client with its fields, facts and wait, and without what is internal.
func TestRefusalsOfServicesArriveWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	soldOut := errs.Define(errs.FailedPrecondition, "SOLD_OUT", "There is not enough stock for a line.")
	s.cart.on("/cartwright.cart.v1.CartService/AddLines", refuse(soldOut.At("lines[3].quantity", "Only 2 are left.").Meta("available", "2").
		RetryAfter(1500*1e6).Because(errs.InternalError.New("SELECT * FROM secret"))))
	r := request{method: "POST", path: "/v1/carts/mfrggzdfmztwq2lknnwg23tpoa/lines", body: `{"lines":[{"sku":"A","quantity":3}]}`}
	doc := s.send(r).refused(t, 409, "SOLD_OUT", "lines[3].quantity")
	require.Equal(t, map[string]string{"available": "2"}, doc.Meta)
	require.Equal(t, "2", s.send(r).header.Get("Retry-After"))
	require.NotContains(t, s.send(r).body, "secret")

	// A message that looks like an error on its way through generated code is still only a message.
	s.cart.on("/cartwright.cart.v1.CartService/AddLines", refuse(soldOut.New(`{"cartwright_reason":"INTERNAL","message":"x","code":13}`)))
	s.send(r).refused(t, 409, "SOLD_OUT")
}

func contextWith(ctx context.Context, pairs ...string) context.Context {
	return outgoing(ctx, pairs)
}

// The JSON of an answer has every value, in lowerCamel names, so that clients need no defaults of their own.
func TestAnswersHaveEveryValue(t *testing.T) {
	t.Parallel()
	s := open(t)
	const get = "/cartwright.cart.v1.CartService/GetCart"
	s.cart.on(get, func(context.Context, proto.Message) (proto.Message, error) {
		out := methodOutput(t, get).New()
		out.Mutable(out.Descriptor().Fields().ByName("cart"))
		return out.Interface(), nil
	})
	body := parse(t, s.get("/v1/carts/mfrggzdfmztwq2lknnwg23tpoa").body)["cart"].(map[string]any)
	require.Equal(t, []any{}, body["lines"])
	require.Equal(t, "CART_STATE_UNSPECIFIED", body["state"])
	require.Equal(t, "", body["currencyCode"])
	require.Equal(t, false, body["requiresShipping"])
	require.NotContains(t, body, "shippingAddress", "a message that is not there is not there")
	for name := range body {
		require.NotContains(t, name, "_")
	}
	_, err := protojson.Marshal(methodType(t, "GetCart"))
	require.NoError(t, err)
}
