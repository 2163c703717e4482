package grpcserver_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
)

// A client that sends something wrong must learn which field and why, by a reason its program can switch on.
func TestWrongFieldsAreNamed(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	cases := []struct{ request, path, reason string }{
		{`lines { sku: "" quantity: 1 }`, "lines[0].sku", "SKU_INVALID"},
		{`lines { sku: "A" quantity: 1 } lines { sku: "B" quantity: 0 }`, "lines[1].quantity", "QTY_RANGE"},
		{`lines { sku: "A" quantity: 101 }`, "lines[0].quantity", "QTY_RANGE"},
		{`top_line { sku: "123456789" quantity: 1 }`, "topLine.sku", "SKU_INVALID"},
		{fmt.Sprintf(`request_id: "%s"`, strings.Repeat("k", 256)), "requestId", "IDEMPOTENCY_KEY_INVALID"},
		{fmt.Sprintf(`text: "%s"`, strings.Repeat("x", 201)), "text", "FIELD_TOO_LONG"},
		{`page_token: "not a token of this list"`, "pageToken", "PAGE_TOKEN_INVALID"},
		{`percent: 101`, "percent", "PERCENT_RANGE"},
		{`tags: "a" tags: "a"`, "tags", "LIST_NOT_UNIQUE"},
		{strings.Repeat(`lines { sku: "A" quantity: 1 }`, 4), "lines", "LIST_TOO_LONG"},
		{`kind: 7`, "kind", "ENUM_UNKNOWN"},
		{`zone: "NORTH"`, "zone", "PATTERN_MISMATCH"},
		{`zone: "n"`, "zone", "FIELD_TOO_SHORT"},
		{`product_id: "12345"`, "productId", "ID_INVALID"},
	}
	for _, c := range cases {
		err := b.refused(c.request)
		fields := errs.FieldsOf(err)
		require.Len(t, fields, 1, c.request)
		require.Equal(t, c.path, fields[0].Path, c.request)
		require.Equal(t, c.reason, fields[0].Reason, c.request)
		require.Equal(t, c.reason, errs.ReasonOf(err), c.request)
		require.Equal(t, errs.Invalid, errs.CodeOf(err), c.request)
		require.NotEmpty(t, fields[0].Message, c.request)
	}
	_, err := b.contract.Call(t.Context(), b.conn, b.contract.Empty())
	require.Equal(t, "IDEMPOTENCY_KEY_REQUIRED", errs.ReasonOf(errs.FromGRPC(err)))
}

// All that is wrong is told at once, but never thousands of lines of it.
func TestViolationsAreListedUpToALimit(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	err := b.refused(strings.Repeat(`lines { sku: "" quantity: 0 }`, 60))
	require.Len(t, errs.FieldsOf(err), 50)
	require.Equal(t, "SKU_INVALID", errs.FieldsOf(b.refused(`lines { sku: "" quantity: 0 }`))[0].Reason)
}

// Control and bidirectional characters forge logs, mails and pages; NUL makes Postgres fail.
func TestBadCharactersAreRefused(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	for request, path := range map[string]string{
		`text: "a\000b"`:                               "text",
		`text: "a\033[31m"`:                            "text",
		"text: \"a\u202eb\"":                           "text",
		"text: \"\u2066\"":                             "text",
		"text: \"\u0085\"":                             "text",
		`tags: "ok" tags: "\177"`:                      "tags[1]",
		`lines { sku: "a\001" quantity: 1 }`:           "lines[0].sku",
		`top_line { sku: "a\002" quantity: 1 }`:        "topLine.sku",
		`labels { key: "k" value: "\003" }`:            `labels["k"]`,
		`labels { key: "\003" value: "v" }`:            "labels",
		`request_id: "a\001" text: "` + "\u202e" + `"`: "text",
	} {
		err := b.refused(request)
		require.Equal(t, "CHAR_NOT_ALLOWED", errs.ReasonOf(err), request)
		require.Equal(t, path, errs.FieldsOf(err)[0].Path, request)
	}
	text, err := b.call(t.Context(), "text: \"Zażółć\\tgęślą\\r\\n日本 \u200d\"")
	require.NoError(t, err)
	require.Contains(t, text, "日本")
}

// A card number in any text is refused with its own reason and never reaches handler or log.
func TestCardNumbersAreRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	reached := false
	b := start(t, func(context.Context, proto.Message) (string, error) { reached = true; return "", nil }, nil)
	for _, request := range []string{
		`text: "4242 4242 4242 4242"`, `tags: "card4242424242424242"`, `labels { key: "4242424242424242" value: "" }`,
		`top_line { sku: "４２４２４２４２４２４２４２４２" quantity: 1 }`, `request_id: "4242424242424242"`,
	} {
		err := b.refused(request)
		require.Equal(t, errs.Unprocessable, errs.CodeOf(err), request)
		require.Equal(t, "PAN_NOT_ACCEPTED", errs.ReasonOf(err), request)
		require.NotContains(t, fmt.Sprint(status.Convert(errs.ToGRPC(err)).Proto()), "4242")
	}
	require.False(t, reached)
	require.NotContains(t, b.log.String(), "4242424242")
	_, err := b.call(t.Context(), `blob: "4242424242424242"`)
	require.NoError(t, err, "bytes are not text")
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

// Bytes that are no message are the client's fault; INTERNAL would page somebody at night.
func TestUndecodableMessagesAreTheClientsFault(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	var out []byte
	send := func(data []byte) error {
		return errs.FromGRPC(b.conn.Invoke(t.Context(), echo.Unary, data, &out, grpc.ForceCodec(encoding.Codec(raw{}))))
	}
	err := send([]byte{0xff, 0xff, 0xff})
	require.Equal(t, "MESSAGE_MALFORMED", errs.ReasonOf(err))
	require.Equal(t, errs.Invalid, errs.CodeOf(err))
	err = send([]byte{0x0a, 0x02, 0xff, 0xfe}) // field 1, two bytes that are not UTF-8
	require.Equal(t, "UTF8_INVALID", errs.ReasonOf(err))
	require.Equal(t, errs.Invalid, errs.CodeOf(err))
	require.Len(t, b.log.lines(t, "call failed"), 2, "they are logged like other failures")

	stream, err := b.conn.NewStream(t.Context(), &grpc.StreamDesc{StreamName: "Chat", ServerStreams: true, ClientStreams: true}, echo.Stream, grpc.ForceCodec(encoding.Codec(raw{})))
	require.NoError(t, err)
	require.NoError(t, stream.SendMsg([]byte{0xff, 0xff, 0xff}))
	require.Equal(t, "MESSAGE_MALFORMED", errs.ReasonOf(errs.FromGRPC(stream.RecvMsg(&out))))
}

// A message over the limit must be told apart from a full rate limit: one can be mended by the client.
func TestLargeMessagesAreRefused(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	blob := func(n int) string { return fmt.Sprintf(`blob: "%s"`, strings.Repeat("b", n)) }
	_, err := b.call(t.Context(), blob(1<<20-100))
	require.NoError(t, err)
	err = b.refused(blob(1<<20 + 1))
	require.Equal(t, errs.TooLarge, errs.CodeOf(err))
	require.Equal(t, "MESSAGE_TOO_LARGE", errs.ReasonOf(err))
}

// Streams pass the same checks, message by message, or imports would be the back door.
func TestStreamsAreInspected(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	for request, reason := range map[string]string{
		`text: "a\000"`: "CHAR_NOT_ALLOWED", `text: "4242424242424242"`: "PAN_NOT_ACCEPTED", `percent: -1`: "PERCENT_RANGE",
	} {
		stream, err := b.contract.Chat(t.Context(), b.conn)
		require.NoError(t, err)
		good, err := b.contract.Request(`text: "good"`)
		require.NoError(t, err)
		require.NoError(t, stream.SendMsg(good))
		out := b.contract.Response()
		require.NoError(t, stream.RecvMsg(out))
		require.Equal(t, "good", echo.Text(out))
		bad, err := b.contract.Request(request)
		require.NoError(t, err)
		require.NoError(t, stream.SendMsg(bad))
		err = stream.RecvMsg(out)
		require.Equal(t, reason, errs.ReasonOf(errs.FromGRPC(err)), request)
	}
}

// A client's invention must not become a label of a metric, or a scanner fills the memory of Prometheus.
func TestUnknownMethodsAreRefusedAndCountedAsOne(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	for i := range 50 {
		err := b.conn.Invoke(t.Context(), fmt.Sprintf("/scan.Service%d/Method", i), b.contract.Empty(), b.contract.Response())
		require.Equal(t, codes.Unimplemented, status.Code(err))
		require.Equal(t, "UNIMPLEMENTED", errs.ReasonOf(errs.FromGRPC(err)))
		require.Equal(t, "cartwright.dev", errorDomain(t, err))
	}
	families, err := b.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		require.LessOrEqual(t, len(family.GetMetric()), 1, family.GetName())
	}
}
