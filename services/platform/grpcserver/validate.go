package grpcserver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// rules checks requests against the validation rules of their contract.
type rules struct{ validator protovalidate.Validator }

// newRules compiles the rules of all requests of the services ahead, since the first use of a message costs milliseconds.
func newRules(descs []*grpc.ServiceDesc) (*rules, error) {
	var inputs []protoreflect.MessageDescriptor
	for _, desc := range descs {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
		if err != nil {
			continue // a service without a linked descriptor: its rules compile at first use
		}
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			inputs = append(inputs, methods.Get(i).Input())
		}
	}
	validator, err := protovalidate.New(protovalidate.WithMessageDescriptors(inputs...))
	if err != nil {
		return nil, fmt.Errorf("compile validation rules: %w", err)
	}
	return &rules{validator: validator}, nil
}

func (r *rules) check(req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	err := r.validator.Validate(m)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return errs.InternalError.New("Something broke on our side.").Because(fmt.Errorf("validate %s: %w", m.ProtoReflect().Descriptor().FullName(), err))
	}
	return violations(invalid)
}

// maxViolations bounds the answer to a request with thousands of wrong lines.
const maxViolations = 50

func violations(invalid *protovalidate.ValidationError) error {
	result := errs.InvalidField.New("The request has %d invalid field(s).", len(invalid.Violations))
	for i, v := range invalid.Violations {
		if i == maxViolations {
			break
		}
		message := v.Proto.GetMessage()
		if message == "" {
			message = "The value breaks the rule " + v.Proto.GetRuleId() + "."
		}
		result.Field(fieldPath(v.Proto.GetField()), reasonOf(v), message)
	}
	return result
}

// fieldPath writes a path the way JSON clients see the fields: "lines[0].quantity".
func fieldPath(path *validate.FieldPath) string {
	var b strings.Builder
	for i, element := range path.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(lowerCamel(element.GetFieldName()))
		switch element.WhichSubscript() {
		case validate.FieldPathElement_Index_case:
			b.WriteString("[" + strconv.FormatUint(element.GetIndex(), 10) + "]")
		case validate.FieldPathElement_BoolKey_case:
			b.WriteString("[" + strconv.FormatBool(element.GetBoolKey()) + "]")
		case validate.FieldPathElement_IntKey_case:
			b.WriteString("[" + strconv.FormatInt(element.GetIntKey(), 10) + "]")
		case validate.FieldPathElement_UintKey_case:
			b.WriteString("[" + strconv.FormatUint(element.GetUintKey(), 10) + "]")
		case validate.FieldPathElement_StringKey_case:
			b.WriteString("[" + strconv.Quote(element.GetStringKey()) + "]")
		}
	}
	return b.String()
}

func lowerCamel(name string) string {
	parts := strings.Split(name, "_")
	for i, part := range parts[1:] {
		if part != "" {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}
