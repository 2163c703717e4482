package relay

import (
	"context"
	"regexp"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// requestIDField is the field of the internal contracts that takes the idempotency key.
const requestIDField protoreflect.Name = "request_id"

// ReplayedHeader tells that an answer was stored when the same key came first; it goes on to the client.
const ReplayedHeader = "idempotent-replayed"

// method is a method of a generated client.
type method[Req, Resp proto.Message] func(context.Context, Req, ...grpc.CallOption) (Resp, error)

// Call copies the public request into the service's, sends it, and copies the answer back. Both messages are made of the
// types of send and Out. A field that the service does not know is found by a test over all contracts, not here.
func Call[Out, Req, Resp proto.Message](ctx context.Context, m *Mapper, public proto.Message, send method[Req, Resp]) (Out, error) {
	var none Out
	inner := empty[Req]()
	out := empty[Out]()
	message := inner.ProtoReflect()
	if err := m.Copy(message, public.ProtoReflect()); err != nil {
		return none, err
	}
	if field := m.keyField(message.Descriptor()); field.descriptor != nil {
		if key := keyFor(ctx, field); key != "" {
			message.Set(field.descriptor, protoreflect.ValueOfString(key))
		}
	}
	var header metadata.MD
	answer, err := send(ctx, inner, grpc.Header(&header))
	if len(header.Get(ReplayedHeader)) > 0 && !errs.Has(err, errs.IdempotencyInProgress) { // no stored answer is "not yet"
		_ = grpc.SetHeader(ctx, metadata.Pairs(ReplayedHeader, "true"))
	}
	if err != nil {
		return none, publicPaths(err)
	}
	if err := m.Copy(out.ProtoReflect(), answer.ProtoReflect()); err != nil {
		return none, err
	}
	return out, nil
}

// keyFor is the caller's key. A caller without one gets a fresh key only where the service insists: it costs the service a
// stored answer that nobody will ask for.
func keyFor(ctx context.Context, field keyField) string {
	if key := callkey.Of(ctx); key != "" || !field.required {
		return key
	}
	return id.New()
}

// keyField is the field of a request that takes the idempotency key; without a descriptor there is none.
type keyField struct {
	descriptor protoreflect.FieldDescriptor
	required   bool
}

func (m *Mapper) keyField(request protoreflect.MessageDescriptor) keyField {
	if known, ok := m.keys.Load(request.FullName()); ok {
		return known.(keyField)
	}
	found := keyField{descriptor: request.Fields().ByName(requestIDField)}
	if found.descriptor != nil {
		rules, _ := proto.GetExtension(found.descriptor.Options(), validate.E_Field).(*validate.FieldRules)
		found.required = !allowsEmpty(rules)
	}
	m.keys.Store(request.FullName(), found)
	return found
}

func allowsEmpty(rules *validate.FieldRules) bool {
	if rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE {
		return true
	}
	if rules.GetRequired() || rules.GetString().GetMinLen() > 0 {
		return false
	}
	pattern, err := regexp.Compile(rules.GetString().GetPattern())
	return err == nil && pattern.MatchString("")
}

// empty makes an empty message of a generated type.
func empty[M proto.Message]() M {
	var zero M
	return zero.ProtoReflect().New().Interface().(M)
}
