package watch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"
)

// Thresholds are what a version may do at most, and how sure one has to be that it does more.
type Thresholds struct {
	// Errors is the share of calls that may fail by the server's fault.
	Errors float64 `yaml:"errors"`
	// P99 is the time that 99 of 100 calls keep to.
	P99 time.Duration `yaml:"p99"`
	// Slower is by how much the median of any RPC may grow over what it was before.
	Slower time.Duration `yaml:"slower"`
	// Restarts are those of all containers of the version.
	Restarts int `yaml:"restarts"`
	// SagaAge is how old a saga may get that waits for nobody.
	SagaAge time.Duration `yaml:"sagaAge"`
	// Held is the share of the reservations begun since the version runs that may still be held.
	Held float64 `yaml:"held"`
	// Attention and Violations may grow by so much over what they were before.
	Attention  float64 `yaml:"attention"`
	Violations float64 `yaml:"violations"`

	// Breaches is how many looks in a row have to be bad, Missing how many may see nothing.
	Breaches int `yaml:"breaches"`
	Missing  int `yaml:"missing"`
	// Calls are needed before shares and times count, of one RPC for its median; Reservations before those held do.
	Calls        float64 `yaml:"calls"`
	Reservations float64 `yaml:"reservations"`
}

// LoadThresholds reads a file. It refuses fields that nobody knows, and thresholds that nothing could keep to or that all would.
func LoadThresholds(file string) (Thresholds, error) {
	var t Thresholds
	text, err := os.ReadFile(file)
	if err != nil {
		return t, fmt.Errorf("read thresholds: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("read thresholds: %s: %w", file, err)
	}
	if err := t.check(); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

func (t Thresholds) check() error {
	switch {
	case t.Errors <= 0 || t.Errors >= 1:
		return errors.New("errors must be a share between 0 and 1")
	case t.Held <= 0 || t.Held >= 1:
		return errors.New("held must be a share between 0 and 1")
	case t.P99 <= 0 || t.Slower <= 0 || t.SagaAge <= 0:
		return errors.New("p99, slower and sagaAge must be times above 0")
	case t.Breaches < 1 || t.Missing < 1 || t.Calls < 1 || t.Reservations < 1:
		return errors.New("breaches, missing, calls and reservations must be above 0")
	case t.Restarts < 0 || t.Attention < 0 || t.Violations < 0:
		return errors.New("restarts, attention and violations must not be below 0")
	}
	return nil
}
