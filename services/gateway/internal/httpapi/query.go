package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// queryParser fills a request from the query string and refuses what the request does not have. Its errors are carried.
type queryParser struct {
	inner runtime.QueryParameterParser
}

// Parse implements runtime.QueryParameterParser.
func (q queryParser) Parse(message proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	if len(values) == 0 {
		return nil
	}
	return carry(q.parse(message, values, filter))
}

func (q queryParser) parse(message proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	descriptor := message.ProtoReflect().Descriptor()
	names := slices.Sorted(maps.Keys(values))
	seen := map[string]bool{}
	for _, name := range names {
		path, field := parameterField(descriptor, name)
		if field == nil || filter.HasCommonPrefix(path) {
			return unknownParameter(name)
		}
		canonical := strings.Join(path, ".")
		if seen[canonical] || len(values[name]) > 1 && !field.IsList() {
			return ErrQueryInvalid.At(name, "The parameter %q is there more than once.", name)
		}
		seen[canonical] = true
		if err := q.inner.Parse(message, url.Values{name: values[name]}, filter); err != nil {
			return ErrQueryInvalid.At(name, "The parameter %q has a value of the wrong form.", name)
		}
	}
	return nil
}

func unknownParameter(name string) error {
	return jsoncheck.ErrFieldUnknown.At(name, "The request has no parameter %q.", name)
}

// parameterField finds what a parameter sets, such as "pageSize" or "filter.category": a value, a list of values, or a
// message with a textual form. It returns the names of the fields on the way too.
func parameterField(message protoreflect.MessageDescriptor, name string) ([]string, protoreflect.FieldDescriptor) {
	var path []string
	for {
		first, rest, nested := strings.Cut(name, ".")
		field := fieldByName(message.Fields(), first)
		if field == nil || field.IsMap() {
			return nil, nil
		}
		path = append(path, string(field.Name()))
		inner := field.Message()
		textual := inner != nil && inner.ParentFile().Package() == "google.protobuf"
		switch {
		case !nested && (inner == nil || textual):
			return path, field
		case !nested || inner == nil || textual || field.IsList():
			return nil, nil
		}
		message, name = inner, rest
	}
}

func fieldByName(fields protoreflect.FieldDescriptors, name string) protoreflect.FieldDescriptor {
	if field := fields.ByJSONName(name); field != nil {
		return field
	}
	return fields.ByTextName(name)
}
