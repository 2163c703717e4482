package sandboxserver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a fault does to a request.
const (
	// FaultDelay works later by DelayMS.
	FaultDelay = "delay"
	// FaultDropRequest cuts the connection before any work.
	FaultDropRequest = "drop_request"
	// FaultDropReply does the work and cuts the connection.
	FaultDropReply = "drop_reply"
	// FaultError answers 503 before any work.
	FaultError = "error"
	// FaultErrorAfter does the work and answers 502.
	FaultErrorAfter = "error_after"
	// FaultLieAmount answers an amount that is one minor unit too large.
	FaultLieAmount = "lie_amount"
	// FaultRefuse makes an operation that failed.
	FaultRefuse = "refuse"
	// FaultPending makes an operation that is confirmed later.
	FaultPending = "pending"
)

// Fault is something to do wrong. Empty matchers match everything.
type Fault struct {
	// Kind is authorize, capture, void, refund or query.
	Kind string `json:"kind,omitempty"`
	// OrderReference limits it to one order.
	OrderReference string `json:"order_reference,omitempty"`
	// Action is one of the Fault constants.
	Action string `json:"action"`
	// DelayMS is waited before anything else, with every action.
	DelayMS int `json:"delay_ms,omitempty"`
	// Count is how many requests it hits; below 0 it hits all.
	Count int `json:"count"`
}

// WebhookMode says how events are sent.
type WebhookMode struct {
	// Hold keeps events back until it is switched off.
	Hold bool `json:"hold"`
	// Duplicate is how many more times than once every event is sent.
	Duplicate int `json:"duplicate"`
	// Reorder makes every event wait for a random time of up to two seconds.
	Reorder bool `json:"reorder"`
	// DelayMS is waited before every event.
	DelayMS int `json:"delay_ms"`
}

// Control is the body of POST /control: what is left out stays as it is.
type Control struct {
	// Reset drops all faults and sends webhooks as usual again; it comes before the rest.
	Reset bool `json:"reset,omitempty"`
	// Faults are added to those at work.
	Faults []Fault `json:"faults,omitempty"`
	// Webhooks replaces the mode.
	Webhooks *WebhookMode `json:"webhooks,omitempty"`
}

// SummaryRow sums the successful operations of one order in one currency, in minor units.
type SummaryRow struct {
	// OrderReference is the merchant's order.
	OrderReference string `json:"order_reference"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
	// Authorized is what was granted, captured at once or not.
	Authorized int64 `json:"authorized"`
	// Captured is what was taken.
	Captured int64 `json:"captured"`
	// Refunded is what was given back.
	Refunded int64 `json:"refunded"`
	// Voided is what was released.
	Voided int64 `json:"voided"`
}

// Apply changes how the provider misbehaves.
func (s *Server) Apply(c Control) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.webhooks.Hold
	if c.Reset {
		s.faults, s.webhooks = nil, WebhookMode{}
	}
	s.faults = append(s.faults, c.Faults...)
	if c.Webhooks != nil {
		s.webhooks = *c.Webhooks
	}
	if held && !s.webhooks.Hold {
		s.releaseEvents()
	}
}

func (s *Server) setControl(w http.ResponseWriter, r *http.Request) {
	var c Control
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		writeError(w, &refusal{http.StatusBadRequest, "malformed", "The body is not a control object: " + err.Error()})
		return
	}
	known := []string{FaultDelay, FaultDropRequest, FaultDropReply, FaultError, FaultErrorAfter, FaultLieAmount, FaultRefuse, FaultPending}
	for _, fault := range c.Faults {
		if !slices.Contains(known, fault.Action) {
			writeError(w, &refusal{http.StatusBadRequest, "action_unknown", "Actions are " + strings.Join(known, ", ") + "."})
			return
		}
	}
	s.Apply(c)
	s.showControl(w, r)
}

func (s *Server) showControl(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	view := map[string]any{"faults": slices.Clone(s.faults), "webhooks": s.webhooks, "undelivered_events": len(s.events)}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, view)
}

// takeFault uses up one hit of the first fault that matches.
func (s *Server) takeFault(c call) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := c.body.OrderReference
	if auth, ok := s.operations[c.auth]; ok {
		order = auth.OrderReference
	}
	for i := range s.faults {
		f := &s.faults[i]
		if f.Count == 0 || f.Kind != "" && f.Kind != c.kind || f.OrderReference != "" && f.OrderReference != order {
			continue
		}
		hit := *f
		if f.Count > 0 {
			f.Count--
		}
		s.faults = slices.DeleteFunc(s.faults, func(f Fault) bool { return f.Count == 0 })
		return hit
	}
	return Fault{}
}

type logEntry struct {
	Seq int64     `json:"seq"`
	At  time.Time `json:"at"`
	Attempt
}

// showLog pages through the attempts: ?after=<seq>&limit=&kind=&order_reference=&merchant_reference=. With changes=true the
// operations that changed without an attempt of their own are listed too, as what they have become.
func (s *Server) showLog(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, limit := pageOf(query)
	changes := query.Get("changes") == "true"
	entries, next := make([]logEntry, 0, limit), int64(0)
	err := s.journal.scan(after, func(rec record) bool {
		found := rec.entries(changes)
		found = slices.DeleteFunc(found, func(e logEntry) bool { return !e.matches(query) })
		if len(found) == 0 {
			return true
		}
		if len(entries) >= limit {
			next = entries[len(entries)-1].Seq
			return false
		}
		entries = append(entries, found...) // what has one number is never on two pages
		return true
	})
	if err != nil {
		writeError(w, s.broken(err))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"attempts": entries, "next": next})
}

// entries are the attempt of a record and, when asked for, the operations it changed besides the attempt's own.
func (r record) entries(changes bool) []logEntry {
	var list []logEntry
	if r.Type == recordAttempt {
		list = append(list, logEntry{Seq: r.Seq, At: r.At, Attempt: *r.Attempt})
	}
	if !changes {
		return list
	}
	changed := []*Operation{r.Parent}
	if r.Type == recordChange {
		changed = append(changed, r.Operation)
	}
	for _, op := range changed {
		if op != nil {
			list = append(list, logEntry{Seq: r.Seq, At: r.At, Attempt: Attempt{
				Kind: op.Kind, Key: op.Key, OperationID: op.ID, Amount: op.Amount, Currency: op.Currency, MerchantReference: op.MerchantReference,
				OrderReference: op.OrderReference, Result: op.Status, Reason: op.Reason,
			}})
		}
	}
	return list
}

func (a *Attempt) matches(query url.Values) bool {
	for name, value := range map[string]string{
		"kind": a.Kind, "order_reference": a.OrderReference, "merchant_reference": a.MerchantReference, "operation_id": a.OperationID,
	} {
		if want := query.Get(name); want != "" && want != value {
			return false
		}
	}
	return true
}

// Summary sums by order and currency, in that order. An empty order means all.
func (s *Server) Summary(order string) []SummaryRow {
	sums := map[[2]string]*SummaryRow{}
	s.mu.Lock()
	for _, op := range s.operations {
		if op.Kind != KindAuthorize || op.Status != StatusSucceeded || order != "" && op.OrderReference != order {
			continue
		}
		key := [2]string{op.OrderReference, op.Currency}
		row, ok := sums[key]
		if !ok {
			row = &SummaryRow{OrderReference: op.OrderReference, Currency: op.Currency}
			sums[key] = row
		}
		row.Authorized += op.Amount
		row.Captured += op.Captured
		row.Refunded += op.Refunded
		row.Voided += op.Voided
	}
	s.mu.Unlock()
	rows := make([]SummaryRow, 0, len(sums))
	for _, row := range sums {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b SummaryRow) int {
		return strings.Compare(a.OrderReference+a.Currency, b.OrderReference+b.Currency)
	})
	return rows
}

// showSummary pages through the sums: ?order_reference= for one order, else ?after=<order reference>&limit=; the totals by
// currency are of everything asked for, not of the page.
func (s *Server) showSummary(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	rows := s.Summary(query.Get("order_reference"))
	totals := map[string]*SummaryRow{}
	for _, row := range rows {
		total, ok := totals[row.Currency]
		if !ok {
			total = &SummaryRow{Currency: row.Currency}
			totals[row.Currency] = total
		}
		total.Authorized += row.Authorized
		total.Captured += row.Captured
		total.Refunded += row.Refunded
		total.Voided += row.Voided
	}
	_, limit := pageOf(query)
	after := query.Get("after")
	rows = slices.DeleteFunc(rows, func(row SummaryRow) bool { return row.OrderReference <= after && after != "" })
	next := ""
	if len(rows) > limit {
		// An order with several currencies is never split between pages.
		end := limit
		for end < len(rows) && rows[end].OrderReference == rows[end-1].OrderReference {
			end++
		}
		if end < len(rows) {
			next = rows[end-1].OrderReference
		}
		rows = rows[:end]
	}
	writeJSON(w, http.StatusOK, map[string]any{"orders": rows, "totals": totals, "next": next})
}

func pageOf(query url.Values) (after int64, limit int) {
	after, _ = strconv.ParseInt(query.Get("after"), 10, 64)
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit <= 0 {
		limit = 1000
	}
	return after, min(limit, 10_000)
}
