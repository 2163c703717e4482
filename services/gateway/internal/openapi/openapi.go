// Package openapi serves the description of the public API, generated from the contracts, and a reference page that needs
// no other host.
package openapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
)

//go:generate go run ./generate

//go:embed openapi.json
var document []byte

//go:embed reference.html
var reference []byte

// ServeDocument answers with the OpenAPI 3.1 document.
func ServeDocument(w http.ResponseWriter, r *http.Request) { serve(w, r, "application/json", document) }

// ServeReference answers with the reference page.
func ServeReference(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
	serve(w, r, "text/html; charset=utf-8", reference)
}

func serve(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "public, max-age=300")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", contentType)
	_, _ = w.Write(body)
}
