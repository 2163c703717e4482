package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// noStore is the Cache-Control of an answer that nobody may keep.
const noStore = "no-store"

// tagWriter gives a cacheable answer an entity tag over its body and sends 304 to a client that has it (RFC 9110
// section 13). It relies on the answer being written in one piece.
type tagWriter struct {
	http.ResponseWriter
	request *http.Request
	status  int
}

// WriteHeader sends the status, except a good one, which waits for the body.
func (t *tagWriter) WriteHeader(status int) {
	t.status = status
	if status != http.StatusOK {
		t.ResponseWriter.WriteHeader(status)
	}
}

// Write sends the answer, or 304 in its place.
func (t *tagWriter) Write(body []byte) (int, error) {
	header := t.Header()
	if t.status != 0 && t.status != http.StatusOK {
		return t.ResponseWriter.Write(body)
	}
	if header.Get("Cache-Control") != noStore {
		tag := entityTag(body)
		header.Set("ETag", tag)
		header.Add("Vary", "Authorization")
		if matches(t.request.Header.Values("If-None-Match"), tag) {
			header.Del("Content-Type")
			t.ResponseWriter.WriteHeader(http.StatusNotModified)
			return len(body), nil
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	return t.ResponseWriter.Write(body)
}

// Unwrap lets response controllers reach the connection.
func (t *tagWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// entityTag is the same for the same bytes in every process. It is weak: what changes the meaning changes the bytes, not
// the other way round.
func entityTag(body []byte) string {
	return `W/"` + strconv.FormatUint(xxhash.Sum64(body), 36) + `-` + strconv.Itoa(len(body)) + `"`
}

// matches compares weakly, as If-None-Match does (RFC 9110 section 13.1.2).
func matches(conditions []string, tag string) bool {
	for _, condition := range conditions {
		for candidate := range strings.SplitSeq(condition, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
