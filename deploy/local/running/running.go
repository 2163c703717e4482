// Package running is the note that `make up` leaves while it runs, so that other commands find the shop.
package running

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Shop is where a shop runs.
type Shop struct {
	// PID is the process that runs it.
	PID int `json:"pid"`
	// URL, Sandbox and Issuer are addresses.
	URL, Sandbox, Issuer string
	// Auditor connects to the database as the role that may read everything.
	Auditor string
	// StaffToken has every scope.
	StaffToken string
}

func path(dir string) string { return filepath.Join(dir, "shop.json") }

// Write leaves the note.
func Write(dir string, s Shop) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path(dir), text, 0o600)
}

// Remove takes the note away.
func Remove(dir string) error {
	if err := os.Remove(path(dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Find returns the shop of a note whose process lives, and whether there is one.
func Find(dir string) (Shop, bool, error) {
	text, err := os.ReadFile(path(dir))
	if errors.Is(err, os.ErrNotExist) {
		return Shop{}, false, nil
	}
	if err != nil {
		return Shop{}, false, err
	}
	var s Shop
	if err := json.Unmarshal(text, &s); err != nil {
		return Shop{}, false, fmt.Errorf("read %s: %w", path(dir), err)
	}
	return s, syscall.Kill(s.PID, 0) == nil, nil
}
