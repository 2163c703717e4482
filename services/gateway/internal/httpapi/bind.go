package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// inputs are the requests of the routes, by method and pattern as the router names it.
type inputs map[string]protoreflect.MessageType

func newInputs(routes []contract.Route) (inputs, error) {
	in := inputs{}
	for _, route := range routes {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(route.Method.Input().FullName())
		if err != nil {
			return nil, fmt.Errorf("find the request of %s: %w", route.Template, err)
		}
		in[route.Verb+" "+strings.ReplaceAll(route.Template, "}", "=*}")] = kind
	}
	return in, nil
}

// bind tells the body what the path has bound, and checks the query before generated code fills the request from it: that
// would leave out what the request does not have, and forget which parameter is wrong.
func (s *rest) bind(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if err := s.inputs.check(r, params); err != nil {
			s.Refusals.write(w, r, err)
			return
		}
		next(w, r, params)
	}
}

func (in inputs) check(r *http.Request, params map[string]string) error {
	if body, ok := r.Body.(*payload); ok {
		body.params = params
		for name := range r.Form {
			return unknownParameter(name) // beside a body a query would not be read
		}
	}
	if len(r.Form) == 0 {
		return nil
	}
	pattern, _ := runtime.HTTPPattern(r.Context())
	kind, ok := in[r.Method+" "+pattern.String()]
	if !ok {
		return ErrRouteNotFound.New("The API has no such route.")
	}
	return fillQuery(kind.New().Interface(), r.Form, params)
}
