package openapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// object is a JSON object of the document.
type object = map[string]any

func document(t *testing.T) object {
	t.Helper()
	recorder := httptest.NewRecorder()
	openapi.Document().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var doc object
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &doc))
	return doc
}

func at(t *testing.T, in any, keys ...string) any {
	t.Helper()
	for _, key := range keys {
		inner, ok := in.(object)[key]
		require.True(t, ok, "%v: no %s", keys, key)
		in = inner
	}
	return in
}

// operations calls fn for every operation of the document.
func operations(t *testing.T, fn func(verb, path string, op object)) {
	t.Helper()
	for path, item := range at(t, document(t), "paths").(object) {
		for verb, op := range item.(object) {
			fn(verb, path, op.(object))
		}
	}
}

// Code generators refuse a document that is not what OpenAPI 3.1 says, and a shop without generated clients sells less.
func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := document(t)
	require.Equal(t, "3.1.0", doc["openapi"])
	require.NotEmpty(t, at(t, doc, "info", "title"))
	require.NotEmpty(t, at(t, doc, "info", "version"))
	require.NotEmpty(t, at(t, doc, "info", "license", "identifier"))
	tags := map[string]bool{}
	for _, tag := range at(t, doc, "tags").([]any) {
		require.NotEmpty(t, at(t, tag, "description"))
		tags[at(t, tag, "name").(string)] = true
	}
	ids := map[string]bool{}
	operations(t, func(verb, path string, op object) {
		where := verb + " " + path
		require.Contains(t, []string{"get", "put", "post", "delete", "patch"}, verb)
		require.True(t, strings.HasPrefix(path, "/"), where)
		id := op["operationId"].(string)
		require.False(t, ids[id], "%s: %s is there twice", where, id)
		ids[id] = true
		require.Regexp(t, `^[A-Za-z0-9_]+$`, id)
		for _, tag := range op["tags"].([]any) {
			require.True(t, tags[tag.(string)], where)
		}
		require.NotEmpty(t, op["summary"], where)
		checkParameters(t, where, path, op)
		responses := op["responses"].(object)
		require.Contains(t, responses, "200", where)
		for status, response := range responses {
			require.Regexp(t, `^([1-5][0-9][0-9]|default)$`, status)
			require.NotEmpty(t, at(t, response, "description"), where)
		}
		for _, requirement := range op["security"].([]any) {
			for scheme := range requirement.(object) {
				at(t, doc, "components", "securitySchemes", scheme)
			}
		}
	})
	require.Greater(t, len(ids), 100)
	checkReferences(t, doc, doc)
	checkSchemas(t, doc)
}

func checkParameters(t *testing.T, where, path string, op object) {
	t.Helper()
	inPath, seen := map[string]bool{}, map[string]bool{}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		parameter := p.(object)
		key := parameter["in"].(string) + " " + parameter["name"].(string)
		require.False(t, seen[key], "%s: %s is there twice", where, key)
		seen[key] = true
		require.Contains(t, []string{"path", "query", "header"}, parameter["in"], where)
		require.NotEmpty(t, parameter["description"], "%s: %s", where, key)
		require.NotEmpty(t, parameter["schema"], "%s: %s", where, key)
		if parameter["in"] == "path" {
			require.Equal(t, true, parameter["required"], "%s: %s", where, key)
			inPath[parameter["name"].(string)] = true
		}
	}
	for _, match := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
		require.True(t, inPath[match[1]], "%s: %s is not described", where, match[1])
		delete(inPath, match[1])
	}
	require.Empty(t, inPath, where)
}

// checkReferences follows every reference of the document.
func checkReferences(t *testing.T, doc, part any) {
	t.Helper()
	switch p := part.(type) {
	case object:
		if ref, ok := p["$ref"].(string); ok {
			at(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		for _, inner := range p {
			checkReferences(t, doc, inner)
		}
	case []any:
		for _, inner := range p {
			checkReferences(t, doc, inner)
		}
	}
}

func checkSchemas(t *testing.T, doc object) {
	t.Helper()
	for name, schema := range at(t, doc, "components", "schemas").(object) {
		require.Regexp(t, `^[A-Za-z0-9._-]+$`, name)
		require.NotNil(t, schema, name)
		properties, _ := schema.(object)["properties"].(object)
		require.NotEmpty(t, schema.(object)["description"], name)
		for _, required := range asList(schema.(object)["required"]) {
			require.Contains(t, properties, required, name)
		}
		for property, inner := range properties {
			require.NotEmpty(t, inner.(object)["description"], "%s.%s", name, property)
			if pattern, ok := inner.(object)["pattern"].(string); ok {
				_, err := regexp.Compile(pattern)
				require.NoError(t, err, "%s.%s", name, property)
			}
		}
	}
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

// messageOf is a linked message.
func messageOf(t *testing.T, descriptor protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	require.NoError(t, err)
	return kind.New().Interface()
}

// Whoever copies an example out of the reference must not be refused for its form.
func TestExamplesAreRight(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, route := range contract.Routes() {
		where := route.Verb + " " + route.Template
		op := at(t, doc, "paths", route.Template, strings.ToLower(route.Verb)).(object)
		answer, err := json.Marshal(at(t, op, "responses", "200", "content", "application/json", "example"))
		require.NoError(t, err)
		require.NoError(t, protojson.Unmarshal(answer, messageOf(t, route.Method.Output())), where)

		form := object{}
		if route.Body {
			form = at(t, op, "requestBody", "content", "application/json", "example").(object)
		}
		for _, p := range asList(op["parameters"]) {
			parameter := p.(object)
			if example, ok := parameter["example"]; ok && parameter["in"] != "header" {
				put(form, jsonNames(route.Method.Input(), parameter["name"].(string)), example)
			}
		}
		text, err := json.Marshal(form)
		require.NoError(t, err)
		request := messageOf(t, route.Method.Input())
		require.NoError(t, protojson.Unmarshal(text, request), "%s: %s", where, text)
		require.NoError(t, protovalidate.Validate(request), "%s: %s", where, text)
	}
}

// jsonNames turns the name of a parameter, in the form of the path or of the query, into JSON names.
func jsonNames(message protoreflect.MessageDescriptor, name string) []string {
	var names []string
	for part := range strings.SplitSeq(name, ".") {
		field := message.Fields().ByJSONName(part)
		if field == nil {
			field = message.Fields().ByTextName(part)
		}
		names = append(names, field.JSONName())
		message = field.Message()
	}
	return names
}

func put(form object, names []string, value any) {
	for _, name := range names[:len(names)-1] {
		inner, ok := form[name].(object)
		if !ok {
			inner = object{}
			form[name] = inner
		}
		form = inner
	}
	form[names[len(names)-1]] = value
}

// A route that the reference does not show is a route that nobody finds; one that it shows and that is not there is worse.
func TestEveryMethodIsDescribed(t *testing.T) {
	t.Parallel()
	methods := map[string]bool{}
	operations(t, func(_, _ string, op object) { methods[op["x-grpc-method"].(string)] = true })
	table, err := policy.Load(contract.Files()...)
	require.NoError(t, err)
	for name, rule := range table {
		require.True(t, methods[strings.TrimPrefix(name, "/")], name)
		delete(methods, strings.TrimPrefix(name, "/"))
		_ = rule
	}
	require.Empty(t, methods)
	operations(t, func(verb, path string, op object) {
		rule := table["/"+op["x-grpc-method"].(string)]
		scope, _ := op["x-scope"].(string)
		require.Equal(t, rule.GetScope(), scope, "%s %s", verb, path)
		open := slices.ContainsFunc(op["security"].([]any), func(requirement any) bool { return len(requirement.(object)) == 0 })
		require.Equal(t, rule.GetAudience() == 1, open, "%s %s: open to anybody", verb, path)
	})
}

// A field that can be sent but is not in the reference, or the other way round, is a riddle to whoever writes a client.
func TestEveryParameterIsDescribed(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, route := range contract.Routes() {
		if route.Body {
			continue
		}
		op := at(t, doc, "paths", route.Template, strings.ToLower(route.Verb)).(object)
		described := map[string]bool{}
		for _, p := range asList(op["parameters"]) {
			described[p.(object)["name"].(string)] = true
		}
		fields := route.Method.Input().Fields()
		for i := range fields.Len() {
			field := fields.Get(i)
			name, nested := field.JSONName(), field.JSONName()+"."
			found := described[name] || described[string(field.Name())]
			for parameter := range described {
				found = found || strings.HasPrefix(parameter, nested)
			}
			oneof := field.ContainingOneof()
			require.True(t, found || oneof != nil && !oneof.IsSynthetic(), "%s %s: %s", route.Verb, route.Template, name)
		}
	}
}

// The table of reasons is what clients program against: the document, the page of the docs and the code say the same.
func TestReasonsAreComplete(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../../../docs/errors.md")
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]*)` \\| ([0-9]{3}) \\|").FindAllStringSubmatch(string(table), -1)
	require.Greater(t, len(rows), 100)
	listed := at(t, document(t), "x-error-reasons").([]any)
	require.Len(t, listed, len(rows))
	for i, row := range rows {
		entry := listed[i].(object)
		require.Equal(t, row[1], entry["reason"])
		require.Equal(t, row[2], jsonText(t, entry["httpStatus"]))
		require.NotEmpty(t, entry["description"], row[1])
		require.NotEmpty(t, entry["grpcCode"], row[1])
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
