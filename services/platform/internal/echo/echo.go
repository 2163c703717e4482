// Package echo is a small gRPC service for the tests of the server, the client and the runtime. Its contract has every
// kind of field and rule that the interceptors look at, and is built at run time: it is nobody's API.
package echo

import (
	"context"
	"fmt"

	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate" // the rules in the contract below
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1" // its callers
)

// Names of the service on the wire.
const (
	Service = "cartwright.test.v1.EchoService"
	Unary   = "/" + Service + "/Echo"
	Stream  = "/" + Service + "/Chat"
)

const contract = `
name: "cartwright/test/v1/echo.proto" package: "cartwright.test.v1" syntax: "proto3" dependency: "buf/validate/validate.proto" dependency: "cartwright/type/v1/callers.proto"
message_type { name: "Line"
  field { name: "sku" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "sku" options { [buf.validate.field] { string { min_len: 1 max_len: 8 } } } }
  field { name: "quantity" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL json_name: "quantity" options { [buf.validate.field] { int32 { gte: 1 lte: 100 } } } } }
message_type { name: "EchoRequest"
  field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "text" options { [buf.validate.field] { string { max_len: 200 } } } }
  field { name: "lines" number: 2 type: TYPE_MESSAGE type_name: ".cartwright.test.v1.Line" label: LABEL_REPEATED json_name: "lines" options { [buf.validate.field] { repeated { max_items: 3 } } } }
  field { name: "request_id" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "requestId" options { [buf.validate.field] { string { min_len: 1 max_len: 255 } } } }
  field { name: "blob" number: 4 type: TYPE_BYTES label: LABEL_OPTIONAL json_name: "blob" }
  field { name: "labels" number: 5 type: TYPE_MESSAGE type_name: ".cartwright.test.v1.EchoRequest.LabelsEntry" label: LABEL_REPEATED json_name: "labels" }
  field { name: "tags" number: 6 type: TYPE_STRING label: LABEL_REPEATED json_name: "tags" options { [buf.validate.field] { repeated { unique: true } } } }
  field { name: "page_token" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "pageToken" options { [buf.validate.field] { string { max_len: 20 } } } }
  field { name: "percent" number: 8 type: TYPE_INT32 label: LABEL_OPTIONAL json_name: "percent" options { [buf.validate.field] { cel { id: "PERCENT_RANGE" message: "must be 0 to 100" expression: "this >= 0 && this <= 100" } } } }
  field { name: "top_line" number: 9 type: TYPE_MESSAGE type_name: ".cartwright.test.v1.Line" label: LABEL_OPTIONAL json_name: "topLine" }
  field { name: "kind" number: 10 type: TYPE_ENUM type_name: ".cartwright.test.v1.Kind" label: LABEL_OPTIONAL json_name: "kind" options { [buf.validate.field] { enum { defined_only: true } } } }
  field { name: "zone" number: 11 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "zone" options { [buf.validate.field] { string { pattern: "^[a-z]*$" min_len: 2 } ignore: IGNORE_IF_ZERO_VALUE } } }
  field { name: "product_id" number: 12 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "productId" options { [buf.validate.field] { string { max_len: 4 } } } }
  nested_type { name: "LabelsEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "key" }
    field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "value" } } }
message_type { name: "EchoResponse" field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "text" } }
enum_type { name: "Kind" value { name: "KIND_UNSPECIFIED" number: 0 } value { name: "KIND_ONE" number: 1 } }
service { name: "EchoService" options { [cartwright.type.v1.callers] { services: "caller" services: "client" } }
  method { name: "Echo" input_type: ".cartwright.test.v1.EchoRequest" output_type: ".cartwright.test.v1.EchoResponse" }
  method { name: "Chat" input_type: ".cartwright.test.v1.EchoRequest" output_type: ".cartwright.test.v1.EchoResponse" client_streaming: true server_streaming: true
    options { [cartwright.type.v1.only_callers] { services: "client" } } } }
`

// Handler answers a request with a text. It serves the unary method and each message of the stream.
type Handler func(ctx context.Context, req proto.Message) (string, error)

// Contract makes the messages of the service.
type Contract struct {
	request, response protoreflect.MessageDescriptor
}

// New gives the contract.
func New() (*Contract, error) { return linked, errLink }

// linked is made known before main, as generated code is: protovalidate reads the registry under a lock that it takes twice, and a
// file that comes between the two stops the process.
var linked, errLink = link()

func link() (*Contract, error) {
	var file descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(contract), &file); err != nil {
		return nil, fmt.Errorf("parse contract: %w", err)
	}
	fd, err := protodesc.NewFile(&file, protoregistry.GlobalFiles)
	if err != nil {
		return nil, fmt.Errorf("build contract: %w", err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(fd); err != nil {
		return nil, fmt.Errorf("link contract: %w", err)
	}
	return &Contract{request: fd.Messages().ByName("EchoRequest"), response: fd.Messages().ByName("EchoResponse")}, nil
}

// Request makes a request from its prototext form; request_id is filled in when it is not given.
func (c *Contract) Request(text string) (proto.Message, error) {
	m := dynamicpb.NewMessage(c.request)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		return nil, fmt.Errorf("parse request: %w", err)
	}
	if id := c.request.Fields().ByName("request_id"); !m.Has(id) {
		m.Set(id, protoreflect.ValueOfString("r1"))
	}
	return m, nil
}

// Empty makes a request without any field.
func (c *Contract) Empty() proto.Message { return dynamicpb.NewMessage(c.request) }

// Response makes an empty response.
func (c *Contract) Response() proto.Message { return dynamicpb.NewMessage(c.response) }

func (c *Contract) answer(text string) proto.Message {
	m := dynamicpb.NewMessage(c.response)
	m.Set(c.response.Fields().ByName("text"), protoreflect.ValueOfString(text))
	return m
}

// Text reads the text of a response or a request.
func Text(m proto.Message) string {
	r := m.ProtoReflect()
	return r.Get(r.Descriptor().Fields().ByName("text")).String()
}

// Register adds the service to r.
func (c *Contract) Register(r grpc.ServiceRegistrar, h Handler) {
	r.RegisterService(&grpc.ServiceDesc{
		ServiceName: Service,
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: c.unary(h)}},
		Streams:     []grpc.StreamDesc{{StreamName: "Chat", Handler: c.chat(h), ServerStreams: true, ClientStreams: true}},
	}, nil)
}

func (c *Contract) unary(h Handler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := dynamicpb.NewMessage(c.request)
		if err := dec(in); err != nil {
			return nil, err
		}
		handle := func(ctx context.Context, req any) (any, error) {
			text, err := h(ctx, req.(proto.Message))
			if err != nil {
				return nil, err
			}
			return c.answer(text), nil
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: Unary}, handle)
	}
}

func (c *Contract) chat(h Handler) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		for {
			in := dynamicpb.NewMessage(c.request)
			if err := stream.RecvMsg(in); err != nil {
				return ignoreEnd(err)
			}
			text, err := h(stream.Context(), in)
			if err != nil {
				return err
			}
			if err := stream.SendMsg(c.answer(text)); err != nil {
				return err
			}
		}
	}
}

// Call calls the unary method.
func (c *Contract) Call(ctx context.Context, conn grpc.ClientConnInterface, req proto.Message, opts ...grpc.CallOption) (string, error) {
	out := c.Response()
	if err := conn.Invoke(ctx, Unary, req, out, opts...); err != nil {
		return "", err
	}
	return Text(out), nil
}

// Chat opens a stream.
func (c *Contract) Chat(ctx context.Context, conn grpc.ClientConnInterface) (grpc.ClientStream, error) {
	return conn.NewStream(ctx, &grpc.StreamDesc{StreamName: "Chat", ServerStreams: true, ClientStreams: true}, Stream)
}
