// Package inprocess lets the HTTP front of the gateway call the gRPC handlers of the same process through the same
// interceptors, without a socket and without encoding. It carries unary calls only.
package inprocess

import (
	"context"
	"reflect"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

var (
	_ grpc.ServiceRegistrar      = (*Conn)(nil)
	_ grpc.ClientConnInterface   = (*Conn)(nil)
	_ grpc.ServerTransportStream = (*stream)(nil)
)

// Conn is both ends of a connection: services are registered on it and clients call it.
type Conn struct {
	interceptor grpc.UnaryServerInterceptor
	methods     map[string]method
}

type method struct {
	handle func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error)
	impl   any
}

// New returns a connection whose calls pass the interceptors, the first one outermost.
func New(interceptors ...grpc.UnaryServerInterceptor) *Conn {
	return &Conn{interceptor: chain(interceptors), methods: map[string]method{}}
}

// RegisterService makes the unary methods of a service callable. It must not run beside calls.
func (c *Conn) RegisterService(desc *grpc.ServiceDesc, impl any) {
	for _, m := range desc.Methods {
		c.methods["/"+desc.ServiceName+"/"+m.MethodName] = method{handle: m.Handler, impl: impl}
	}
}

// Invoke runs a unary call. The request is handed over as it is: handlers do not change their requests.
func (c *Conn) Invoke(ctx context.Context, name string, args, reply any, opts ...grpc.CallOption) error {
	m, ok := c.methods[name]
	if !ok {
		return status.Errorf(codes.Unimplemented, "unknown method %s", name)
	}
	transport := &stream{method: name}
	out, err := m.handle(m.impl, serverContext(ctx, transport), decodeInto(args), c.interceptor)
	transport.deliver(opts)
	if err != nil {
		return err
	}
	return move(reply, out)
}

// Admit passes a call that is not in JSON through the interceptors, as if it were a call of the named method with req. It
// returns the context that a handler would have got, without its deadline.
func (c *Conn) Admit(ctx context.Context, name string, md metadata.MD, req any) (context.Context, error) {
	inner := serverContext(metadata.NewOutgoingContext(ctx, md), &stream{method: name})
	admitted := ctx
	_, err := c.interceptor(inner, req, &grpc.UnaryServerInfo{FullMethod: name}, func(inner context.Context, _ any) (any, error) {
		admitted = inner
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return detached{Context: ctx, values: admitted}, nil
}

// detached has the life of one context and the values of another.
type detached struct {
	context.Context
	values context.Context
}

// Value looks into the context that the interceptors made.
func (d detached) Value(key any) any { return d.values.Value(key) }

// NewStream refuses: the public API is unary.
func (c *Conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams are not served in process")
}

func serverContext(ctx context.Context, transport *stream) context.Context {
	incoming, _ := metadata.FromOutgoingContext(ctx)
	ctx = metadata.NewIncomingContext(ctx, incoming)
	ctx = metadata.NewOutgoingContext(ctx, metadata.MD{})
	return grpc.NewContextWithServerTransportStream(ctx, transport)
}

func decodeInto(args any) func(any) error {
	return func(into any) error { return move(into, args) }
}

// move makes *to share what *from holds: both are messages of one type and from is not used afterwards.
func move(to, from any) error {
	target, source := reflect.ValueOf(to), reflect.ValueOf(from)
	if target.Type() != source.Type() {
		message, ok := to.(proto.Message)
		origin, okOrigin := from.(proto.Message)
		if !ok || !okOrigin || message.ProtoReflect().Descriptor() != origin.ProtoReflect().Descriptor() {
			return status.Errorf(codes.Internal, "in-process call: %T is not %T", from, to)
		}
		proto.Merge(message, origin)
		return nil
	}
	target.Elem().Set(source.Elem())
	return nil
}

func chain(interceptors []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		next := handler
		for i := len(interceptors) - 1; i >= 0; i-- {
			interceptor, inner := interceptors[i], next
			next = func(ctx context.Context, req any) (any, error) { return interceptor(ctx, req, info, inner) }
		}
		return next(ctx, req)
	}
}

// stream collects the headers and trailers that handlers set.
type stream struct {
	method  string
	mu      sync.Mutex
	header  metadata.MD
	trailer metadata.MD
}

// Method returns the full name of the method.
func (s *stream) Method() string { return s.method }

// SetHeader adds response headers.
func (s *stream) SetHeader(md metadata.MD) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = metadata.Join(s.header, md)
	return nil
}

// SendHeader adds response headers; in process there is nothing to send early.
func (s *stream) SendHeader(md metadata.MD) error { return s.SetHeader(md) }

// SetTrailer adds response trailers.
func (s *stream) SetTrailer(md metadata.MD) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trailer = metadata.Join(s.trailer, md)
	return nil
}

func (s *stream) deliver(opts []grpc.CallOption) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, opt := range opts {
		switch o := opt.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = s.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = s.trailer
		}
	}
}
