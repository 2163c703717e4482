// Package idempotencytest keeps the fingerprints of requests from changing between releases.
package idempotencytest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// key is the field that makes a method's calls repeatable.
const key = "request_id"

// Requests compares the requests recorded in a file with what they are today. A line holds a method, the fingerprint that a
// release stored, and the request's bytes as a client sent them. Every line must be accepted by the call of today, and every
// method of the services that takes a request_id needs a line. Lines are only ever added: one that is there is what clients
// and tables out there still hold.
func Requests(t *testing.T, file string, services ...protoreflect.ServiceDescriptor) {
	t.Helper()
	methods := idempotent(services)
	require.NotEmpty(t, methods)
	recorded, err := os.ReadFile(file)
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(recorded)) {
		parts := strings.Fields(line)
		require.Len(t, parts, 3, "method, fingerprint and request: %s", line)
		input, known := methods[parts[0]]
		require.True(t, known, "%s is no method with a %s any more", parts[0], key)
		stored, err := hex.DecodeString(parts[1])
		require.NoError(t, err)
		wire, err := base64.StdEncoding.DecodeString(parts[2])
		require.NoError(t, err)
		request := dynamicpb.NewMessage(input)
		require.NoError(t, proto.Unmarshal(wire, request))
		require.Empty(t, request.GetUnknown(), "%s lost a field that clients send", parts[0])
		require.True(t, call(request).Accepts(stored), "%s: a call that was made before is refused when it is repeated", parts[0])
		seen[parts[0]] = true
	}
	var missing strings.Builder
	for _, service := range services {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			if input, ok := methods[string(method.FullName())]; ok && !seen[string(method.FullName())] {
				missing.WriteString(entry(t, method, input))
			}
		}
	}
	require.Empty(t, missing.String(), "add these lines to %s", file)
}

func call(request proto.Message) idempotency.Call {
	return idempotency.NewCall(context.Background(), "", "k", request)
}

func idempotent(services []protoreflect.ServiceDescriptor) map[string]protoreflect.MessageDescriptor {
	methods := map[string]protoreflect.MessageDescriptor{}
	for _, service := range services {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			if method.Input().Fields().ByName(key) != nil {
				methods[string(method.FullName())] = method.Input()
			}
		}
	}
	return methods
}

func entry(t *testing.T, method protoreflect.MethodDescriptor, input protoreflect.MessageDescriptor) string {
	t.Helper()
	request := dynamicpb.NewMessage(input)
	fill(request, 3)
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	require.NoError(t, err)
	require.NoError(t, proto.Unmarshal(wire, request)) // of a choice the last one stays, as for a server
	return fmt.Sprintf("%s %x %s\n", method.FullName(), call(request).Fingerprint, base64.StdEncoding.EncodeToString(wire))
}

// fill sets every field, down to a depth, to a value of its own.
func fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.Message() != nil && !field.IsMap() && depth == 0:
		case field.IsMap():
			entry := m.Mutable(field).Map()
			value := entry.NewValue()
			if field.MapValue().Message() != nil {
				fill(value.Message(), depth-1)
			} else {
				value = scalar(field.MapValue())
			}
			entry.Set(scalar(field.MapKey()).MapKey(), value)
		case field.IsList():
			list := m.Mutable(field).List()
			if field.Message() == nil {
				list.Append(scalar(field))
				continue
			}
			fill(list.AppendMutable().Message(), depth-1)
		case field.Message() != nil:
			fill(m.Mutable(field).Message(), depth-1)
		default:
			m.Set(field, scalar(field))
		}
	}
}

func scalar(field protoreflect.FieldDescriptor) protoreflect.Value {
	number := int64(field.Number())
	switch field.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(field.Enum().Values().Get(field.Enum().Values().Len() - 1).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(field.Name()))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(field.Name()))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(number))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(number))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(number))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(number))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(number))
	default:
		return protoreflect.ValueOfInt64(number)
	}
}
