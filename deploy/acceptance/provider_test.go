package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// attempt is one line of the sandbox provider's own log: what the shop asked and what became of it.
type attempt struct {
	Seq            int64  `json:"seq"`
	Kind           string `json:"kind"`
	Key            string `json:"key"`
	OperationID    string `json:"operation_id"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"`
	OrderReference string `json:"order_reference"`
	Result         string `json:"result"`
	Replayed       bool   `json:"replayed"`
}

// moved is what the provider moved for an order, in minor units.
type moved struct {
	Authorized int64 `json:"authorized"`
	Captured   int64 `json:"captured"`
	Refunded   int64 `json:"refunded"`
	Voided     int64 `json:"voided"`
}

// read fetches a page of the provider for the shop's own eyes.
func (s *shop) read(t *testing.T, path string, into any) {
	t.Helper()
	answer, err := http.Get(s.sandbox + path)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, http.StatusOK, answer.StatusCode, path)
	require.NoError(t, json.NewDecoder(answer.Body).Decode(into), path)
}

// attempts are all requests for an order.
func (s *shop) attempts(t *testing.T, orderID string) []attempt {
	t.Helper()
	var page struct {
		Attempts []attempt `json:"attempts"`
		Next     int64     `json:"next"`
	}
	s.read(t, "/log?limit=10000&order_reference="+url.QueryEscape(orderID), &page)
	require.Zero(t, page.Next, "one page holds the attempts of an order")
	return page.Attempts
}

// worked counts the attempts for an order that did something, by kind.
func (s *shop) worked(t *testing.T, orderID string) map[string]int {
	t.Helper()
	done := map[string]map[string]bool{}
	for _, a := range s.attempts(t, orderID) {
		if a.Result != "succeeded" {
			continue
		}
		if done[a.Kind] == nil {
			done[a.Kind] = map[string]bool{}
		}
		done[a.Kind][a.OperationID] = true
	}
	counts := map[string]int{}
	for kind, operations := range done {
		counts[kind] = len(operations)
	}
	return counts
}

// moved is what the provider's books say of an order.
func (s *shop) moved(t *testing.T, orderID string) moved {
	t.Helper()
	var page struct {
		Orders []moved `json:"orders"`
	}
	s.read(t, "/summary?order_reference="+url.QueryEscape(orderID), &page)
	if len(page.Orders) == 0 {
		return moved{}
	}
	require.Len(t, page.Orders, 1, "one currency per order")
	return page.Orders[0]
}

// decide clicks a button of the provider's page: approve, deny, or pay for a voucher.
func (s *shop) decide(t *testing.T, page, button string) *http.Response {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	shown, err := browser.Get(page)
	require.NoError(t, err)
	_ = shown.Body.Close()
	require.Equal(t, http.StatusOK, shown.StatusCode, "the buyer sees the page %s", page)
	clicked, err := browser.Post(page+"/"+button, "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	_ = clicked.Body.Close()
	return clicked
}

// fault is something the provider is told to do wrong to an order's requests.
type fault struct {
	Kind           string `json:"kind,omitempty"`
	OrderReference string `json:"order_reference,omitempty"`
	Action         string `json:"action"`
	Count          int    `json:"count"`
}

func (s *shop) misbehave(t *testing.T, faults ...fault) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"faults": faults})
	require.NoError(t, err)
	answer, err := http.Post(s.sandbox+"/control", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	_ = answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// minor reads an amount as a count of the currency's minor unit; an absent amount is zero.
func minor(t *testing.T, a *typev1.Amount) int64 {
	t.Helper()
	if a == nil {
		return 0
	}
	m, err := money.Parse(a.GetCurrencyCode(), a.GetAmount())
	require.NoError(t, err)
	return m.Minor
}

// text is an amount as people write it, for comparison.
func text(a *typev1.Amount) string {
	if a == nil {
		return "none"
	}
	return fmt.Sprintf("%s %s", a.GetCurrencyCode(), a.GetAmount())
}
