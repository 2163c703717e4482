package audit

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Acknowledged is one line of a log of what a shop has said is done: JSON, one object a line. Load generators write it after the
// answer and before they go on.
type Acknowledged struct {
	// Kind is order, cart, payment, refund, shipment, gift_card or reservation.
	Kind string `json:"kind"`
	// ID is what the shop calls it.
	ID string `json:"id"`
	// Amount is what it is about, in minor units of Currency; left out it is not compared.
	Amount *int64 `json:"amount,omitempty"`
	// Currency is an ISO 4217 code; left out it is not compared.
	Currency string `json:"currency,omitempty"`
	// Hash is the content of an order: the SHA-256, in hexadecimal, of a line "<sku> <quantity>\n" for each of its lines, sorted by
	// SKU byte by byte. Left out it is not compared.
	Hash string `json:"hash,omitempty"`
	// At is when it was said; left out by who does not know. It is not compared: it tells how old a promise is that a restored shop
	// has forgotten.
	At time.Time `json:"at,omitzero"`
}

// Content is the Hash of an order with these units by SKU.
func Content(units map[string]int64) string {
	sum := sha256.New()
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		fmt.Fprintf(sum, "%s %d\n", sku, units[sku])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Write appends the line of an acknowledgement in one piece.
func (a Acknowledged) Write(output io.Writer) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	_, err = output.Write(append(line, '\n'))
	return err
}

const acknowledgedBatch = 20_000

// acknowledged looks for everything that was acknowledged.
func acknowledged(s *session, path string) (answer, error) {
	found := answer{}
	file, err := os.Open(path)
	if err != nil {
		return found, err
	}
	defer func() { _ = file.Close() }()
	var batch []Acknowledged
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var a Acknowledged
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil || !acknowledgeable(a.Kind) || a.ID == "" {
			// The last line of a killed generator may be torn; every other must be whole.
			if more := lines.Scan(); !more && err != nil {
				break
			}
			return found, fmt.Errorf("%s:%d is no acknowledgement: %.200s", path, n, lines.Text())
		}
		if batch = append(batch, a); len(batch) == acknowledgedBatch {
			if err := s.kept(batch, &found); err != nil {
				return found, err
			}
			batch = batch[:0]
		}
	}
	if err := lines.Err(); err != nil {
		return found, fmt.Errorf("%s: %w", path, err)
	}
	return found, s.kept(batch, &found)
}

func acknowledgeable(kind string) bool {
	switch kind {
	case "order", "cart", "payment", "refund", "shipment", "gift_card", "reservation":
		return true
	}
	return false
}

func (s *session) kept(batch []Acknowledged, found *answer) error {
	found.checked += int64(len(batch))
	if len(batch) == 0 {
		return nil
	}
	text, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	rows, err := s.tx.Query(s.ctx, ask("acknowledged"), pgx.QueryExecModeExec, string(text))
	if err != nil {
		return err
	}
	var v Violation
	_, err = pgx.ForEachRow(rows, []any{&v.ID, &v.What}, func() error { found.add(v); return nil })
	return err
}
