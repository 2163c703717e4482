package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// movement is one operation as the provider has it.
type movement struct {
	reference, order, kind, currency, status string
	amount                                   int64
	at                                       time.Time
	// next is the place of another movement of the same id of ours; 0 without.
	next int32
	// asked says that an operation of ours has this id.
	asked bool
}

// ledger is everything a provider did, by our id of the operation. There are millions, so that it is one list and one index.
type ledger struct {
	movements []movement
	// first is the place of the first movement of an id of ours. More than one movement of one id is a duplicate.
	first map[string]int32
	// read is when it was asked for: what we did later it need not have.
	read time.Time
}

// Statuses of a movement at the provider.
const (
	succeeded = "succeeded"
	failed    = "failed"
)

func newLedger() *ledger { return &ledger{first: map[string]int32{}, read: time.Now()} }

// put takes news of an operation of the provider; later news replace earlier ones.
func (l *ledger) put(ours string, m movement) {
	place, known := l.first[ours]
	if !known {
		l.first[ours] = int32(len(l.movements))
		l.movements = append(l.movements, m)
		return
	}
	for {
		old := &l.movements[place]
		if old.reference == m.reference {
			if m.kind == "" {
				m.kind = old.kind
			}
			m.at, m.next = old.at, old.next
			*old = m
			return
		}
		if old.next == 0 {
			old.next = int32(len(l.movements))
			l.movements = append(l.movements, m)
			return
		}
		place = old.next
	}
}

// of lists the movements of an id of ours, and remembers that it is one.
func (l *ledger) of(ours string) []movement {
	place, known := l.first[ours]
	if !known {
		return nil
	}
	l.movements[place].asked = true
	if l.movements[place].next == 0 {
		return l.movements[place : place+1]
	}
	list := []movement{l.movements[place]}
	for next := list[0].next; next != 0; next = l.movements[next].next {
		list = append(list, l.movements[next])
	}
	return list
}

// attempt is one line of the sandbox provider's log.
type attempt struct {
	At                time.Time `json:"at"`
	Kind              string    `json:"kind"`
	OperationID       string    `json:"operation_id"`
	Amount            int64     `json:"amount"`
	Currency          string    `json:"currency"`
	MerchantReference string    `json:"merchant_reference"`
	OrderReference    string    `json:"order_reference"`
	Result            string    `json:"result"`
	Replayed          bool      `json:"replayed"`
}

const pageSize = 5000

// readLog reads the whole log of a sandbox provider, with what changed after the attempts.
func readLog(ctx context.Context, address string) (*ledger, error) {
	l := newLedger()
	after := int64(0)
	for {
		var page struct {
			Attempts []attempt `json:"attempts"`
			Next     int64     `json:"next"`
		}
		if err := getJSON(ctx, fmt.Sprintf("%s/log?changes=true&after=%d&limit=%d", strings.TrimSuffix(address, "/"), after, pageSize), &page); err != nil {
			return nil, fmt.Errorf("read the provider's log: %w", err)
		}
		for _, a := range page.Attempts {
			if a.OperationID != "" && !a.Replayed {
				l.put(a.MerchantReference, movement{
					reference: a.OperationID, order: a.OrderReference, kind: a.Kind, currency: a.Currency, status: a.Result, amount: a.Amount, at: a.At,
				})
			}
		}
		if page.Next == 0 {
			return l, nil
		}
		after = page.Next
	}
}

func getJSON(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// settlementHeader is the first line of a settlement file; docs/audit.md describes the columns.
var settlementHeader = []string{"reference", "merchant_reference", "order_reference", "kind", "status", "amount", "currency", "at"}

// readSettlement reads a settlement file.
func readSettlement(path string) (*ledger, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	l := newLedger()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil || !slices.Equal(header, settlementHeader) {
		return nil, fmt.Errorf("%s: the first line must be %s", path, strings.Join(settlementHeader, ","))
	}
	for line := 2; ; line++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		m, err := settled(row)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		l.put(strings.Clone(row[1]), m)
	}
}

func settled(row []string) (movement, error) {
	amount, err := strconv.ParseInt(row[5], 10, 64)
	if err != nil {
		return movement{}, fmt.Errorf("amount %q is no count of minor units", row[5])
	}
	at, err := time.Parse(time.RFC3339, row[7])
	if err != nil {
		return movement{}, fmt.Errorf("%q is no time such as 2026-01-31T12:00:00Z", row[7])
	}
	return movement{
		reference: strings.Clone(row[0]), order: strings.Clone(row[2]), kind: word(row[3]), status: word(row[4]), amount: amount, currency: word(row[6]), at: at,
	}, nil
}

// word keeps one copy of the few words that stand on every line.
func word(text string) string {
	for _, known := range []string{"authorize", "capture", "void", "refund", succeeded, failed, "GBP", "EUR", "USD"} {
		if text == known {
			return known
		}
	}
	return strings.Clone(text)
}
