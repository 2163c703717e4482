// Package identity says who makes a call. The gateway finds out from the caller's token; from there the principal
// travels in the metadata of every gRPC call, set and read by the interceptors of grpcclient and grpcserver.
// It authenticates nobody: a server believes what it is told, so only trusted callers may reach it.
package identity

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Metadata keys of a call.
const (
	// PrincipalKey carries the encoded principal.
	PrincipalKey = "cartwright-principal"
	// RequestIDKey carries the request id.
	RequestIDKey = "cartwright-request-id"
)

// MaxRequestID is the longest request id that is taken from a caller, in bytes.
const MaxRequestID = 128

// Kind is the class of a principal.
type Kind uint8

// The kinds of principals.
const (
	// Anonymous is a visitor without a login.
	Anonymous Kind = iota
	// Customer is a buyer with a login.
	Customer
	// Staff is a person of the back office.
	Staff
	// Service is a program of ours that acts for nobody else.
	Service
)

var errMalformed = errors.New("malformed principal")

// String is the lower-case name of the kind.
func (k Kind) String() string {
	switch k {
	case Customer:
		return "customer"
	case Staff:
		return "staff"
	case Service:
		return "service"
	default:
		return "anonymous"
	}
}

// Principal is who makes a call and what it may do. The zero value is an anonymous visitor.
type Principal struct {
	// Kind is the class of the caller.
	Kind Kind
	// Subject is unique within the kind and never changes.
	Subject string
	// Email is the verified address, if there is one.
	Email string
	// Groups are the customer groups that prices and promotions ask for.
	Groups []string
	// Scopes are the areas of the back office the caller may use.
	Scopes []string
}

// HasScope tells whether the principal was given scope s.
func (p Principal) HasScope(s string) bool { return slices.Contains(p.Scopes, s) }

// Key names the principal among all kinds, for limits and idempotency.
func (p Principal) Key() string {
	if p.Subject == "" {
		return p.Kind.String()
	}
	return p.Kind.String() + ":" + p.Subject
}

// IsZero tells whether the principal is an anonymous visitor about whom nothing is known.
func (p Principal) IsZero() bool {
	return p.Kind == Anonymous && p.Subject == "" && p.Email == "" && len(p.Groups) == 0 && len(p.Scopes) == 0
}

// Encode writes the principal as one printable ASCII text.
func (p Principal) Encode() string {
	return strings.Join([]string{p.Kind.String(), url.QueryEscape(p.Subject), url.QueryEscape(p.Email), encodeList(p.Groups), encodeList(p.Scopes)}, ";")
}

// Decode reads what Encode wrote.
func Decode(text string) (Principal, error) {
	parts := strings.Split(text, ";")
	if len(parts) != 5 {
		return Principal{}, errMalformed
	}
	var p Principal
	switch parts[0] {
	case Anonymous.String():
	case Customer.String():
		p.Kind = Customer
	case Staff.String():
		p.Kind = Staff
	case Service.String():
		p.Kind = Service
	default:
		return Principal{}, errMalformed
	}
	var errs [4]error
	p.Subject, errs[0] = url.QueryUnescape(parts[1])
	p.Email, errs[1] = url.QueryUnescape(parts[2])
	p.Groups, errs[2] = decodeList(parts[3])
	p.Scopes, errs[3] = decodeList(parts[4])
	if errors.Join(errs[:]...) != nil || (p.Kind != Anonymous && p.Subject == "") {
		return Principal{}, errMalformed
	}
	return p, nil
}

func encodeList(list []string) string {
	escaped := make([]string, len(list))
	for i, s := range list {
		escaped[i] = url.QueryEscape(s)
	}
	return strings.Join(escaped, ",")
}

func decodeList(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	list := strings.Split(text, ",")
	for i, s := range list {
		plain, err := url.QueryUnescape(s)
		if err != nil {
			return nil, errMalformed
		}
		list[i] = plain
	}
	return list, nil
}

type (
	principalKey struct{}
	requestIDKey struct{}
)

// With returns a context whose calls are made by p.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From is the principal of ctx, an anonymous visitor when there is none.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// WithRequestID returns a context whose calls carry id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id that ties the log lines of one request together, empty when there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// ValidRequestID tells whether a caller's id may be used: 1 to MaxRequestID visible ASCII characters.
func ValidRequestID(id string) bool {
	if id == "" || len(id) > MaxRequestID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}
