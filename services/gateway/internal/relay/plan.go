// Package relay hands a call of the public API to the service that owns it when both contracts say the same thing in
// the same words: fields of one name are copied, money changes between minor units and decimals, and the idempotency key
// becomes the request id. It decides nothing.
package relay

import (
	"fmt"
	"math"
	"sync"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// plan copies one message type into another, field by field.
type plan struct {
	steps []step
	// dropped are source fields that the target does not have.
	dropped []protoreflect.Name
}

// step copies one field that is set. path is the JSON path of the source message, for errors.
type step struct {
	from protoreflect.FieldDescriptor
	copy func(path string, to protoreflect.Message, value protoreflect.Value) error
}

// convert turns one value, list element or map value into the target's form.
type convert func(path string, value protoreflect.Value) (protoreflect.Value, error)

type pair struct{ from, to protoreflect.FullName }

// Mapper compiles and keeps plans. It is safe for concurrent use.
type Mapper struct {
	plans sync.Map // pair → *plan
	keys  sync.Map // protoreflect.FullName of a request → keyField
}

// NewMapper returns a mapper without plans.
func NewMapper() *Mapper { return &Mapper{} }

// Copy fills to from from. Fields that to does not have are left out. An amount that does not fit its currency is an
// error with the field's path.
func (m *Mapper) Copy(to, from protoreflect.Message) error {
	return m.copyMessage("", to, from)
}

// Dropped names the fields of from, at any depth, that have no counterpart in to; empty means nothing is lost.
func (m *Mapper) Dropped(to, from protoreflect.MessageDescriptor) []string {
	return m.droppedBelow("", to, from, map[pair]bool{})
}

func (m *Mapper) droppedBelow(path string, to, from protoreflect.MessageDescriptor, seen map[pair]bool) []string {
	key := pair{from.FullName(), to.FullName()}
	if seen[key] || from.FullName() == to.FullName() || isMoney(from, to) {
		return nil
	}
	seen[key] = true
	var names []string
	for i := range from.Fields().Len() {
		source := from.Fields().Get(i)
		target := to.Fields().ByName(source.Name())
		name := join(path, string(source.Name()))
		if target == nil {
			names = append(names, name)
			continue
		}
		if source.Message() != nil && target.Message() != nil && !source.IsMap() {
			names = append(names, m.droppedBelow(name, target.Message(), source.Message(), seen)...)
		}
	}
	return names
}

func (m *Mapper) copyMessage(path string, to, from protoreflect.Message) error {
	p := m.planFor(to.Descriptor(), from.Descriptor())
	for _, s := range p.steps {
		if !from.Has(s.from) {
			continue
		}
		if err := s.copy(path, to, from.Get(s.from)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapper) planFor(to, from protoreflect.MessageDescriptor) *plan {
	key := pair{from.FullName(), to.FullName()}
	if known, ok := m.plans.Load(key); ok {
		return known.(*plan)
	}
	p := &plan{}
	for i := range from.Fields().Len() {
		source := from.Fields().Get(i)
		target := to.Fields().ByName(source.Name())
		if target == nil {
			p.dropped = append(p.dropped, source.Name())
			continue
		}
		p.steps = append(p.steps, step{from: source, copy: m.copier(target, source)})
	}
	known, _ := m.plans.LoadOrStore(key, p)
	return known.(*plan)
}

func (m *Mapper) copier(target, source protoreflect.FieldDescriptor) func(string, protoreflect.Message, protoreflect.Value) error {
	name := source.JSONName()
	switch {
	case source.IsMap():
		return func(_ string, to protoreflect.Message, value protoreflect.Value) error {
			return copyMap(to.Mutable(target).Map(), value.Map())
		}
	case source.IsList():
		one := m.converter(target, source)
		return func(path string, to protoreflect.Message, value protoreflect.Value) error {
			return copyList(join(path, name), to.Mutable(target).List(), value.List(), one)
		}
	default:
		one := m.converter(target, source)
		return func(path string, to protoreflect.Message, value protoreflect.Value) error {
			out, err := one(join(path, name), value)
			if err != nil {
				return err
			}
			to.Set(target, out)
			return nil
		}
	}
}

// copyMap copies maps of scalars, the only ones in the contracts.
func copyMap(to, from protoreflect.Map) error {
	from.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		to.Set(key, value)
		return true
	})
	return nil
}

func copyList(path string, to, from protoreflect.List, one convert) error {
	for i := range from.Len() {
		out, err := one(fmt.Sprintf("%s[%d]", path, i), from.Get(i))
		if err != nil {
			return err
		}
		to.Append(out)
	}
	return nil
}

func (m *Mapper) converter(target, source protoreflect.FieldDescriptor) convert {
	if source.Message() != nil && target.Message() != nil {
		return m.messageConverter(target.Message(), source.Message(), target)
	}
	if source.Kind() == target.Kind() {
		return keep
	}
	switch target.Kind() {
	case protoreflect.Int32Kind:
		return narrow
	case protoreflect.Int64Kind:
		return func(_ string, value protoreflect.Value) (protoreflect.Value, error) {
			return protoreflect.ValueOfInt64(value.Int()), nil
		}
	default:
		panic(fmt.Sprintf("relay: %s is %s, %s is %s", source.FullName(), source.Kind(), target.FullName(), target.Kind()))
	}
}

func (m *Mapper) messageConverter(target, source protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor) convert {
	switch {
	case source.FullName() == target.FullName():
		return keep
	case isMoney(source, target) && source.Name() == "Money":
		return toAmount
	case isMoney(source, target):
		return toMoney
	default:
		return func(path string, value protoreflect.Value) (protoreflect.Value, error) {
			out := newMessage(field)
			if err := m.copyMessage(path, out, value.Message()); err != nil {
				return protoreflect.Value{}, err
			}
			return protoreflect.ValueOfMessage(out), nil
		}
	}
}

func isMoney(a, b protoreflect.MessageDescriptor) bool {
	return a.FullName() == "cartwright.type.v1.Money" && b.FullName() == "cartwright.type.v1.Amount" ||
		a.FullName() == "cartwright.type.v1.Amount" && b.FullName() == "cartwright.type.v1.Money"
}

func keep(_ string, value protoreflect.Value) (protoreflect.Value, error) { return value, nil }

func narrow(path string, value protoreflect.Value) (protoreflect.Value, error) {
	n := value.Int()
	if n > math.MaxInt32 || n < math.MinInt32 {
		return protoreflect.Value{}, errs.InternalError.New("%s does not fit the public contract.", path)
	}
	return protoreflect.ValueOfInt32(int32(n)), nil
}

func toAmount(path string, value protoreflect.Value) (protoreflect.Value, error) {
	money, err := moneypb.FromProto(value.Message().Interface().(*typev1.Money))
	if err != nil {
		return protoreflect.Value{}, fmt.Errorf("read %s: %w", path, err)
	}
	return protoreflect.ValueOfMessage(moneypb.ToAmount(money).ProtoReflect()), nil
}

func toMoney(path string, value protoreflect.Value) (protoreflect.Value, error) {
	money, err := moneypb.FromAmount(path, value.Message().Interface().(*typev1.Amount))
	if err != nil {
		return protoreflect.Value{}, err
	}
	return protoreflect.ValueOfMessage(moneypb.ToProto(money).ProtoReflect()), nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// newMessage makes an empty message of a field's type. The type is linked in: the contract's Go package imports it.
func newMessage(field protoreflect.FieldDescriptor) protoreflect.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(field.Message().FullName())
	if err != nil {
		panic(fmt.Sprintf("relay: %v", err))
	}
	return kind.New()
}
