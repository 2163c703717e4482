package grpcserver

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// decoding is a message on its way in. The gRPC library answers a message that it cannot decode with INTERNAL, before any
// interceptor runs. So the codec below decodes into a decoding, which never fails and keeps the error; the chain then
// refuses the call like any other wrong request, counted and logged.
type decoding struct {
	into any
	err  error
}

// undecodable stands for a request that could not be decoded.
type undecodable struct{ err error }

// tolerant makes the handlers of a service decode through a decoding.
func tolerant(desc *grpc.ServiceDesc) *grpc.ServiceDesc {
	changed := *desc
	changed.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, method := range desc.Methods {
		changed.Methods[i] = grpc.MethodDesc{MethodName: method.MethodName, Handler: tolerantHandler(method.Handler)}
	}
	return &changed
}

func tolerantHandler(handle grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		var in decoding
		decode := func(m any) error {
			in.into = m
			return dec(&in)
		}
		intercept := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if in.err != nil {
				req = undecodable{in.err}
			}
			return interceptor(ctx, req, info, handler)
		}
		return handle(srv, ctx, decode, intercept)
	}
}

// codec is the library's codec for protobuf, but for messages on their way in.
type codec struct {
	encoding.CodecV2
	limit int
}

func newCodec(limit int) codec {
	return codec{CodecV2: encoding.GetCodecV2(protocodec.Name), limit: limit}
}

// Unmarshal decodes data into v. Errors of a decoding are kept in it.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*decoding)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if data.Len() > c.limit {
		in.err = errs.MessageTooLarge.New("The message is larger than %d bytes.", c.limit)
		return nil
	}
	err := c.CodecV2.Unmarshal(data, in.into)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "UTF-8"):
		in.err = errs.UTF8Invalid.New("A text of the message is not valid UTF-8.").Because(err)
	default:
		in.err = errs.MessageMalformed.New("The message cannot be decoded.").Because(err)
	}
	return nil
}
