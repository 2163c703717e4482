package load

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Ledger is a file of promises, one JSON object a line, written before a buyer goes on. It is safe for concurrent use.
type Ledger struct {
	mu   sync.Mutex
	file *os.File
	n    int
}

// OpenLedger appends to a file.
func OpenLedger(path string) (*Ledger, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &Ledger{file: file}, nil
}

// Path is the file.
func (l *Ledger) Path() string { return l.file.Name() }

// Count is how many promises were written.
func (l *Ledger) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// Close closes the file.
func (l *Ledger) Close() error { return l.file.Close() }

// write adds a promise and when it was given.
func (l *Ledger) write(p audit.Acknowledged) error {
	p.At = time.Now()
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	_, err = l.file.Write(append(text, '\n'))
	return err
}

// orderPromise is what an answer to a checkout promises.
func orderPromise(o *storefrontv1.Order) (audit.Acknowledged, error) {
	total, err := minor(o.GetTotals().GetTotal())
	if err != nil {
		return audit.Acknowledged{}, err
	}
	var lines []string
	for _, line := range o.GetLines() {
		lines = append(lines, fmt.Sprintf("%s %d\n", line.GetSku(), line.GetQuantity()))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return audit.Acknowledged{Kind: "order", ID: o.GetId(), Amount: &total, Currency: o.GetCurrencyCode(), Hash: hex.EncodeToString(sum[:])}, nil
}

// minor reads an amount as a count of the currency's minor unit.
func minor(a *typev1.Amount) (int64, error) {
	m, err := money.Parse(a.GetCurrencyCode(), a.GetAmount())
	return m.Minor, err
}
