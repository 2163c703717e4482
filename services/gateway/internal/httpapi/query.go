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

// fillQuery sets the fields of a message that the query names, and refuses what the message does not have or the path has
// bound already.
func fillQuery(message proto.Message, values url.Values, bound map[string]string) error {
	descriptor := message.ProtoReflect().Descriptor()
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		path, field := parameterField(descriptor, name)
		canonical := strings.Join(path, ".")
		if _, inPath := bound[canonical]; field == nil || inPath {
			return unknownParameter(name)
		}
		if seen[canonical] || len(values[name]) > 1 && !field.IsList() {
			return ErrQueryInvalid.At(name, "The parameter %q is there more than once.", name)
		}
		seen[canonical] = true
		one := url.Values{name: values[name]}
		if err := (&runtime.DefaultQueryParser{}).Parse(message, one, utilities.NewDoubleArray(nil)); err != nil {
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
