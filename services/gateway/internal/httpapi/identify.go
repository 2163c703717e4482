package httpapi

import (
	"net/http"
	"net/url"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/scrub"
	"go.uber.org/zap"
)

// identify gives the request its id, which every answer carries, and its caller's address.
func (f *front) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestID := r.Header.Get(headerRequestID)
		if !identity.ValidRequestID(requestID) || scrub.PAN(requestID) {
			requestID = id.New()
		}
		header := w.Header()
		header.Set(headerRequestID, requestID)
		header.Set("X-Content-Type-Options", "nosniff")
		if f.aged(r) || chunkedHTTP1(r) {
			header.Set("Connection", "close")
		}
		ctx := identity.WithRequestID(r.Context(), requestID)
		r = r.WithContext(caller.With(ctx, f.Proxies.Client(r)))
		defer f.recoverPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

// chunkedHTTP1 tells whether the end of the request was found by its chunks. A Content-Length beside them has been dropped
// by then; a proxy that went by it would see another request in what follows, so nothing may follow (RFC 9112 section 6.3).
func chunkedHTTP1(r *http.Request) bool { return r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 }

func (f *front) recoverPanic(w http.ResponseWriter, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason == http.ErrAbortHandler { //nolint:errorlint // the sentinel is compared as net/http documents it
		panic(reason)
	}
	f.Log.Error("panic in HTTP handler", zap.Any("panic", reason), zap.String("path", scrub.Mask(r.URL.Path)), zap.Stack("stack"),
		zap.String("request_id", identity.RequestID(r.Context())))
	f.Refusals.write(w, r, errs.InternalError.New("Something broke on our side."))
}

// admit refuses what no handler should see.
func (f *front) admit(w http.ResponseWriter, r *http.Request) {
	if err := f.inspect(r); err != nil {
		f.Refusals.write(w, r, err)
		return
	}
	f.route(w, r)
}

func (f *front) inspect(r *http.Request) error {
	switch {
	case !f.limiter.allow(caller.Address(r.Context())):
		return ErrTooManyRequests.New("This client sends too many requests.").RetryAfter(retryAfter)
	case len(r.RequestURI) > maxURI:
		return ErrURITooLong.New("The address is longer than %d bytes.", maxURI)
	case headerSize(r.Header) > f.Limits.Header:
		return ErrHeadersTooLarge.New("The headers are larger than %d bytes.", f.Limits.Header)
	case scrub.PAN(r.URL.Path), scrub.PAN(unescaped(r.URL.RawQuery)):
		return errs.PANNotAccepted.New("The address looks as if it had a card number in it.")
	case scrub.PAN(r.Header.Get(headerRequestID)), scrub.PAN(r.Header.Get(headerIdempotency)):
		return errs.PANNotAccepted.New("A header looks as if it had a card number in it.")
	}
	return nil
}

// headerSize is the size of the header section as HTTP/1.1 writes it.
func headerSize(header http.Header) int {
	size := 0
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

func unescaped(query string) string {
	if text, err := url.QueryUnescape(query); err == nil {
		return text
	}
	return query
}
