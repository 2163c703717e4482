// Package gotest reads what `go test -json` prints.
package gotest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Event is a line of `go test -json`. A Test of "" is the package itself, and what is printed beside its tests.
type Event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
	// Elapsed is in seconds, for tests and packages that ended.
	Elapsed float64
}

// Read calls take for every event until the stream ends, and other for every line that is none.
func Read(stream io.Reader, take func(Event), other func(line string)) error {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadBytes('\n')
		var e Event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) == nil:
			take(e)
		default:
			other(string(line))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}
