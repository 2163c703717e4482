package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// checkAccept refuses clients that do not take JSON.
func checkAccept(r *http.Request) error {
	accepts := r.Header.Values("Accept")
	if len(accepts) == 0 {
		return nil
	}
	for _, accept := range accepts {
		for part := range strings.SplitSeq(accept, ",") {
			if acceptsJSON(part) {
				return nil
			}
		}
	}
	return ErrNotAcceptable.New("The route answers in application/json only.")
}

func acceptsJSON(part string) bool {
	mediaType, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case "", "*/*", "application/*", "application/json", "application/problem+json":
		return !refusedQuality(parameters)
	default:
		return false
	}
}

// refusedQuality tells whether the parameters say "not this one": q=0.
func refusedQuality(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		quality, err := strconv.ParseFloat(value, 64)
		return err == nil && quality == 0
	}
	return false
}

// checkContentType refuses bodies that are not JSON in UTF-8. Encoded bodies are refused whole, so that no body unfolds to
// more than its limit. A request without a body may leave the type out: what it lacks is the body.
func checkContentType(r *http.Request) error {
	if err := checkNotEncoded(r); err != nil {
		return err
	}
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return ErrMediaType.New("Send the body as application/json.")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return ErrMediaType.New("Send the body in UTF-8.")
	}
	return nil
}

func checkNotEncoded(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return ErrMediaType.New("Send the body without a content encoding.")
	}
	return nil
}
