// Package jsoncheck reads a JSON body against the message it is meant to be and says what is wrong with it, with the
// path of the field. It is stricter than the JSON decoder of protobuf: a duplicate key, a lone surrogate or a field that
// only the shop sets is refused here instead of being dropped or guessed.
package jsoncheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/scrub"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth bounds nesting. The deepest request of the API nests 8 levels.
const maxDepth = 32

// Checker checks bodies. ReadOnly holds the JSON names of fields that exist in answers but in no request.
type Checker struct {
	readOnly map[string]bool
}

// New returns a checker that reports the named fields as read-only rather than unknown.
func New(readOnly map[string]bool) *Checker { return &Checker{readOnly: readOnly} }

// Check returns nil when body is one JSON object whose every field exists in the message with a fitting type.
func (c *Checker) Check(body []byte, message protoreflect.MessageDescriptor) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return ErrBodyRequired.New("The request needs a JSON body.")
	}
	if !utf8.Valid(body) || hasLoneSurrogate(body) {
		return errs.UTF8Invalid.New("The body is not valid UTF-8.")
	}
	if deeper(body, maxDepth) {
		return tooDeep()
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	w := &walker{decoder: decoder, readOnly: c.readOnly}
	token, err := w.next("")
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return ErrMalformed.New("The body is not a JSON object.")
	}
	if err := w.message("", message); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return ErrMalformed.New("The body goes on after its JSON object.")
	}
	return nil
}

type walker struct {
	decoder  *json.Decoder
	readOnly map[string]bool
}

func (w *walker) next(path string) (json.Token, error) {
	token, err := w.decoder.Token()
	if err != nil {
		return nil, ErrMalformed.New("The body is not valid JSON near byte %d%s.", w.decoder.InputOffset(), near(path))
	}
	if holdsPAN(token) {
		return nil, errs.PANNotAccepted.At(path, "The body looks as if it had a card number in it; send a payment token instead.")
	}
	return token, nil
}

// holdsPAN looks at keys and values alike, whatever the type of the field: a card number must not be quoted in a refusal.
func holdsPAN(token json.Token) bool {
	switch t := token.(type) {
	case string:
		return scrub.PAN(t)
	case json.Number:
		return scrub.PAN(t.String())
	default:
		return false
	}
}

func near(path string) string {
	if path == "" {
		return ""
	}
	return " (" + path + ")"
}

// message reads the fields of an object whose opening brace has been read.
func (w *walker) message(path string, message protoreflect.MessageDescriptor) error {
	seen := map[protoreflect.FieldNumber]bool{}
	for w.decoder.More() {
		token, err := w.next(path)
		if err != nil {
			return err
		}
		key, _ := token.(string)
		fieldPath := join(path, key)
		field := fieldOf(message, key)
		if field == nil {
			return w.unknown(fieldPath, key)
		}
		// A field has two names in JSON, and twice is twice under either.
		if seen[field.Number()] {
			return ErrDuplicateKey.At(fieldPath, "The key %q is there twice.", key)
		}
		seen[field.Number()] = true
		if err := w.field(fieldPath, field); err != nil {
			return err
		}
	}
	_, err := w.next(path)
	return err
}

func (w *walker) unknown(path, key string) error {
	if scrub.PAN(key) { // naming the field would repeat the number, in the answer and in logs
		return errs.PANNotAccepted.New("The name of a field looks like a card number.")
	}
	if w.readOnly[key] {
		return ErrFieldReadOnly.At(path, "%q is set by the shop and cannot be sent.", key)
	}
	return ErrFieldUnknown.At(path, "The request has no field %q.", key)
}

func fieldOf(message protoreflect.MessageDescriptor, key string) protoreflect.FieldDescriptor {
	if field := message.Fields().ByJSONName(key); field != nil {
		return field
	}
	return message.Fields().ByTextName(key)
}

func (w *walker) field(path string, field protoreflect.FieldDescriptor) error {
	token, err := w.next(path)
	if err != nil {
		return err
	}
	if token == nil {
		return ErrFieldRequired.At(path, "null is no value for %s.", path)
	}
	switch {
	case field.IsMap():
		return w.mapField(path, field, token)
	case field.IsList():
		return w.list(path, field, token)
	default:
		return w.value(path, field, token)
	}
}

func (w *walker) list(path string, field protoreflect.FieldDescriptor, token json.Token) error {
	if token != json.Delim('[') {
		return mismatch(path, "a list", token)
	}
	for i := 0; w.decoder.More(); i++ {
		item := fmt.Sprintf("%s[%d]", path, i)
		token, err := w.next(item)
		if err != nil {
			return err
		}
		if err := w.value(item, field, token); err != nil {
			return err
		}
	}
	_, err := w.next(path)
	return err
}

func (w *walker) mapField(path string, field protoreflect.FieldDescriptor, token json.Token) error {
	if token != json.Delim('{') {
		return mismatch(path, "an object", token)
	}
	seen := map[string]bool{}
	for w.decoder.More() {
		token, err := w.next(path)
		if err != nil {
			return err
		}
		key, _ := token.(string)
		entry := join(path, key)
		if seen[key] {
			return ErrDuplicateKey.At(entry, "The key %q is there twice.", key)
		}
		seen[key] = true
		if token, err = w.next(entry); err != nil {
			return err
		}
		if err := w.value(entry, field.MapValue(), token); err != nil {
			return err
		}
	}
	_, err := w.next(path)
	return err
}

func (w *walker) value(path string, field protoreflect.FieldDescriptor, token json.Token) error {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return w.messageValue(path, field.Message(), token)
	case protoreflect.StringKind, protoreflect.BytesKind:
		if _, ok := token.(string); !ok {
			return mismatch(path, "a string", token)
		}
	case protoreflect.BoolKind:
		if _, ok := token.(bool); !ok {
			return mismatch(path, "true or false", token)
		}
	case protoreflect.EnumKind:
		return enumValue(path, field.Enum(), token)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		if _, ok := token.(json.Number); !ok {
			return mismatch(path, "a number", token)
		}
	default:
		return integer(path, field.Kind(), token)
	}
	return nil
}

// messageValue reads a message, or the string that stands for a well-known type such as a timestamp.
func (w *walker) messageValue(path string, message protoreflect.MessageDescriptor, token json.Token) error {
	if message.ParentFile().Package() == "google.protobuf" {
		if _, ok := token.(json.Delim); ok {
			return mismatch(path, "a string", token)
		}
		return nil
	}
	if token != json.Delim('{') {
		return mismatch(path, "an object", token)
	}
	return w.message(path, message)
}

func enumValue(path string, enum protoreflect.EnumDescriptor, token json.Token) error {
	name, ok := token.(string)
	if !ok {
		return mismatch(path, "the name of a value", token)
	}
	if enum.Values().ByName(protoreflect.Name(name)) == nil {
		return errs.InvalidField.New("%s has no value %q.", path, name).Field(path, "ENUM_UNKNOWN", "The field has no such value.")
	}
	return nil
}

// integer accepts a JSON number or, as protobuf's JSON form does for 64 bits, a string with one.
func integer(path string, kind protoreflect.Kind, token json.Token) error {
	var text string
	switch t := token.(type) {
	case json.Number:
		text = t.String()
	case string:
		if kind != protoreflect.Int64Kind && kind != protoreflect.Uint64Kind || !numeric(t) {
			return mismatch(path, "a whole number", token)
		}
		text = t
	default:
		return mismatch(path, "a whole number", token)
	}
	return fits(path, kind, text)
}

func fits(path string, kind protoreflect.Kind, text string) error {
	if len(text) > 64 || exponent(text) > 64 {
		return ErrNumberRange.At(path, "The number does not fit.")
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok || !number.IsInt() {
		return ErrTypeMismatch.At(path, "A whole number is needed.")
	}
	value := number.Num()
	unsigned := kind == protoreflect.Uint32Kind || kind == protoreflect.Uint64Kind
	wide := kind == protoreflect.Int64Kind || kind == protoreflect.Uint64Kind
	switch {
	case unsigned && value.Sign() < 0,
		wide && !unsigned && !value.IsInt64(),
		wide && unsigned && !value.IsUint64(),
		!wide && unsigned && value.BitLen() > 32,
		!wide && !unsigned && (!value.IsInt64() || value.Int64() != int64(int32(value.Int64()))):
		return ErrNumberRange.At(path, "The number does not fit.")
	}
	return nil
}

// numeric tells whether a text is a number as JSON writes it; the parser behind it takes other forms too.
func numeric(text string) bool {
	var number json.Number
	return text != "" && text[0] != '"' && json.Unmarshal([]byte(text), &number) == nil
}

// exponent keeps a short text such as 1e400000000 from becoming a huge number.
func exponent(text string) int {
	_, digits, found := strings.Cut(strings.ToLower(text), "e")
	if !found {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return maxDepth * 100
	}
	return max(n, -n)
}

func mismatch(path, want string, token json.Token) error {
	return ErrTypeMismatch.At(path, "%s is needed, not %s.", strings.ToUpper(want[:1])+want[1:], kindOf(token))
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a truth value"
	case nil:
		return "null"
	default:
		return "an object or list"
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
