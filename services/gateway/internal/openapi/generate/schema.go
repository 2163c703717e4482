package main

import (
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// comment returns the text of a descriptor's leading comment on one line.
func comment(d protoreflect.Descriptor) string {
	text := d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
	return strings.Join(strings.Fields(text), " ")
}

// name is the component name of a message: unique within a package, and prefixed where the packages share it.
func name(m protoreflect.MessageDescriptor) string {
	if m.FullName().Parent() == "cartwright.admin.v1" {
		return "Admin" + string(m.Name())
	}
	return string(m.Name())
}

func (b *builder) ref(m protoreflect.MessageDescriptor) *schema {
	key := name(m)
	if _, known := b.schemas[key]; !known {
		b.schemas[key] = nil // breaks cycles
		b.schemas[key] = b.object(m, nil)
	}
	return &schema{Ref: "#/components/schemas/" + key}
}

// object describes a message without the fields in skip.
func (b *builder) object(m protoreflect.MessageDescriptor, skip map[string]bool) *schema {
	out := &schema{Type: "object", Description: comment(m), Properties: map[string]*schema{}, AdditionalProperties: false}
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if skip[string(field.Name())] {
			continue
		}
		out.Properties[field.JSONName()] = b.field(field)
		if rules(field).GetRequired() {
			out.Required = append(out.Required, field.JSONName())
		}
	}
	return out
}

func rules(field protoreflect.FieldDescriptor) *validate.FieldRules {
	found, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	return found
}

func (b *builder) field(field protoreflect.FieldDescriptor) *schema {
	rule := rules(field)
	var out *schema
	switch {
	case field.IsMap():
		out = &schema{Type: "object", AdditionalProperties: b.value(field.MapValue(), rule.GetMap().GetValues())}
	case field.IsList():
		repeated := rule.GetRepeated()
		out = &schema{Type: "array", Items: b.value(field, repeated.GetItems()), UniqueItems: repeated.GetUnique()}
		if repeated != nil {
			out.MinItems, out.MaxItems = repeated.MinItems, repeated.MaxItems
		}
	default:
		out = b.value(field, rule)
	}
	if out.Ref != "" {
		return &schema{Ref: out.Ref, Description: comment(field)}
	}
	out.Description = comment(field)
	return out
}

func (b *builder) value(field protoreflect.FieldDescriptor, rule *validate.FieldRules) *schema {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return b.messageValue(field.Message())
	case protoreflect.EnumKind:
		return &schema{Type: "string", Enum: enumNames(field.Enum())}
	case protoreflect.BoolKind:
		return &schema{Type: "boolean"}
	case protoreflect.StringKind:
		return stringSchema(rule.GetString())
	case protoreflect.BytesKind:
		return &schema{Type: "string", Format: "byte"}
	case protoreflect.Int64Kind:
		return &schema{Type: "string", Format: "int64"}
	default:
		return integerSchema(rule.GetInt32())
	}
}

func (b *builder) messageValue(m protoreflect.MessageDescriptor) *schema {
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return &schema{Type: "string", Format: "date-time"}
	case "google.protobuf.Duration":
		return &schema{Type: "string", Pattern: `^-?[0-9]+(\.[0-9]+)?s$`}
	default:
		return b.ref(m)
	}
}

func enumNames(enum protoreflect.EnumDescriptor) []string {
	var names []string
	for i := range enum.Values().Len() {
		names = append(names, string(enum.Values().Get(i).Name()))
	}
	return names
}

func stringSchema(rule *validate.StringRules) *schema {
	out := &schema{Type: "string"}
	if rule == nil {
		return out
	}
	out.MinLength, out.MaxLength, out.Pattern = rule.MinLen, rule.MaxLen, rule.GetPattern()
	if rule.GetUuid() {
		out.Format = "uuid"
	}
	if rule.GetUri() {
		out.Format = "uri"
	}
	return out
}

func integerSchema(rule *validate.Int32Rules) *schema {
	out := &schema{Type: "integer", Format: "int32"}
	set := func(target **int64, value int64) { *target = &value }
	switch bound := rule.GetGreaterThan().(type) {
	case *validate.Int32Rules_Gte:
		set(&out.Minimum, int64(bound.Gte))
	case *validate.Int32Rules_Gt:
		set(&out.Minimum, int64(bound.Gt)+1)
	}
	switch bound := rule.GetLessThan().(type) {
	case *validate.Int32Rules_Lte:
		set(&out.Maximum, int64(bound.Lte))
	case *validate.Int32Rules_Lt:
		set(&out.Maximum, int64(bound.Lt)-1)
	}
	return out
}
