package httpapi

import (
	"fmt"
	"io"
	"strings"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/publicjson"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codec is the JSON form of the public API: lowerCamel names, every scalar present, unknown fields refused.
type codec struct {
	runtime.JSONPb
	writer  *publicjson.Marshaler
	checker *jsoncheck.Checker
}

func newCodec(checker *jsoncheck.Checker) *codec {
	return &codec{writer: new(publicjson.Marshaler), checker: checker}
}

// Marshal writes an answer.
func (c *codec) Marshal(v any) ([]byte, error) {
	message, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("answer is a %T, not a message", v)
	}
	return c.writer.Marshal(message)
}

// NewDecoder returns a decoder for a payload, in which it leaves what is wrong with it.
func (c *codec) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		body, isPayload := r.(*payload)
		message, isMessage := v.(proto.Message)
		if !isPayload || !isMessage {
			return errs.InternalError.New("Something broke on our side.")
		}
		body.err = c.decode(body, message)
		return body.err
	})
}

func (c *codec) decode(body *payload, message proto.Message) error {
	if err := c.checker.Check(body.data, message.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	if err := protojson.Unmarshal(body.data, message); err != nil {
		return jsoncheck.ErrMalformed.New("The body cannot be read as the request it should be.").Because(err)
	}
	return checkParams(message.ProtoReflect(), body.params)
}

// checkParams refuses a body that says something else than the path about a field that both have: the path would win in
// silence.
func checkParams(message protoreflect.Message, params map[string]string) error {
	for name, value := range params {
		said, ok := textAt(message, name)
		if ok && said != "" && said != value {
			path := jsonPath(message.Descriptor(), name)
			return ErrPathMismatch.At(path, "%s in the body is not what the path says.", path)
		}
	}
	return nil
}

func textAt(message protoreflect.Message, path string) (string, bool) {
	first, rest, nested := strings.Cut(path, ".")
	field := message.Descriptor().Fields().ByTextName(first)
	switch {
	case field == nil:
		return "", false
	case nested:
		return textAt(message.Get(field).Message(), rest)
	case field.Kind() != protoreflect.StringKind:
		return "", false
	default:
		return message.Get(field).String(), true
	}
}

func jsonPath(message protoreflect.MessageDescriptor, path string) string {
	var names []string
	for name := range strings.SplitSeq(path, ".") {
		field := message.Fields().ByTextName(name)
		names = append(names, field.JSONName())
		message = field.Message()
	}
	return strings.Join(names, ".")
}
