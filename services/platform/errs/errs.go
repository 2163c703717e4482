// Package errs is the one error type that crosses package and service borders.
//
// A package that lets somebody handle an error by type declares a Kind once and makes errors of it;
// the gRPC server turns them into a status with google.rpc details, the gRPC client turns them back, so a
// caller in another process sees the same kind, fields and metadata as a caller in this one.
// The reason of a kind is public API. The package refuses to carry internal causes over the wire: Because
// keeps a cause for the log only.
package errs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// FieldViolation says what is wrong with one field of a request.
type FieldViolation struct {
	// Path is the field in lowerCamel JSON form, such as "lines[3].quantity".
	Path string
	// Reason is an UPPER_SNAKE constant, part of the public API.
	Reason string
	// Message is a sentence for the client.
	Message string
}

// Kind names one way to fail. It is comparable and is declared once, in a package-level variable.
type Kind struct {
	code   Code
	reason string
	doc    string
}

// Define declares a kind. The doc sentence goes into the table of errors that clients read.
func Define(code Code, reason, doc string) Kind {
	return Kind{code: code, reason: reason, doc: doc}
}

// Code is the class of the kind.
func (k Kind) Code() Code { return k.code }

// Reason is the public UPPER_SNAKE name of the kind.
func (k Kind) Reason() string { return k.reason }

// Doc is the sentence that the table of errors shows.
func (k Kind) Doc() string { return k.doc }

// New makes an error whose message is meant for the client.
func (k Kind) New(format string, args ...any) *Error {
	return &Error{kind: k, message: sprintf(format, args)}
}

// At makes an error with one field violation at path; the violation carries the reason of the kind.
func (k Kind) At(path, format string, args ...any) *Error {
	message := sprintf(format, args)
	return &Error{kind: k, message: message, fields: []FieldViolation{{Path: path, Reason: k.reason, Message: message}}}
}

// Err is a target for errors.Is: it matches every Error of this kind, made here or in another process.
func (k Kind) Err() error { return target{kind: k} }

type target struct{ kind Kind }

func (t target) Error() string { return t.kind.reason }

// Error is a failure of a known kind. Build it by Kind.New or Kind.At and the chained methods; do not change it once
// it has been returned.
type Error struct {
	kind       Kind
	message    string
	fields     []FieldViolation
	retryAfter time.Duration
	meta       map[string]string
	cause      error
}

// Field adds a violation. The first one gives an InvalidField error its reason.
func (e *Error) Field(path, reason, message string) *Error {
	e.fields = append(e.fields, FieldViolation{Path: path, Reason: reason, Message: message})
	return e
}

// RetryAfter says when trying again makes sense.
func (e *Error) RetryAfter(d time.Duration) *Error {
	e.retryAfter = d
	return e
}

// Meta adds a fact for programs, such as the quantity that is left.
func (e *Error) Meta(key, value string) *Error {
	if e.meta == nil {
		e.meta = map[string]string{}
	}
	e.meta[key] = value
	return e
}

// Because keeps the internal cause for the log. It is never sent.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error is the text for logs: reason, message and cause.
func (e *Error) Error() string {
	s := e.Reason() + ": " + e.message
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, kind.Err()) work. Kinds are the same when their reasons are, so that a caller may declare the
// kinds it handles of a service it calls. InvalidField matches every invalid argument that names fields.
func (e *Error) Is(err error) bool {
	t, ok := err.(target)
	if !ok {
		return false
	}
	if t.kind.reason == e.kind.reason || t.kind.reason == e.Reason() {
		return true
	}
	return t.kind == InvalidField && e.kind.code == Invalid && len(e.fields) > 0
}

// Code is the class of the error.
func (e *Error) Code() Code { return e.kind.code }

// Reason is the public name of the error: that of its kind, or of its first field when the kind is InvalidField.
func (e *Error) Reason() string {
	if e.kind == InvalidField && len(e.fields) > 0 {
		return e.fields[0].Reason
	}
	return e.kind.reason
}

// Message is the text for the client.
func (e *Error) Message() string { return e.message }

// Fields are the violations, in the order they were added.
func (e *Error) Fields() []FieldViolation { return slices.Clone(e.fields) }

// Wait is the RetryAfter of the error, zero when there is none. A refusal that means nothing but "not now" always has one.
func (e *Error) Wait() time.Duration {
	if e.retryAfter == 0 && (e.Reason() == Conflict.reason || e.Reason() == IdempotencyInProgress.reason) {
		return time.Second
	}
	return e.retryAfter
}

// Metadata is a copy of the facts added by Meta.
func (e *Error) Metadata() map[string]string { return maps.Clone(e.meta) }

// Has tells whether err is, or was caused by, an error of kind k.
func Has(err error, k Kind) bool { return errors.Is(err, k.Err()) }

// ReasonOf is the reason of the outermost Error in err, "INTERNAL" for any other error, empty for nil.
func ReasonOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason()
	}
	return InternalError.reason
}

// CodeOf is the code of the outermost Error in err, Internal for any other error, zero for nil.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.kind.code
	}
	return Internal
}

// FieldsOf are the violations of the outermost Error in err.
func FieldsOf(err error) []FieldViolation {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields()
	}
	return nil
}

// MetaOf is one fact of the outermost Error in err, empty when it is not there.
func MetaOf(err error, key string) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.meta[key]
	}
	return ""
}

// RetryAfterOf is the wait that the outermost Error in err asks for, zero when it asks for none.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Wait()
	}
	return 0
}

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}
