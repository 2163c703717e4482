package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi/example"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// received is one call as a service got it.
type received struct {
	method    string
	request   proto.Message
	principal identity.Principal
	requestID string
}

// answerer answers a call in place of a service.
type answerer func(ctx context.Context, request proto.Message) (proto.Message, error)

// streamer answers a stream in place of a service.
type streamer func(stream grpc.ServerStream) error

// standin is a real server of internal contracts: it checks what it gets by their rules, keeps it, and answers with a
// message in which every field is set, or as the test says.
type standin struct {
	t    testing.TB
	addr string

	journal *journal
	// mood refuses calls at random, nil for a service that does not.
	mood func() error

	mu      sync.Mutex
	answers map[string]answerer
	streams map[string]streamer
	server  *grpcserver.Server
}

// journal is what all services of a shop got, in order.
type journal struct {
	mu    sync.Mutex
	calls []received
}

func (j *journal) add(call received) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call)
}

// since returns the calls after the first n.
func (j *journal) since(n int) []received {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.calls[n:])
}

func startStandin(t testing.TB, j *journal, services ...protoreflect.FullName) *standin {
	t.Helper()
	s := &standin{t: t, journal: j, answers: map[string]answerer{}, streams: map[string]streamer{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	s.serve(listener, services)
	return s
}

func (s *standin) serve(listener net.Listener, services []protoreflect.FullName) {
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) {
		for _, name := range services {
			found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
			require.NoError(s.t, err)
			r.RegisterService(s.describe(found.(protoreflect.ServiceDescriptor)), s)
		}
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.server = server
	s.t.Cleanup(func() {
		s.stop()
		require.NoError(s.t, <-served)
	})
}

// stop ends the service at once, as a killed process would.
func (s *standin) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.server.Stop(ctx)
}

func (s *standin) describe(service protoreflect.ServiceDescriptor) *grpc.ServiceDesc {
	desc := &grpc.ServiceDesc{ServiceName: string(service.FullName()), HandlerType: (*any)(nil)}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		name := "/" + desc.ServiceName + "/" + string(method.Name())
		if method.IsStreamingClient() || method.IsStreamingServer() {
			desc.Streams = append(desc.Streams, grpc.StreamDesc{
				StreamName: string(method.Name()), ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer(),
				Handler: func(_ any, stream grpc.ServerStream) error { return s.stream(name)(stream) },
			})
			continue
		}
		input, output := messageType(s.t, method.Input()), messageType(s.t, method.Output())
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: string(method.Name()),
			Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				in := input.New().Interface()
				if err := decode(in); err != nil {
					return nil, err
				}
				return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: s, FullMethod: name}, func(ctx context.Context, req any) (any, error) {
					return s.answer(ctx, name, req.(proto.Message), output)
				})
			},
		})
	}
	return desc
}

func (s *standin) answer(ctx context.Context, name string, request proto.Message, output protoreflect.MessageType) (proto.Message, error) {
	s.journal.add(received{
		method: name, request: proto.Clone(request), principal: identity.From(ctx), requestID: identity.RequestID(ctx),
	})
	s.mu.Lock()
	answer := s.answers[name]
	s.mu.Unlock()
	if s.mood != nil {
		if err := s.mood(); err != nil {
			return nil, err
		}
	}
	if answer != nil {
		return answer(ctx, request)
	}
	return filled(s.t, output), nil
}

func (s *standin) stream(name string) streamer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[name]
}

// on makes the service answer a method as the test says.
func (s *standin) on(method string, answer answerer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[method] = answer
}

// onStream makes the service answer a stream as the test says.
func (s *standin) onStream(method string, answer streamer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[method] = answer
}

// got returns the calls of a method so far.
func (s *standin) got(method string) []received {
	return slices.DeleteFunc(s.journal.since(0), func(c received) bool { return c.method != method })
}

// last returns the latest call of a method.
func (s *standin) last(method string) received {
	calls := s.got(method)
	require.NotEmpty(s.t, calls, method)
	return calls[len(calls)-1]
}

func messageType(t testing.TB, descriptor protoreflect.MessageDescriptor) protoreflect.MessageType {
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	require.NoError(t, err)
	return found
}

// filled returns a message in which every field is set.
func filled(t testing.TB, kind protoreflect.MessageType) proto.Message {
	return decoded(t, kind, example.Maker{Full: true}.Message(kind.Descriptor(), nil))
}

// decoded reads a message from its JSON form.
func decoded(t testing.TB, kind protoreflect.MessageType, form map[string]any) proto.Message {
	text, err := json.Marshal(form)
	require.NoError(t, err)
	message := kind.New().Interface()
	require.NoError(t, protojson.Unmarshal(text, message), "%s: %s", kind.Descriptor().FullName(), text)
	return message
}

// refuse answers with an error.
func refuse(err error) answerer {
	return func(context.Context, proto.Message) (proto.Message, error) { return nil, err }
}

// replay answers as a service that has stored its answer.
func replay(answer proto.Message, err error) answerer {
	return func(ctx context.Context, _ proto.Message) (proto.Message, error) {
		_ = grpc.SetHeader(ctx, metadata.Pairs("idempotent-replayed", "true"))
		return answer, err
	}
}

// hang answers when the caller has gone.
func hang(ctx context.Context, _ proto.Message) (proto.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// takeFile reads a whole file and answers with a filled report.
func (s *standin) takeFile(stream grpc.ServerStream) error {
	for {
		part := &productv1.ImportProductsRequest{}
		err := stream.RecvMsg(part)
		if errors.Is(err, io.EOF) {
			return stream.SendMsg(filled(s.t, (&productv1.ImportProductsResponse{}).ProtoReflect().Type()))
		}
		if err != nil {
			return err
		}
	}
}

// giveFile sends a small file.
func giveFile(stream grpc.ServerStream) error {
	if err := stream.RecvMsg(&productv1.ExportProductsRequest{}); err != nil {
		return err
	}
	return stream.SendMsg(&productv1.ExportProductsResponse{Chunk: []byte("Handle,Title\nheart,Heart\n")})
}

// channels are the channels of the test shop.
func channels() *productv1.ListChannelsResponse {
	return &productv1.ListChannelsResponse{Channels: []*productv1.Channel{
		{
			Key: "eu-web", Name: "Europe", CurrencyCodes: []string{"EUR"}, DefaultCurrencyCode: "EUR", CountryCodes: []string{"DE", "FR"},
			DefaultCountryCode: "DE", Locales: []string{"de-DE"}, DefaultLocale: "de-DE",
		},
		{
			Key: "uk-web", Name: "Britain", CurrencyCodes: []string{"GBP", "EUR"}, DefaultCurrencyCode: "GBP", CountryCodes: []string{"GB", "IE"},
			DefaultCountryCode: "GB", Locales: []string{"en-GB"}, DefaultLocale: "en-GB", IsDefault: true,
		},
	}}
}

// findMethod finds an internal method by its full name.
func findMethod(name string) (protoreflect.MethodDescriptor, error) {
	service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + method))
	if err != nil {
		return nil, err
	}
	return found.(protoreflect.MethodDescriptor), nil
}

// outgoing adds metadata to the calls of a context.
func outgoing(ctx context.Context, pairs []string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// slowly answers when it is told to.
func slowly(entered chan<- struct{}, goOn <-chan struct{}, answer proto.Message) answerer {
	return func(context.Context, proto.Message) (proto.Message, error) {
		entered <- struct{}{}
		<-goOn
		return answer, nil
	}
}
