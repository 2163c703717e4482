package jsoncheck_test

import (
	"strings"
	"testing"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
)

// A storefront developer loses the field and the reason of a mistake when one of these goes red.
func TestCheckNamesTheMistake(t *testing.T) {
	t.Parallel()
	checker := jsoncheck.New(map[string]bool{"unitPrice": true, "paid": true})
	message := (&storefrontv1.AddLinesRequest{}).ProtoReflect().Descriptor()
	deep := strings.Repeat(`{"lines":[`, 10_000)
	cases := map[string]struct{ body, reason, path string }{
		"Empty":            {"  ", "BODY_REQUIRED", ""},
		"Truncated":        {`{"lines":`, "JSON_MALFORMED", ""},
		"NotAnObject":      {`[1]`, "JSON_MALFORMED", ""},
		"TrailingData":     {`{}{}`, "JSON_MALFORMED", ""},
		"NaN":              {`{"lines":[{"quantity":NaN}]}`, "JSON_MALFORMED", ""},
		"DuplicateKey":     {`{"lines":[{"quantity":1,"quantity":9}]}`, "JSON_DUPLICATE_KEY", "lines[0].quantity"},
		"TooDeep":          {deep, "JSON_TOO_DEEP", ""},
		"TooDeepUnknown":   {strings.Repeat("[", 10_000), "JSON_TOO_DEEP", ""},
		"UnknownField":     {`{"lines":[{"sku":"A","foo":1}]}`, "FIELD_UNKNOWN", "lines[0].foo"},
		"ReadOnlyField":    {`{"lines":[{"sku":"A","unitPrice":{}}]}`, "FIELD_READ_ONLY", "lines[0].unitPrice"},
		"InvalidUTF8":      {"{\"cartId\":\"\xff\"}", "UTF8_INVALID", ""},
		"LoneSurrogate":    {`{"cartId":"\ud800"}`, "UTF8_INVALID", ""},
		"NumberTooLarge":   {`{"lines":[{"quantity":1e400}]}`, "NUMBER_RANGE", "lines[0].quantity"},
		"NumberOver32Bits": {`{"lines":[{"quantity":2147483648}]}`, "NUMBER_RANGE", "lines[0].quantity"},
		"HugeExponent":     {`{"lines":[{"quantity":1e999999999}]}`, "NUMBER_RANGE", "lines[0].quantity"},
		"Fraction":         {`{"lines":[{"quantity":1.5}]}`, "TYPE_MISMATCH", "lines[0].quantity"},
		"StringForNumber":  {`{"lines":[{"quantity":"1; DROP"}]}`, "TYPE_MISMATCH", "lines[0].quantity"},
		"SameFieldTwice":   {`{"expectedVersion":1,"expected_version":2}`, "JSON_DUPLICATE_KEY", "expected_version"},
		"CardNumber":       {`{"lines":[{"sku":"4242 4242 4242 4242"}]}`, "PAN_NOT_ACCEPTED", "lines[0].sku"},
		"CardNumberKey":    {`{"lines":[{"4242424242424242":1}]}`, "PAN_NOT_ACCEPTED", "lines[0]"},
		"CardAsNumber":     {`{"lines":[{"quantity":4242424242424242}]}`, "PAN_NOT_ACCEPTED", "lines[0].quantity"},
		"CardFullWidth":    {`{"cartId":"４２４２４２４２４２４２４２４２"}`, "PAN_NOT_ACCEPTED", "cartId"},
		"SecurityCode":     {`{"cvv":"123"}`, "FIELD_UNKNOWN", "cvv"},
		"NumberForString":  {`{"lines":[{"sku":5}]}`, "TYPE_MISMATCH", "lines[0].sku"},
		"Null":             {`{"lines":null}`, "FIELD_REQUIRED", "lines"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checker.Check([]byte(c.body), message)
			require.Equal(t, c.reason, errs.ReasonOf(err))
			if c.path != "" {
				require.Equal(t, c.path, errs.FieldsOf(err)[0].Path)
			}
		})
	}
}

// When it fails, requests that are right are refused.
func TestCheckAcceptsWhatClientsSend(t *testing.T) {
	t.Parallel()
	checker := jsoncheck.New(nil)
	message := (&storefrontv1.AddLinesRequest{}).ProtoReflect().Descriptor()
	for _, body := range []string{
		`{}`,
		`{"lines":[{"sku":"85123A","quantity":6}],"expectedVersion":3}`,
		`{"expected_version":3}`,
		`{"lines":[{"sku":"\ud83d\ude00","quantity":1e2}]}`,
	} {
		require.NoError(t, checker.Check([]byte(body), message), body)
	}
}

func FuzzCheck(f *testing.F) {
	message := (&storefrontv1.AddLinesRequest{}).ProtoReflect().Descriptor()
	checker := jsoncheck.New(nil)
	f.Add([]byte(`{"lines":[{"sku":"85123A","quantity":6}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := checker.Check(body, message); err != nil {
			require.NotEqual(t, "INTERNAL", errs.ReasonOf(err))
		}
	})
}
