package httpapi

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codec is the JSON form of the public API: lowerCamel names, every scalar present, unknown fields refused.
type codec struct {
	runtime.JSONPb
	checker *jsoncheck.Checker
}

func newCodec(checker *jsoncheck.Checker) *codec {
	return &codec{
		JSONPb:  runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true}},
		checker: checker,
	}
}

// NewDecoder returns a decoder that reads one whole body and names what is wrong with it.
func (c *codec) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		body, err := io.ReadAll(r)
		if err != nil {
			return carry(bodyError(err))
		}
		return carry(c.decode(body, v))
	})
}

func (c *codec) decode(body []byte, v any) error {
	message, ok := v.(proto.Message)
	if !ok {
		return c.Unmarshal(body, v)
	}
	if err := c.checker.Check(body, message.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	if err := protojson.Unmarshal(body, message); err != nil {
		return jsoncheck.ErrMalformed.New("The body cannot be read as the request it should be.").Because(err)
	}
	return nil
}

// bodyError names why a body could not be read.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrBodyTooLarge.New("The body is larger than %d bytes.", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrBodyTimeout.New("The body did not arrive in time.")
	default:
		return jsoncheck.ErrMalformed.New("The body ended early.").Because(err)
	}
}

// queryParser fills a request from the query string and refuses what the request does not have.
type queryParser struct {
	inner runtime.QueryParameterParser
}

// Parse implements runtime.QueryParameterParser.
func (q queryParser) Parse(message proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	fields := message.ProtoReflect().Descriptor().Fields()
	for name := range values {
		if !knownParameter(fields, name) {
			return carry(jsoncheck.ErrFieldUnknown.At(name, "The request has no parameter %q.", name))
		}
	}
	for name, list := range values {
		field := fieldByName(fields, name)
		if len(list) > 1 && !field.IsList() {
			return carry(ErrQueryInvalid.At(name, "The parameter %q is there %d times.", name, len(list)))
		}
		one := url.Values{name: list}
		if err := q.inner.Parse(message, one, filter); err != nil {
			return carry(ErrQueryInvalid.At(name, "The parameter %q has a value of the wrong form.", name))
		}
	}
	return nil
}

func knownParameter(fields protoreflect.FieldDescriptors, name string) bool {
	field := fieldByName(fields, name)
	return field != nil && (field.Message() == nil || field.Message().ParentFile().Package() == "google.protobuf")
}

func fieldByName(fields protoreflect.FieldDescriptors, name string) protoreflect.FieldDescriptor {
	if field := fields.ByJSONName(name); field != nil {
		return field
	}
	return fields.ByTextName(name)
}
