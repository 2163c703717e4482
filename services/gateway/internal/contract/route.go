package contract

import (
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Route is one REST route of a public method.
type Route struct {
	// Verb is the HTTP method.
	Verb string
	// Template is the path, with parameters in braces.
	Template string
	// Body tells whether the request is a JSON body rather than a query.
	Body bool
	// Method is the method that answers.
	Method protoreflect.MethodDescriptor
}

// Routes returns the REST routes that the contracts annotate.
func Routes() []Route {
	var routes []Route
	for _, file := range Files() {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				if route, ok := routeOf(methods.Get(j)); ok {
					routes = append(routes, route)
				}
			}
		}
	}
	return routes
}

func routeOf(method protoreflect.MethodDescriptor) (Route, bool) {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	route := Route{Body: rule.GetBody() != "", Method: method}
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		route.Verb, route.Template = "GET", pattern.Get
	case *annotations.HttpRule_Post:
		route.Verb, route.Template = "POST", pattern.Post
	case *annotations.HttpRule_Put:
		route.Verb, route.Template = "PUT", pattern.Put
	case *annotations.HttpRule_Patch:
		route.Verb, route.Template = "PATCH", pattern.Patch
	case *annotations.HttpRule_Delete:
		route.Verb, route.Template = "DELETE", pattern.Delete
	default:
		return Route{}, false
	}
	return route, true
}

// Methods returns the full names ("/package.Service/Method") of the public methods, and whether each streams.
func Methods() map[string]bool {
	names := map[string]bool{}
	for _, file := range Files() {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				names["/"+string(service.FullName())+"/"+string(m.Name())] = m.IsStreamingClient() || m.IsStreamingServer()
			}
		}
	}
	return names
}
