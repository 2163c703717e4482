package echo

import (
	"errors"
	"io"
)

// ignoreEnd turns the good end of a stream into success.
func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
