package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi/example"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// placeholder is a parameter in the path of a route.
func placeholder() *regexp.Regexp { return regexp.MustCompile(`\{([^}]+)\}`) }

// requestOf makes the HTTP request of a route out of the JSON form of its message, and says what its path has bound.
func requestOf(t testing.TB, route contract.Route, form map[string]any) request {
	t.Helper()
	form = clone(t, form)
	path := placeholder().ReplaceAllStringFunc(route.Template, func(match string) string {
		names := strings.Split(strings.Trim(match, "{}"), ".")
		inner, message := form, route.Method.Input()
		for _, name := range names[:len(names)-1] {
			field := message.Fields().ByName(protoreflect.Name(name))
			inner, message = inner[field.JSONName()].(map[string]any), field.Message()
		}
		field := message.Fields().ByName(protoreflect.Name(names[len(names)-1]))
		value := inner[field.JSONName()]
		require.NotNil(t, value, "%s: %s", route.Template, match)
		delete(inner, field.JSONName())
		return url.PathEscape(fmt.Sprint(value))
	})
	r := request{method: route.Verb, path: path}
	if route.Body {
		text, err := json.Marshal(form)
		require.NoError(t, err)
		r.body = string(text)
		return r
	}
	query := url.Values{}
	addQuery(query, "", form)
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	return r
}

// addQuery writes what can stand in a query; a list of messages cannot.
func addQuery(query url.Values, prefix string, form map[string]any) {
	for name, value := range form {
		switch v := value.(type) {
		case map[string]any:
			addQuery(query, prefix+name+".", v)
		case []any:
			for _, item := range v {
				if _, message := item.(map[string]any); !message {
					query.Add(prefix+name, fmt.Sprint(item))
				}
			}
		default:
			query.Add(prefix+name, fmt.Sprint(v))
		}
	}
}

// clone copies a JSON form; numbers come out as they went in.
func clone(t testing.TB, form map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(form)
	require.NoError(t, err)
	return parse(t, string(text))
}

// parse reads a JSON object and keeps its numbers as they are written.
func parse(t testing.TB, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var out map[string]any
	require.NoError(t, decoder.Decode(&out), text)
	return out
}

// choices is how many members the largest oneof in a message has, at any depth; 1 without any.
func choices(m protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) int {
	most := 1
	if seen[m.FullName()] {
		return most
	}
	seen[m.FullName()] = true
	for i := range m.Oneofs().Len() {
		if oneof := m.Oneofs().Get(i); !oneof.IsSynthetic() {
			most = max(most, oneof.Fields().Len())
		}
	}
	for i := range m.Fields().Len() {
		if inner := m.Fields().Get(i).Message(); inner != nil {
			most = max(most, choices(inner, seen))
		}
	}
	return most
}

// fullForms are JSON forms of a message in which every field is set, one for each member of its oneofs.
func fullForms(m protoreflect.MessageDescriptor) []map[string]any {
	var forms []map[string]any
	for choice := range choices(m, map[protoreflect.FullName]bool{}) {
		forms = append(forms, example.Maker{Full: true, Choice: choice}.Message(m, nil))
	}
	return forms
}

// keyFor is an idempotency key when the method takes one.
func keyFor(rule *typev1.Policy, key string) string {
	if rule.GetIdempotencyKey() == typev1.KeyRule_KEY_RULE_UNSPECIFIED {
		return ""
	}
	return key
}

// Every route answers what its contract says to a request that says everything: nothing in the way from the HTTP request
// to the service and back refuses or breaks it.
func TestEveryRouteAnswersAFullRequest(t *testing.T) {
	t.Parallel()
	s := open(t)
	staff, policies := s.staff(), table(t)
	for _, route := range contract.Routes() {
		t.Run(route.Verb+" "+route.Template, func(t *testing.T) {
			t.Parallel()
			for _, form := range fullForms(route.Method.Input()) {
				if len(placeholder().FindAllString(route.Template, -1)) > 0 && !bindable(route, form) {
					continue
				}
				r := requestOf(t, route, form)
				r.token, r.key = staff, keyFor(policies[fullName(route.Method)], "key-1")
				got := s.send(r)
				require.Equal(t, http.StatusOK, got.status, "%s %s %s: %s", r.method, r.path, r.body, got.body)
				got.message(t, messageType(t, route.Method.Output()).New().Interface())
			}
		})
	}
}

// bindable tells whether the form has what the path binds: a path names one member of a oneof only.
func bindable(route contract.Route, form map[string]any) bool {
	for _, match := range placeholder().FindAllStringSubmatch(route.Template, -1) {
		first, _, _ := strings.Cut(match[1], ".")
		if _, ok := form[route.Method.Input().Fields().ByName(protoreflect.Name(first)).JSONName()]; !ok {
			return false
		}
	}
	return true
}
