package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// fingerprintVersion changes when the encoding below does: repeated calls that straddle a deploy would otherwise be refused.
const fingerprintVersion = "cartwright-fingerprint/1"

// fingerprint hashes fields in a canonical encoding: every value has a tag for its kind and, where its size varies, a
// length, so that no two lists of values share an encoding. It does not use the protobuf wire form, which may change between
// builds: a message is hashed by the numbers and values of the fields that are set, so new fields change nothing while unset.
func fingerprint(fields []any) []byte {
	e := encoder{sha256.New()}
	e.hash.Write([]byte(fingerprintVersion))
	e.size('l', len(fields))
	for _, field := range fields {
		e.value(field)
	}
	return e.hash.Sum(nil)
}

type encoder struct{ hash hash.Hash }

func (e encoder) size(tag byte, n int) { e.number(tag, uint64(n)) }

func (e encoder) number(tag byte, n uint64) {
	var buffer [9]byte
	buffer[0] = tag
	binary.BigEndian.PutUint64(buffer[1:], n)
	e.hash.Write(buffer[:])
}

func (e encoder) text(tag byte, s string) {
	e.size(tag, len(s))
	e.hash.Write([]byte(s))
}

func (e encoder) value(v any) {
	switch v := v.(type) {
	case nil:
		e.size('0', 0)
	case string:
		e.text('s', v)
	case []byte:
		e.text('b', string(v))
	case time.Time:
		e.text('t', v.UTC().Format(time.RFC3339Nano))
	case proto.Message:
		e.message(v.ProtoReflect())
	default:
		e.reflected(reflect.ValueOf(v))
	}
}

func (e encoder) reflected(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		e.text('s', v.String())
	case reflect.Bool:
		e.bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.number('i', uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.number('u', v.Uint())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			e.size('0', 0)
			return
		}
		e.value(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		e.size('l', v.Len())
		for i := range v.Len() {
			e.value(v.Index(i).Interface())
		}
	case reflect.Map:
		e.mapping(v)
	case reflect.Struct:
		e.size('r', v.NumField())
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				panic(fmt.Sprintf("idempotency: %s has unexported fields and cannot be part of a fingerprint", v.Type()))
			}
			e.value(v.Field(i).Interface())
		}
	default:
		panic(fmt.Sprintf("idempotency: a %s cannot be part of a fingerprint", v.Type()))
	}
}

func (e encoder) bool(b bool) {
	if b {
		e.size('y', 1)
		return
	}
	e.size('y', 0)
}

func (e encoder) mapping(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	e.size('m', len(keys))
	for _, key := range keys {
		e.value(key.Interface())
		e.value(v.MapIndex(key).Interface())
	}
}

func (e encoder) message(m protoreflect.Message) {
	if !m.IsValid() {
		e.size('0', 0)
		return
	}
	var set []protoreflect.FieldDescriptor
	m.Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = append(set, field)
		return true
	})
	slices.SortFunc(set, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	e.size('p', len(set))
	for _, field := range set {
		e.number('f', uint64(field.Number()))
		e.field(field, m.Get(field))
	}
}

func (e encoder) field(field protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case field.IsMap():
		type entry struct {
			key   protoreflect.MapKey
			value protoreflect.Value
		}
		var entries []entry
		v.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			entries = append(entries, entry{key, value})
			return true
		})
		slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key.String(), b.key.String()) })
		e.size('m', len(entries))
		for _, entry := range entries {
			e.text('s', entry.key.String())
			e.scalar(entry.value)
		}
	case field.IsList():
		list := v.List()
		e.size('l', list.Len())
		for i := range list.Len() {
			e.scalar(list.Get(i))
		}
	default:
		e.scalar(v)
	}
}

func (e encoder) scalar(v protoreflect.Value) {
	switch v := v.Interface().(type) {
	case protoreflect.Message:
		e.message(v)
	case protoreflect.EnumNumber:
		e.number('i', uint64(v))
	case float32:
		e.number('d', math.Float64bits(float64(v)))
	case float64:
		e.number('d', math.Float64bits(v))
	default:
		e.value(v)
	}
}
