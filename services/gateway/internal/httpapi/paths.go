package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
)

// paths knows every path of the port and the methods it takes. The router of the annotated routes tells only whether there
// are others.
type paths struct {
	templates []template
	raws      map[string]Raw
}

// template is a path in segments; an empty segment stands for a parameter.
type template struct {
	segments []string
	method   string
}

func newPaths(routes []contract.Route, raws map[string]Raw) *paths {
	p := &paths{raws: raws}
	for _, route := range routes {
		t := template{method: route.Verb, segments: strings.Split(strings.Trim(route.Template, "/"), "/")}
		for i, segment := range t.segments {
			if strings.HasPrefix(segment, "{") {
				t.segments[i] = ""
			}
		}
		p.templates = append(p.templates, t)
	}
	return p
}

// raw returns the handler of a path outside of the contracts.
func (p *paths) raw(path string) (Raw, bool) {
	if raw, ok := p.raws[path]; ok && !strings.HasSuffix(path, "/") {
		return raw, true
	}
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 || cut == len(path)-1 {
		return Raw{}, false
	}
	raw, ok := p.raws[path[:cut+1]]
	return raw, ok
}

// methods returns what a path can be asked with, sorted; none means that there is no such path.
func (p *paths) methods(path string) []string {
	var found []string
	if raw, ok := p.raw(path); ok {
		found = slices.Clone(raw.Methods)
	} else {
		found = p.annotated(path)
	}
	if slices.Contains(found, http.MethodGet) {
		found = append(found, http.MethodHead)
	}
	slices.Sort(found)
	return found
}

func (p *paths) annotated(path string) []string {
	var found []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for _, t := range p.templates {
		if t.matches(segments) && !slices.Contains(found, t.method) {
			found = append(found, t.method)
		}
	}
	return found
}

func (t template) matches(segments []string) bool {
	if len(t.segments) != len(segments) {
		return false
	}
	for i, segment := range t.segments {
		if segment == "" && segments[i] == "" || segment != "" && segment != segments[i] {
			return false
		}
	}
	return true
}

// check returns why nothing answers a request, nil when something does.
func (p *paths) check(r *http.Request) error {
	methods := p.methods(r.URL.Path)
	switch {
	case len(methods) == 0:
		return ErrRouteNotFound.New("The API has no such route.")
	case !slices.Contains(methods, r.Method):
		return ErrMethodNotAllowed.New("The route takes %s.", strings.Join(methods, ", "))
	}
	return nil
}

// setAllow names a path's methods in the answer (RFC 9110 section 10.2.1).
func (p *paths) setAllow(w http.ResponseWriter, r *http.Request) {
	if methods := p.methods(r.URL.Path); len(methods) > 0 {
		w.Header().Set("Allow", allowHeader(methods))
	}
}

func allowHeader(methods []string) string {
	return strings.Join(append(methods, http.MethodOptions), ", ")
}
