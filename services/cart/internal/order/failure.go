package order

import (
	"errors"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Failure is why a checkout or an operation ended without its effect, kept so that a repeat of the request gets the same
// answer.
type Failure struct {
	Code    errs.Code         `json:"code"`
	Reason  string            `json:"reason"`
	Message string            `json:"message"`
	Fields  []Violation       `json:"fields,omitempty"`
	Meta    map[string]string `json:"meta,omitempty"`
}

// Violation is what was wrong with one field.
type Violation struct {
	Path    string `json:"path"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// FailureOf keeps what a client may know of an error.
func FailureOf(err error) *Failure {
	typed, ok := errors.AsType[*errs.Error](err)
	if !ok {
		typed = errs.Known(err)
	}
	f := &Failure{Code: typed.Code(), Reason: typed.Reason(), Message: typed.Message(), Meta: typed.Metadata()}
	for _, v := range typed.Fields() {
		f.Fields = append(f.Fields, Violation{Path: v.Path, Reason: v.Reason, Message: v.Message})
	}
	return f
}

// Err gives the error back as it was.
func (f *Failure) Err() error {
	err := errs.Define(f.Code, f.Reason, "").New("%s", f.Message)
	for _, v := range f.Fields {
		err = err.Field(v.Path, v.Reason, v.Message)
	}
	for key, value := range f.Meta {
		err = err.Meta(key, value)
	}
	return err
}
