// Package example makes an example of any message of the public API: what a reader of the reference expects to see in
// each field, in values that the contract accepts.
package example

import (
	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth bounds messages within messages; deeper ones are left out.
const maxDepth = 6

// Maker makes examples.
type Maker struct {
	// Full sets what an example for readers leaves empty or false too, so that a test finds a field that gets lost.
	Full bool
	// Choice picks a member of each oneof, counted from 0; a oneof with fewer members gives its last.
	Choice int
}

// Message returns the JSON form of an example, without the fields in skip, which are named as in the contract.
func (k Maker) Message(m protoreflect.MessageDescriptor, skip map[string]bool) map[string]any {
	return k.message(m, skip, 0)
}

// Field returns the JSON form of an example value of a field, nil when there is none.
func (k Maker) Field(field protoreflect.FieldDescriptor) any { return k.field(field, 0) }

func (k Maker) message(m protoreflect.MessageDescriptor, skip map[string]bool, depth int) map[string]any {
	out := map[string]any{}
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if skip[string(field.Name())] || !k.chosen(field) {
			continue
		}
		if value := k.field(field, depth); value != nil {
			out[field.JSONName()] = value
		}
	}
	return out
}

// chosen tells whether the field stands alone or is the member of its oneof that is picked.
func (k Maker) chosen(field protoreflect.FieldDescriptor) bool {
	oneof := field.ContainingOneof()
	if oneof == nil || oneof.IsSynthetic() {
		return true
	}
	return oneof.Fields().Get(min(k.Choice, oneof.Fields().Len()-1)) == field
}

func (k Maker) field(field protoreflect.FieldDescriptor, depth int) any {
	rule, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	switch {
	case field.IsMap():
		if !k.Full {
			return map[string]any{}
		}
		return map[string]any{"en-GB": k.value(field.MapValue(), nil, depth)}
	case field.IsList():
		if value := k.value(field, rule.GetRepeated().GetItems(), depth); value != nil {
			return []any{value}
		}
		return []any{}
	default:
		return k.value(field, rule, depth)
	}
}

func (k Maker) value(field protoreflect.FieldDescriptor, rule *validate.FieldRules, depth int) any {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return k.messageValue(field.Message(), depth)
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		return string(values.Get(min(1, values.Len()-1)).Name())
	case protoreflect.BoolKind:
		return k.Full
	case protoreflect.BytesKind:
		return "aGVsbG8="
	case protoreflect.StringKind:
		return k.text(field, rule)
	default:
		return k.number(field)
	}
}

func (k Maker) text(field protoreflect.FieldDescriptor, rule *validate.FieldRules) string {
	if k.Full {
		if known, ok := full()[field.Name()]; ok {
			return known
		}
	}
	known, ok := texts()[field.Name()]
	switch {
	case ok:
		return known
	case rule.GetString().GetUuid():
		return uuidExample
	default:
		return "text"
	}
}

func (k Maker) number(field protoreflect.FieldDescriptor) int {
	known, ok := numbers()[field.Name()]
	switch {
	case !ok, k.Full && known == 0:
		return 1
	default:
		return known
	}
}

func (k Maker) messageValue(m protoreflect.MessageDescriptor, depth int) any {
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return "2026-11-23T12:00:00Z"
	case "google.protobuf.Duration":
		return "900s"
	}
	if depth >= maxDepth {
		return nil
	}
	return k.message(m, nil, depth+1)
}
