package sandboxserver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The kinds of journal lines.
const (
	recordAttempt   = "attempt"   // a merchant's request
	recordChange    = "change"    // an operation changed without a request: a buyer decided, time ran out
	recordEvent     = "event"     // a webhook was made
	recordDelivered = "delivered" // a webhook was taken
)

// record is one line of the journal.
type record struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Type      string          `json:"type"`
	Attempt   *Attempt        `json:"attempt,omitempty"`
	Operation *Operation      `json:"operation,omitempty"`
	Parent    *Operation      `json:"parent,omitempty"` // the authorization that the operation moved
	EventID   string          `json:"event_id,omitempty"`
	EventBody json.RawMessage `json:"event_body,omitempty"`
}

// Attempt is one request of a merchant as it came and what it led to.
type Attempt struct {
	// Kind is authorize, capture, void or refund.
	Kind string `json:"kind"`
	// Key is the idempotency key.
	Key string `json:"key"`
	// OperationID names what the attempt made or found; empty when it was refused before that.
	OperationID string `json:"operation_id,omitempty"`
	// Amount is in minor units of Currency.
	Amount int64 `json:"amount"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// MerchantReference is the merchant's id of the operation.
	MerchantReference string `json:"merchant_reference"`
	// OrderReference is the merchant's order.
	OrderReference string `json:"order_reference,omitempty"`
	// Result is the operation's status, or the code of the refusal.
	Result string `json:"result"`
	// Reason says why the operation failed.
	Reason string `json:"reason,omitempty"`
	// Replayed is true when the key had been used: nothing new was done.
	Replayed bool `json:"replayed"`
	// Fault names what was done to the answer on purpose.
	Fault string `json:"fault,omitempty"`
}

// journal is an append-only file of JSON lines.
type journal struct {
	sync bool

	mu      sync.Mutex
	file    *os.File
	size    int64
	offsets []int64 // start of the line with sequence number i+1
}

// openJournal reads every whole line into restore. A line torn by a crash was never answered, so it is cut off.
func openJournal(path string, sync bool, restore func(record)) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	j := &journal{sync: sync, file: file}
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read line %d: %w", len(j.offsets)+1, err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("decode line %d: %w", len(j.offsets)+1, err)
		}
		restore(r)
		j.offsets = append(j.offsets, j.size)
		j.size += int64(len(line))
	}
	if err := file.Truncate(j.size); err != nil {
		return nil, fmt.Errorf("cut torn line: %w", err)
	}
	return j, nil
}

// append writes a line and gives it its number.
func (j *journal) append(r record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Seq = int64(len(j.offsets)) + 1
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode journal line: %w", err)
	}
	line = append(line, '\n')
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if j.sync {
		if err := j.file.Sync(); err != nil {
			return fmt.Errorf("flush journal: %w", err)
		}
	}
	j.offsets = append(j.offsets, j.size)
	j.size += int64(len(line))
	return nil
}

// scan calls visit with the lines after a sequence number until it returns false.
func (j *journal) scan(after int64, visit func(record) bool) error {
	j.mu.Lock()
	size, count := j.size, int64(len(j.offsets))
	if after < 0 || after >= count {
		j.mu.Unlock()
		return nil
	}
	start := j.offsets[after]
	j.mu.Unlock()
	decoder := json.NewDecoder(io.NewSectionReader(j.file, start, size-start))
	for {
		var r record
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		if !visit(r) {
			return nil
		}
	}
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}
