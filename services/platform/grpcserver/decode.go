package grpcserver

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// strictDecoding makes a message that cannot be decoded the client's fault. The gRPC library decodes before any
// interceptor runs and calls that INTERNAL, so the decoder handed to each handler is wrapped instead; the error still
// passes no interceptor and is therefore made a status here.
func strictDecoding(desc *grpc.ServiceDesc) *grpc.ServiceDesc {
	strict := *desc
	strict.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, method := range desc.Methods {
		handle := method.Handler
		strict.Methods[i] = grpc.MethodDesc{
			MethodName: method.MethodName,
			Handler: func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				return handle(srv, ctx, func(m any) error {
					if err := dec(m); err != nil {
						return errs.ToGRPC(decodeError(err))
					}
					return nil
				}, interceptor)
			},
		}
	}
	return &strict
}

// decodeError gives errors of receiving a message their reason. End of stream and cancellation pass unchanged.
func decodeError(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch {
	case st.Code() == codes.Internal && strings.Contains(st.Message(), "UTF-8"):
		return errs.UTF8Invalid.New("A text of the message is not valid UTF-8.").Because(err)
	case st.Code() == codes.Internal && strings.Contains(st.Message(), "unmarshal"):
		return errs.MessageMalformed.New("The message cannot be decoded.").Because(err)
	case st.Code() == codes.ResourceExhausted:
		return errs.MessageTooLarge.New("The message is larger than the server accepts.").Because(err)
	}
	return err
}
