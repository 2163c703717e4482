package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
)

// payload is the body of a request, read whole. It takes the error of its decoding past generated code, which keeps only
// the text of an error.
type payload struct {
	bytes.Reader
	data   []byte
	params map[string]string
	err    error
}

// Close implements io.Closer.
func (*payload) Close() error { return nil }

// readBody reads a body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) (*payload, error) {
	if r.ContentLength > limit {
		return nil, ErrBodyTooLarge.New("The body is larger than %d bytes.", limit)
	}
	var buffer bytes.Buffer
	if r.ContentLength > 0 {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return nil, bodyError(err)
	}
	p := &payload{data: buffer.Bytes()}
	p.Reset(p.data)
	return p, nil
}

// checkNoBody refuses a body where none is read: its sender means something by it.
func checkNoBody(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	var one [1]byte
	if n, _ := io.ReadFull(r.Body, one[:]); n > 0 {
		return ErrBodyNotTaken.New("A %s request has no body; use query parameters.", r.Method)
	}
	return nil
}

// bodyError names why a body could not be read.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrBodyTooLarge.New("The body is larger than %d bytes.", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrBodyTimeout.New("The body did not arrive in time.")
	default:
		return ErrBodyIncomplete.New("The body ended early or is not well framed.").Because(err)
	}
}
