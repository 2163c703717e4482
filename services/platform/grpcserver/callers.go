package grpcserver

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
)

var errCaller = errs.Define(errs.PermissionDenied, "CALLER_NOT_ALLOWED", "The calling service is not one that the contract of the method names as a caller.")

// callers are the services that may call each method ("/package.Service/Method"), as the contracts say. A method of which
// they say nothing is open to none.
type callers map[string][]string

func newCallers(descs []*grpc.ServiceDesc) (callers, error) {
	table := callers{}
	for _, desc := range descs {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
		if err != nil {
			return nil, fmt.Errorf("read who may call %s: %w", desc.ServiceName, err)
		}
		service := found.(protoreflect.ServiceDescriptor)
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			named, _ := proto.GetExtension(service.Options(), typev1.E_Callers).(*typev1.Callers)
			if proto.HasExtension(method.Options(), typev1.E_OnlyCallers) {
				named, _ = proto.GetExtension(method.Options(), typev1.E_OnlyCallers).(*typev1.Callers)
			}
			table["/"+desc.ServiceName+"/"+string(method.Name())] = named.GetServices()
		}
	}
	return table, nil
}

func (c *chain) callerUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := c.admitCaller(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (c *chain) callerStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := c.admitCaller(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(srv, stream)
}

// admitCaller refuses a service that has no business with a method. Health is no contract of ours and everybody's; a method that
// does not exist is left to the answer that says so.
func (c *chain) admitCaller(ctx context.Context, method string) error {
	allowed, known := c.callers[method]
	if !known {
		return nil
	}
	caller := mtls.Caller(ctx)
	if slices.Contains(allowed, caller) {
		return nil
	}
	c.metrics.callersRefused.WithLabelValues(method, caller).Inc()
	c.cfg.Log.Warn("caller refused", zap.String("rpc", method), zap.String("caller", caller), zap.Strings("allowed", allowed),
		zap.String("request_id", identity.RequestID(ctx)))
	return errCaller.New("The service %q may not call this method.", caller)
}
