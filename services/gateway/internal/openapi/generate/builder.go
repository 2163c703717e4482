package main

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi/example"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type builder struct {
	files   []protoreflect.FileDescriptor
	reasons []reason
	schemas map[string]*schema
	paths   map[string]pathItem
	tags    []tag
}

func newBuilder(files []protoreflect.FileDescriptor, reasons []reason) *builder {
	return &builder{files: files, reasons: reasons, schemas: map[string]*schema{}, paths: map[string]pathItem{}}
}

func (b *builder) document() (*document, error) {
	sort.Slice(b.files, func(i, j int) bool { return b.files[i].Path() < b.files[j].Path() })
	for _, file := range b.files {
		for i := range file.Services().Len() {
			if err := b.service(file.Services().Get(i)); err != nil {
				return nil, err
			}
		}
	}
	b.addFileRoutes()
	b.schemas["Problem"] = problemSchema()
	return &document{
		OpenAPI: "3.1.0",
		Info: info{
			Title: "Cartwright", Version: "1", Summary: "The public API of a Cartwright shop.",
			Description: "Routes under /v1 serve storefronts, routes under /admin/v1 the back office. Money is an exact decimal with its currency. " +
				"Refusals are problem documents (RFC 9457) with a stable reason. Send an Idempotency-Key to be able to repeat a call safely; " +
				"where money or stock moves it is required. The same API is served over gRPC on the same port.",
			License: license{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		},
		Servers: []server{{URL: "/", Description: "The gateway that serves this document."}},
		Tags:    b.tags, Paths: b.paths, Reasons: b.reasons,
		Components: components{Schemas: b.schemas, SecuritySchemes: map[string]securityScheme{"bearer": {
			Type: "http", Scheme: "bearer", BearerFormat: "JWT",
			Description: "Access token of the shop's OpenID Connect issuer: a customer's, or a staff token with the scope in x-scope.",
		}}},
	}, nil
}

func (b *builder) service(service protoreflect.ServiceDescriptor) error {
	b.tags = append(b.tags, tag{Name: string(service.Name()), Description: comment(service)})
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
		if rule == nil || rule.GetPattern() == nil {
			if method.IsStreamingClient() || method.IsStreamingServer() {
				continue // a file: see addFileRoutes
			}
			return fmt.Errorf("%s has no REST route", method.FullName())
		}
		if err := b.operation(method, rule); err != nil {
			return err
		}
	}
	return nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

func (b *builder) operation(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) error {
	verb, path := route(rule)
	text := comment(method)
	if text == "" {
		return fmt.Errorf("%s has no comment", method.FullName())
	}
	bound := map[string]bool{}
	op := newOperation(method, text)
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		field := fieldAt(method.Input(), match[1])
		if field == nil {
			return fmt.Errorf("%s: path names %s, which the request does not have", method.FullName(), match[1])
		}
		bound[match[1]] = true
		value := b.value(field, rules(field))
		op.Parameters = append(op.Parameters, parameter{
			Name: match[1], In: "path", Required: true, Description: comment(field), Schema: value, Example: example.Maker{}.Field(field),
		})
	}
	b.addInput(op, method, rule, bound)
	op.Responses = b.responses(method.Output())
	if b.paths[path] == nil {
		b.paths[path] = pathItem{}
	}
	b.paths[path][verb] = op
	return nil
}

func newOperation(method protoreflect.MethodDescriptor, text string) *operation {
	policy, _ := proto.GetExtension(method.Options(), typev1.E_Policy).(*typev1.Policy)
	summary, _, _ := strings.Cut(text, ". ")
	op := &operation{
		OperationID: fmt.Sprintf("%s_%s", method.Parent().Name(), method.Name()), Tags: []string{string(method.Parent().Name())},
		Summary: strings.TrimSuffix(summary, "."), Description: text + caller(policy), Scope: policy.GetScope(),
		GRPC: fmt.Sprintf("%s/%s", method.Parent().FullName(), method.Name()),
	}
	switch policy.GetAudience() {
	case typev1.Audience_AUDIENCE_ANYONE:
		op.Security = []map[string][]string{{}, {"bearer": {}}}
	default:
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if key := policy.GetIdempotencyKey(); key != typev1.KeyRule_KEY_RULE_UNSPECIFIED {
		length := uint64(255)
		op.Parameters = append(op.Parameters, parameter{
			Name: "Idempotency-Key", In: "header", Required: key == typev1.KeyRule_KEY_RULE_REQUIRED,
			Description: "A value of the client's own. The same key with the same request gives the stored answer and the header Idempotent-Replayed.",
			Schema:      &schema{Type: "string", MaxLength: &length, Pattern: "^[!-~]+$"}, Example: "9f1c0f6e-checkout-1",
		})
	}
	return op
}

// caller says who may call a method.
func caller(policy *typev1.Policy) string {
	switch policy.GetAudience() {
	case typev1.Audience_AUDIENCE_STAFF:
		return " Needs a staff token with the scope " + policy.GetScope() + "."
	case typev1.Audience_AUDIENCE_CUSTOMER:
		return " Needs a customer's token."
	default:
		return " Open to anybody; a token tells who asks."
	}
}

func route(rule *annotations.HttpRule) (verb, path string) {
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "get", pattern.Get
	case *annotations.HttpRule_Post:
		return "post", pattern.Post
	case *annotations.HttpRule_Put:
		return "put", pattern.Put
	case *annotations.HttpRule_Patch:
		return "patch", pattern.Patch
	case *annotations.HttpRule_Delete:
		return "delete", pattern.Delete
	default:
		return "", ""
	}
}

func fieldAt(m protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	first, rest, nested := strings.Cut(path, ".")
	field := m.Fields().ByName(protoreflect.Name(first))
	if !nested || field == nil {
		return field
	}
	return fieldAt(field.Message(), rest)
}

// addInput puts what the path does not carry into the body or the query.
func (b *builder) addInput(op *operation, method protoreflect.MethodDescriptor, rule *annotations.HttpRule, bound map[string]bool) {
	if rule.GetBody() == "*" {
		key := name(method.Input()) + "Body"
		b.schemas[key] = b.object(method.Input(), bound)
		op.RequestBody = &requestBody{Required: true, Content: map[string]content{"application/json": {
			Schema: &schema{Ref: "#/components/schemas/" + key}, Example: example.Maker{}.Message(method.Input(), bound),
		}}}
		return
	}
	b.addQuery(op, method.Input(), "", bound)
}

// addQuery lists what can stand in the query: values, lists of values, and those of messages within, by their path. A list
// of messages cannot be written there.
func (b *builder) addQuery(op *operation, m protoreflect.MessageDescriptor, prefix string, bound map[string]bool) {
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		switch inner := field.Message(); {
		case prefix == "" && (bound[string(field.Name())] || besideBound(field, bound)):
		case inner == nil || inner.ParentFile().Package() == "google.protobuf":
			op.Parameters = append(op.Parameters, parameter{
				Name: prefix + field.JSONName(), In: "query", Description: comment(field), Schema: b.field(field),
				Required: rules(field).GetRequired(), Example: queryExample(field),
			})
		case !field.IsList() && !field.IsMap():
			b.addQuery(op, inner, prefix+field.JSONName()+".", nil)
		}
	}
}

// besideBound tells whether the path has already chosen another member of the field's oneof.
func besideBound(field protoreflect.FieldDescriptor, bound map[string]bool) bool {
	oneof := field.ContainingOneof()
	if oneof == nil || oneof.IsSynthetic() {
		return false
	}
	for i := range oneof.Fields().Len() {
		if bound[string(oneof.Fields().Get(i).Name())] {
			return true
		}
	}
	return false
}

// queryExample leaves out what a reader would not send.
func queryExample(field protoreflect.FieldDescriptor) any {
	switch value := (example.Maker{}).Field(field).(type) {
	case string:
		if value == "" {
			return nil
		}
		return value
	case bool:
		return nil
	default:
		return value
	}
}

func (b *builder) responses(output protoreflect.MessageDescriptor) map[string]response {
	return map[string]response{
		"200": {
			Description: "Done.",
			Headers:     map[string]header{"X-Request-Id": {Description: "Id of the request, for support.", Schema: &schema{Type: "string"}}},
			Content:     map[string]content{"application/json": {Schema: b.ref(output), Example: example.Maker{}.Message(output, nil)}},
		},
		"default": {
			Description: "Refused. The reason is one of x-error-reasons.",
			Content:     map[string]content{"application/problem+json": {Schema: &schema{Ref: "#/components/schemas/Problem"}, Example: problemExample()}},
		},
	}
}
