// Package openapi serves the description of the public API, generated from the contracts, and a reference page that needs
// no other host.
package openapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:generate go run ./generate

//go:embed openapi.json
var document []byte

//go:embed reference.html
var reference string

// Document returns a handler that answers with the OpenAPI 3.1 document.
func Document() http.Handler { return newFile("application/json", document) }

// Reference returns a handler that answers with the reference page. Nothing but the page's own style and script may run
// on it, and it may load nothing but the document.
func Reference() http.Handler {
	page := newFile("text/html; charset=utf-8", []byte(reference))
	page.policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; style-src " +
		hashOf("style") + "; script-src " + hashOf("script")
	return page
}

// hashOf is the source expression of the page's one element of that name (CSP level 3).
func hashOf(element string) string {
	_, rest, _ := strings.Cut(reference, "<"+element+">")
	text, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// file is a document that does not change while the process runs.
type file struct {
	contentType string
	body        []byte
	tag         string
	policy      string
}

func newFile(contentType string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{contentType: contentType, body: body, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// ServeHTTP implements http.Handler.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("ETag", f.tag)
	header.Set("Cache-Control", "public, max-age=300")
	if f.policy != "" {
		header.Set("Content-Security-Policy", f.policy)
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", f.contentType)
	_, _ = w.Write(f.body)
}
