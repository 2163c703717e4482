// Package problem renders errors as RFC 9457 problem documents. It is the one place where an error becomes HTTP.
package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// ContentType is the media type of a problem document (RFC 9457 section 3).
const ContentType = "application/problem+json"

// Document is a problem as clients read it.
type Document struct {
	// Type is a URI reference that names the problem: the anchor of its reason in the reference page.
	Type string `json:"type"`
	// Title is the text of the status; it does not change between occurrences.
	Title string `json:"title"`
	// Status repeats the HTTP status.
	Status int `json:"status"`
	// Reason is the stable UPPER_SNAKE name to program against.
	Reason string `json:"reason"`
	// Detail says what went wrong this time.
	Detail string `json:"detail,omitempty"`
	// Instance is the request id.
	Instance string `json:"instance,omitempty"`
	// Errors names the fields that are wrong.
	Errors []Field `json:"errors,omitempty"`
	// Meta holds facts for programs, such as what is left in stock.
	Meta map[string]string `json:"meta,omitempty"`
}

// Field is one wrong field.
type Field struct {
	// Path is the field in JSON form, such as "lines[0].quantity".
	Path string `json:"path"`
	// Reason is a stable UPPER_SNAKE name.
	Reason string `json:"reason"`
	// Message says what is wrong.
	Message string `json:"message,omitempty"`
}

// hidden tells facts that services send for the gateway alone.
func hidden(key string) bool { return key == "http_status" || key == "peer" }

// Of makes the document of an error. requestID may be empty.
func Of(err error, requestID string) Document {
	known := errs.Known(err)
	reason := known.Reason()
	doc := Document{
		Type: "/docs#" + reason, Title: title(known.Code().HTTP()), Status: known.Code().HTTP(), Reason: reason,
		Detail: known.Message(), Instance: requestID,
	}
	for _, field := range known.Fields() {
		doc.Errors = append(doc.Errors, Field{Path: field.Path, Reason: field.Reason, Message: field.Message})
	}
	for key, value := range known.Metadata() {
		if hidden(key) {
			continue
		}
		if doc.Meta == nil {
			doc.Meta = map[string]string{}
		}
		doc.Meta[key] = value
	}
	return doc
}

func title(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Client Closed Request"
}

// Write sends the document of an error. An answer that asks for a later try carries Retry-After in whole seconds.
func Write(w http.ResponseWriter, err error, requestID string) {
	WriteStatus(w, errs.Known(err).Code().HTTP(), err, requestID)
}

// WriteStatus is Write with a status that is finer than that of the error's class, such as 415.
func WriteStatus(w http.ResponseWriter, status int, err error, requestID string) {
	doc := Of(err, requestID)
	doc.Status, doc.Title = status, title(status)
	body, marshalErr := json.Marshal(doc)
	if marshalErr != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", ContentType)
	header.Set("Cache-Control", "no-store")
	if seconds := retryAfter(err, doc.Status); seconds > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	if challenge := challengeFor(doc); challenge != "" {
		header.Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(doc.Status)
	_, _ = w.Write(body)
}

// challengeFor says how to come back with a better token (RFC 6750 section 3).
func challengeFor(doc Document) string {
	const challenge = `Bearer realm="cartwright"`
	switch {
	case doc.Reason == "TOKEN_MISSING":
		return challenge
	case doc.Status == http.StatusUnauthorized:
		return challenge + `, error="invalid_token"`
	case doc.Reason == "SCOPE_MISSING":
		return challenge + `, error="insufficient_scope"`
	default:
		return ""
	}
}

func retryAfter(err error, status int) int {
	if wait := errs.Known(err).Wait(); wait > 0 {
		return int(math.Ceil(wait.Seconds()))
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		return 1
	}
	return 0
}
