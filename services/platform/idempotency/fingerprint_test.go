package idempotency_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

var update = flag.Bool("update", false, "write the golden file")

type line struct {
	SKU      string
	Quantity int32
	Gift     bool
	Note     *string
}

type kind string

func samples() []struct {
	name   string
	fields []any
} {
	note := "wrap it"
	when := time.Date(2026, 11, 23, 5, 0, 0, 123, time.FixedZone("", 3600))
	tree, err := structpb.NewStruct(map[string]any{"b": 1.5, "a": []any{"x", true, nil}})
	if err != nil {
		panic(err)
	}
	return []struct {
		name   string
		fields []any
	}{
		{"nothing", nil},
		{"strings", []any{"a", "b"}},
		{"numbers", []any{1, int64(-1), int32(7), uint8(3), true, false}},
		{"money", []any{money.Money{Currency: "GBP", Minor: 1999}}},
		{"bytes", []any{[]byte("ab")}},
		{"named string", []any{kind("a")}},
		{"time", []any{when}},
		{"nil", []any{nil, (*string)(nil), (*typev1.Money)(nil)}},
		{"lines", []any{[]line{{"A", 1, false, nil}, {"B", 2, true, &note}}}},
		{"maps", []any{map[string]int{"b": 2, "a": 1}}},
		{"message", []any{&typev1.Money{CurrencyCode: "GBP", MinorUnits: -5}}},
		{"nested message", []any{tree}},
		{"address", []any{&typev1.Address{FullName: "A", City: "B", CountryCode: "GB"}, []*typev1.Amount{{CurrencyCode: "GBP", Amount: "1"}}}},
	}
}

// When it fails, calls that were first made before a deploy are refused when they are repeated after it. If the encoding
// has to change, its version changes and old fingerprints are still recognized.
func TestFingerprintsNeverChange(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, sample := range samples() {
		c := idempotency.NewCall(t.Context(), rpc, "k", sample.fields...)
		fmt.Fprintf(&got, "%s %s\n", hex.EncodeToString(c.Fingerprint), sample.name)
	}
	const golden = "testdata/fingerprints_v1.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// When it fails, two different requests look the same, and the second one gets the first one's answer.
func TestFingerprintsTellRequestsApart(t *testing.T) {
	t.Parallel()
	empty := ""
	requests := [][]any{
		{}, {""}, {nil}, {"", ""}, {"ab"}, {"a", "b"}, {[]string{"a", "b"}}, {[]string{"a"}, "b"}, {[]byte("ab")}, {0}, {false}, {uint(0)},
		{[]string{}}, {[]string{""}}, {map[string]string{}}, {map[string]string{"a": "b"}}, {&typev1.Money{}}, {"0"},
		{line{SKU: "a"}}, {line{Note: &empty}}, {line{}}, {&typev1.Money{CurrencyCode: "a"}}, {&typev1.Amount{Amount: "a"}},
		{1, 2}, {2, 1}, {12}, {[]int{1}, []int{2}}, {[]int{1, 2}}, {[]int{}, []int{1, 2}}, {time.Unix(0, 0)}, {time.Unix(0, 1)},
	}
	seen := map[string]int{}
	for i, fields := range requests {
		sum := hex.EncodeToString(idempotency.NewCall(t.Context(), rpc, "k", fields...).Fingerprint)
		if first, twice := seen[sum]; twice {
			t.Errorf("%#v and %#v have one fingerprint", requests[first], fields)
		}
		seen[sum] = i
	}
}

// When it fails, an equal request from another build of the client is refused.
func TestFingerprintIgnoresWhatDoesNotMatter(t *testing.T) {
	t.Parallel()
	same := func(a, b any) {
		t.Helper()
		require.Equal(t, idempotency.NewCall(t.Context(), rpc, "k", a).Fingerprint, idempotency.NewCall(t.Context(), rpc, "k", b).Fingerprint)
	}
	when := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	same(when, when.In(time.FixedZone("", 7200)))
	m := &typev1.Money{CurrencyCode: "GBP", MinorUnits: 1}
	same(m, proto.Clone(m))
	unknown := proto.Clone(m).(*typev1.Money)
	unknown.ProtoReflect().SetUnknown([]byte{0xf8, 0x07, 0x01}) // a field of a newer client
	same(m, unknown)
	text := "a"
	same("a", &text)
	same(int32(5), int64(5))
	require.Nil(t, idempotency.NewCall(t.Context(), rpc, "", "a").Fingerprint, "no key, no work")
}

// When it fails, a value that cannot be compared is left out of the fingerprint in silence.
func TestFingerprintRefusesOtherTypes(t *testing.T) {
	t.Parallel()
	for _, value := range []any{make(chan int), func() {}, struct{ hidden int }{1}} {
		require.Panics(t, func() { idempotency.NewCall(t.Context(), rpc, "k", value) })
	}
}
