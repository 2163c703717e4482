package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// serveConditional answers a GET with an entity tag over its body and 304 to a client that has it (RFC 9110 section 13).
func serveConditional(next http.Handler, w http.ResponseWriter, r *http.Request) {
	recorder := &bodyRecorder{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(recorder, r)
	header := w.Header()
	if recorder.status == http.StatusOK && header.Get("Cache-Control") != "no-store" {
		sum := sha256.Sum256(recorder.body.Bytes())
		tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		header.Set("ETag", tag)
		header.Add("Vary", "Authorization")
		if matches(r.Header.Get("If-None-Match"), tag) {
			header.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	header.Set("Content-Length", strconv.Itoa(recorder.body.Len()))
	w.WriteHeader(recorder.status)
	_, _ = w.Write(recorder.body.Bytes())
}

// matches compares weakly, as If-None-Match does (RFC 9110 section 13.1.2).
func matches(condition, tag string) bool {
	for candidate := range strings.SplitSeq(condition, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

type bodyRecorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status until the body is known.
func (b *bodyRecorder) WriteHeader(status int) { b.status = status }

// Write keeps the body.
func (b *bodyRecorder) Write(p []byte) (int, error) { return b.body.Write(p) }
