// Package inprocess lets the HTTP front of the gateway call the gRPC handlers of the same process through the same
// interceptors, without a socket and without encoding.
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
	_ grpc.ServerTransportStream = (*transport)(nil)
	_ grpc.ServerStream          = (*serverStream)(nil)
)

// Conn is both ends of a connection: services are registered on it and clients call it.
type Conn struct {
	unary   grpc.UnaryServerInterceptor
	stream  grpc.StreamServerInterceptor
	methods map[string]method
	streams map[string]streamMethod
}

type method struct {
	handle grpc.MethodHandler
	impl   any
}

type streamMethod struct {
	desc grpc.StreamDesc
	impl any
}

// New returns a connection whose calls pass the interceptors, the first one outermost.
func New(unary []grpc.UnaryServerInterceptor, stream []grpc.StreamServerInterceptor) *Conn {
	return &Conn{
		unary: chain(unary), stream: chainStream(stream), methods: map[string]method{}, streams: map[string]streamMethod{},
	}
}

// RegisterService makes the methods of a service callable. It must not run beside calls.
func (c *Conn) RegisterService(desc *grpc.ServiceDesc, impl any) {
	for _, m := range desc.Methods {
		c.methods["/"+desc.ServiceName+"/"+m.MethodName] = method{handle: m.Handler, impl: impl}
	}
	for _, s := range desc.Streams {
		c.streams["/"+desc.ServiceName+"/"+s.StreamName] = streamMethod{desc: s, impl: impl}
	}
}

// Invoke runs a unary call. The request is handed over as it is: handlers do not change their requests.
func (c *Conn) Invoke(ctx context.Context, name string, args, reply any, opts ...grpc.CallOption) error {
	m, ok := c.methods[name]
	if !ok {
		return status.Errorf(codes.Unimplemented, "unknown method %s", name)
	}
	t := &transport{method: name}
	out, err := m.handle(m.impl, serverContext(ctx, t), decodeInto(args), c.unary)
	t.deliver(opts)
	if err != nil {
		return err
	}
	return move(reply, out)
}

// NewStream refuses: a caller with a stream uses Stream, which needs no goroutine.
func (c *Conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams are not opened in process")
}

// Ends are the caller's ends of a stream.
type Ends struct {
	// Recv fills a message that the handler receives; io.EOF ends the caller's side.
	Recv func(message any) error
	// Send takes a message that the handler sends.
	Send func(message any) error
}

// Stream runs a streaming method to its end and returns the headers it set. Its messages pass the interceptors.
func (c *Conn) Stream(ctx context.Context, name string, md metadata.MD, ends Ends) (metadata.MD, error) {
	m, ok := c.streams[name]
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "unknown stream %s", name)
	}
	t := &transport{method: name}
	stream := &serverStream{transport: t, ends: ends, ctx: serverContext(metadata.NewOutgoingContext(ctx, md), t)}
	info := &grpc.StreamServerInfo{FullMethod: name, IsClientStream: m.desc.ClientStreams, IsServerStream: m.desc.ServerStreams}
	err := c.stream(m.impl, stream, info, m.desc.Handler)
	return t.headers(), err
}

func serverContext(ctx context.Context, t *transport) context.Context {
	incoming, _ := metadata.FromOutgoingContext(ctx)
	ctx = metadata.NewIncomingContext(ctx, incoming)
	ctx = metadata.NewOutgoingContext(ctx, metadata.MD{})
	return grpc.NewContextWithServerTransportStream(ctx, t)
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

func chainStream(interceptors []grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		next := handler
		for i := len(interceptors) - 1; i >= 0; i-- {
			interceptor, inner := interceptors[i], next
			next = func(srv any, stream grpc.ServerStream) error { return interceptor(srv, stream, info, inner) }
		}
		return next(srv, stream)
	}
}

// serverStream is the handler's end of a stream.
type serverStream struct {
	*transport
	ends Ends
	ctx  context.Context
}

// Context is the context of the call.
func (s *serverStream) Context() context.Context { return s.ctx }

// SetTrailer adds response trailers.
func (s *serverStream) SetTrailer(md metadata.MD) { _ = s.transport.SetTrailer(md) }

// SendMsg hands a message to the caller.
func (s *serverStream) SendMsg(m any) error { return s.ends.Send(m) }

// RecvMsg takes a message from the caller.
func (s *serverStream) RecvMsg(m any) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return s.ends.Recv(m)
}

// transport collects the headers and trailers that handlers set.
type transport struct {
	method  string
	mu      sync.Mutex
	header  metadata.MD
	trailer metadata.MD
}

// Method returns the full name of the method.
func (t *transport) Method() string { return t.method }

// SetHeader adds response headers.
func (t *transport) SetHeader(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.header = metadata.Join(t.header, md)
	return nil
}

// SendHeader adds response headers; in process there is nothing to send early.
func (t *transport) SendHeader(md metadata.MD) error { return t.SetHeader(md) }

// SetTrailer adds response trailers.
func (t *transport) SetTrailer(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trailer = metadata.Join(t.trailer, md)
	return nil
}

func (t *transport) headers() metadata.MD {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.header
}

func (t *transport) deliver(opts []grpc.CallOption) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, opt := range opts {
		switch o := opt.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = t.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = t.trailer
		}
	}
}
