package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"google.golang.org/grpc/metadata"
)

// route hands the request to whoever answers its kind.
func (f *front) route(w http.ResponseWriter, r *http.Request) {
	if isGRPC(r) {
		f.serveGRPC(w, r)
		return
	}
	if r.Method == http.MethodOptions {
		f.serveOptions(w, r)
		return
	}
	if r.Method == http.MethodHead {
		// The server leaves the body of the answer out: it knows the request as it came.
		asGet := *r
		asGet.Method = http.MethodGet
		r = &asGet
	}
	if raw, ok := f.paths.raw(r.URL.Path); ok {
		if err := f.paths.check(r); err != nil {
			f.refuseMethod(w, r, err)
			return
		}
		raw.Handler.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), f.Limits.Deadline)
	defer cancel()
	f.serveREST(w, r.WithContext(ctx))
}

// serveREST reads the request whole before it becomes work: a client that sends byte by byte holds up nobody else.
func (f *front) serveREST(w http.ResponseWriter, r *http.Request) {
	if err := f.prepare(w, r); err != nil {
		if unknown := f.paths.check(r); unknown != nil {
			f.refuseMethod(w, r, unknown)
			return
		}
		f.Refusals.write(w, r, err)
		return
	}
	if r.Method == http.MethodGet {
		w = &tagWriter{ResponseWriter: w, request: r}
	}
	f.REST.ServeHTTP(w, r)
}

// prepare checks what is the same for all routes and replaces body and query by what was read.
func (f *front) prepare(w http.ResponseWriter, r *http.Request) error {
	if strings.Contains(r.URL.Path, "//") || strings.HasSuffix(r.URL.Path, "/") {
		return ErrRouteNotFound.New("The API has no such route.") // the router would bind the empty part to a parameter
	}
	if err := checkAccept(r); err != nil {
		return err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ErrQueryInvalid.New("The query string is not well formed.")
	}
	r.Form = query
	// Headers by which the library would let a client steer the call or write into its log.
	defer func() {
		for _, name := range []string{"Accept", "Content-Type", "Grpc-Timeout", "Te", "X-Http-Method-Override"} {
			r.Header.Del(name)
		}
	}()
	if takesNoBody(r.Method) {
		return checkNoBody(r)
	}
	if err := checkContentType(r); err != nil {
		return err
	}
	body, err := readBody(w, r, f.bodyLimit(r.URL.Path))
	if err != nil {
		return err
	}
	r.Body = body
	return nil
}

func (f *front) bodyLimit(path string) int64 {
	if strings.HasPrefix(path, "/admin/") {
		return f.Limits.AdminBody
	}
	return f.Limits.Body
}

func takesNoBody(method string) bool { return method == http.MethodGet || method == http.MethodDelete }

// serveOptions answers an OPTIONS request that is no CORS preflight.
func (f *front) serveOptions(w http.ResponseWriter, r *http.Request) {
	methods := f.paths.methods(r.URL.Path)
	if len(methods) == 0 {
		f.refuseMethod(w, r, f.paths.check(r))
		return
	}
	w.Header().Set("Allow", allowHeader(methods))
	w.WriteHeader(http.StatusNoContent)
}

// refuseMethod names the methods that the path has, if it has any.
func (f *front) refuseMethod(w http.ResponseWriter, r *http.Request, err error) {
	f.paths.setAllow(w, r)
	f.Refusals.write(w, r, err)
}

// isGRPC tells a gRPC call from a REST request by its media type: "application/grpc", alone, with "+proto" or with parameters.
func isGRPC(r *http.Request) bool {
	rest, found := strings.CutPrefix(r.Header.Get("Content-Type"), "application/grpc")
	return found && r.ProtoMajor == 2 && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// serveGRPC serves the methods of the contracts and no other that the server may have, such as its health: that is asked
// on the ops port. Streams may take as long as a file takes; the server's limits are for requests that are read at once.
func (f *front) serveGRPC(w http.ResponseWriter, r *http.Request) {
	streams, known := f.Methods[r.URL.Path]
	if !known {
		f.Refusals.write(w, r, errs.MethodUnknown.New("The method does not exist."))
		return
	}
	if streams {
		if err := allowTransfer(w); err != nil {
			f.Refusals.write(w, r, err)
			return
		}
	}
	f.GRPC.ServeHTTP(w, r)
}

// allowTransfer gives a request the time of a file.
func allowTransfer(w http.ResponseWriter) error {
	controller, until := http.NewResponseController(w), time.Now().Add(transferTime)
	for _, set := range []func(time.Time) error{controller.SetReadDeadline, controller.SetWriteDeadline} {
		if err := set(until); err != nil {
			return errs.InternalError.New("Something broke on our side.").Because(fmt.Errorf("give a file its time: %w", err))
		}
	}
	return nil
}

// authorized tells whether the call came with a token.
func authorized(ctx context.Context) bool {
	md, _ := metadata.FromOutgoingContext(ctx)
	return len(md.Get("authorization")) > 0
}
