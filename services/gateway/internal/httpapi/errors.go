package httpapi

import (
	"encoding/json"
	"errors"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"google.golang.org/grpc/status"
)

// Refusals of the HTTP front itself.
var (
	ErrRouteNotFound    = errs.Define(errs.NotFound, "ROUTE_NOT_FOUND", "The API has no such route.")
	ErrMethodNotAllowed = errs.Define(errs.Unimplemented, "METHOD_NOT_ALLOWED", "The route does not take this HTTP method.")
	ErrBodyTooLarge     = errs.Define(errs.TooLarge, "BODY_TOO_LARGE", "The body is larger than the route takes.")
	ErrURITooLong       = errs.Define(errs.Invalid, "URI_TOO_LONG", "The address is longer than 8,000 bytes.")
	ErrMediaType        = errs.Define(errs.Invalid, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a media type that the route takes.")
	ErrNotAcceptable    = errs.Define(errs.Invalid, "NOT_ACCEPTABLE", "The route cannot answer in a media type the client accepts.")
	ErrBodyTimeout      = errs.Define(errs.DeadlineExceeded, "BODY_TIMEOUT", "The body did not arrive in time.")
	ErrTooManyRequests  = errs.Define(errs.ResourceExhausted, "TOO_MANY_REQUESTS", "This client sends more requests than one may; try again later.")
	ErrQueryInvalid     = errs.Define(errs.Invalid, "QUERY_INVALID", "A query parameter is wrong.")
)

// statusOverrides are the refusals whose HTTP status is finer than that of their class.
var statusOverrides = map[string]int{
	ErrMethodNotAllowed.Reason(): 405,
	ErrURITooLong.Reason():       414,
	ErrMediaType.Reason():        415,
	ErrNotAcceptable.Reason():    406,
	ErrBodyTimeout.Reason():      408,
}

// carried takes an error through code that keeps only its text: the handlers that grpc-gateway generates turn a decoding
// error into a status by its text. The text is a JSON object that uncarry reads back.
type carried struct {
	Reason  string `json:"cartwright_reason"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Code    uint8  `json:"code"`
}

// Error is the JSON form.
func (c *carried) Error() string {
	text, err := json.Marshal(c)
	if err != nil {
		return c.Message
	}
	return string(text)
}

func carry(err error) error {
	known, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err
	}
	c := &carried{Reason: known.Reason(), Message: known.Message(), Code: uint8(known.Code())}
	if fields := known.Fields(); len(fields) > 0 {
		c.Path = fields[0].Path
	}
	return c
}

// uncarry gives back the error that carry packed, or err itself.
func uncarry(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	return unpack(err, st.Message())
}

// uncarryText is uncarry for an error that no generated code has touched.
func uncarryText(err error) error { return unpack(err, err.Error()) }

func unpack(err error, text string) error {
	var c carried
	if json.Unmarshal([]byte(text), &c) != nil || c.Reason == "" {
		return err
	}
	kind := errs.Define(errs.Code(c.Code), c.Reason, "")
	if c.Path == "" {
		return kind.New("%s", c.Message)
	}
	return kind.At(c.Path, "%s", c.Message)
}
