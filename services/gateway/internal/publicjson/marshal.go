// Package publicjson writes the JSON form of the public API: what protobuf's own encoder writes with default values
// included, without its work to find out about each message anew. Fields come in the order of the contract, and equal
// messages give equal bytes in every build, so that an entity tag outlives a deploy.
package publicjson

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var errUTF8 = errors.New("a text is not valid UTF-8")

// Marshaler writes messages. It remembers how to write each type it has seen and is safe for concurrent use.
type Marshaler struct {
	plans sync.Map // protoreflect.MessageDescriptor → *plan
}

// plan is how a type of message is written.
type plan struct {
	fields []field
	// size is how long the last answer of the type was, to take room for the next one at once.
	size atomic.Int64
	// foreign types have a JSON form of their own, such as timestamps.
	foreign bool
}

// field is how one field is written.
type field struct {
	descriptor protoreflect.FieldDescriptor
	// key is the name in quotes with its colon.
	key string
	// presence tells whether the field can be absent, and then is left out.
	presence bool
	// inner is how the messages in the field are written; it is found at first use, since types may hold themselves.
	inner func() *plan
}

// Marshal returns the JSON form of a message.
func (m *Marshaler) Marshal(message proto.Message) ([]byte, error) {
	reflected := message.ProtoReflect()
	p := m.planFor(reflected.Descriptor())
	out, err := m.message(make([]byte, 0, p.size.Load()+64), reflected, p)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", reflected.Descriptor().FullName(), err)
	}
	p.size.Store(int64(len(out)))
	return out, nil
}

func (m *Marshaler) planFor(descriptor protoreflect.MessageDescriptor) *plan {
	if known, ok := m.plans.Load(descriptor); ok {
		return known.(*plan)
	}
	p := &plan{foreign: descriptor.ParentFile().Package() == "google.protobuf"}
	for i := range descriptor.Fields().Len() {
		fd := descriptor.Fields().Get(i)
		p.fields = append(p.fields, field{
			descriptor: fd, key: strconv.Quote(fd.JSONName()) + ":", presence: fd.HasPresence(),
			inner: sync.OnceValue(func() *plan { return m.planFor(fd.Message()) }),
		})
	}
	known, _ := m.plans.LoadOrStore(descriptor, p)
	return known.(*plan)
}

func (m *Marshaler) message(out []byte, message protoreflect.Message, p *plan) ([]byte, error) {
	if p.foreign {
		form, err := protojson.Marshal(message.Interface())
		return append(out, form...), err
	}
	out = append(out, '{')
	first := true
	for i := range p.fields {
		f := &p.fields[i]
		if f.presence && !message.Has(f.descriptor) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		var err error
		if out, err = m.field(append(out, f.key...), f, message.Get(f.descriptor)); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func (m *Marshaler) field(out []byte, f *field, value protoreflect.Value) ([]byte, error) {
	switch fd := f.descriptor; {
	case fd.IsMap():
		return m.entries(out, fd, value.Map())
	case fd.IsList():
		return m.list(out, f, value.List())
	case fd.Message() != nil:
		return m.message(out, value.Message(), f.inner())
	default:
		return m.value(out, fd, value)
	}
}

func (m *Marshaler) list(out []byte, f *field, list protoreflect.List) ([]byte, error) {
	out = append(out, '[')
	holdsMessages := f.descriptor.Message() != nil
	for i := range list.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if holdsMessages {
			out, err = m.message(out, list.Get(i).Message(), f.inner())
		} else {
			out, err = m.value(out, f.descriptor, list.Get(i))
		}
		if err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

// entries writes a map in the order of its keys.
func (m *Marshaler) entries(out []byte, fd protoreflect.FieldDescriptor, entries protoreflect.Map) ([]byte, error) {
	keys := make([]string, 0, entries.Len())
	values := make(map[string]protoreflect.Value, entries.Len())
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		keys = append(keys, key.String())
		values[key.String()] = value
		return true
	})
	slices.Sort(keys)
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = text(out, key); err != nil {
			return nil, err
		}
		if out, err = m.value(append(out, ':'), fd.MapValue(), values[key]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func (m *Marshaler) value(out []byte, fd protoreflect.FieldDescriptor, value protoreflect.Value) ([]byte, error) {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return m.message(out, value.Message(), m.planFor(fd.Message()))
	case protoreflect.StringKind:
		return text(out, value.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, value.Bool()), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return strconv.AppendInt(out, value.Int(), 10), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(out, value.Uint(), 10), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		// 64 bits do not fit into the numbers of JavaScript.
		return append(strconv.AppendInt(append(out, '"'), value.Int(), 10), '"'), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return append(strconv.AppendUint(append(out, '"'), value.Uint(), 10), '"'), nil
	case protoreflect.EnumKind:
		return enum(out, fd.Enum(), value.Enum()), nil
	case protoreflect.BytesKind:
		out = base64.StdEncoding.AppendEncode(append(out, '"'), value.Bytes())
		return append(out, '"'), nil
	case protoreflect.FloatKind:
		return float(out, value.Float(), 32), nil
	default:
		return float(out, value.Float(), 64), nil
	}
}

func enum(out []byte, descriptor protoreflect.EnumDescriptor, number protoreflect.EnumNumber) []byte {
	if known := descriptor.Values().ByNumber(number); known != nil {
		return append(append(append(out, '"'), known.Name()...), '"')
	}
	return strconv.AppendInt(out, int64(number), 10)
}

func float(out []byte, value float64, bits int) []byte {
	switch {
	case math.IsNaN(value):
		return append(out, `"NaN"`...)
	case math.IsInf(value, 1):
		return append(out, `"Infinity"`...)
	case math.IsInf(value, -1):
		return append(out, `"-Infinity"`...)
	default:
		return strconv.AppendFloat(out, value, 'g', -1, bits)
	}
}

const hexDigits = "0123456789abcdef"

// text writes a string (RFC 8259 section 7).
func text(out []byte, s string) ([]byte, error) {
	out = append(out, '"')
	from, high := 0, false
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			high = high || c >= utf8.RuneSelf
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	if high && !utf8.ValidString(s) {
		return nil, errUTF8
	}
	return append(append(out, s[from:]...), '"'), nil
}
