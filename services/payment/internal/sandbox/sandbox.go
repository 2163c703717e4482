// Package sandbox is the adapter of the sandbox provider: it speaks the provider's HTTP API and knows its words.
//
// It trusts nothing: answers are bounded in size, redirects are not followed, the account and the mode are compared, and
// whatever is not a clear answer is an error, which callers take as an outcome that is not known.
package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Name is the provider's key.
const Name = "sandbox"

const (
	maxAnswer = 64 << 10
	maxReport = 8 << 20
)

// Config says how to reach the provider.
type Config struct {
	// URL is the provider's address.
	URL string
	// APIKey is the merchant's key.
	APIKey string
	// Merchant is the account that answers must be about.
	Merchant string
	// WebhookSecrets verify notifications; more than one while a secret is being changed.
	WebhookSecrets []string
	// Client carries the requests; nil means one of the adapter's own.
	Client *http.Client
}

// Provider implements payment.Provider.
type Provider struct {
	cfg    Config
	client *http.Client
}

var _ payment.Provider = (*Provider)(nil)

// New makes the adapter.
func New(cfg Config) *Provider {
	client := cfg.Client
	if client == nil {
		transport := &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true}
		client = &http.Client{Transport: fault.Transport(transport)}
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	return &Provider{cfg: cfg, client: client}
}

// Name is the provider's key.
func (p *Provider) Name() string { return Name }

// KeyWindow is how long the provider honours a key.
func (p *Provider) KeyWindow() time.Duration { return 24 * time.Hour }

// Capabilities describe a method.
func (p *Provider) Capabilities(method string) (payment.Capabilities, bool) {
	switch method {
	case "card":
		return payment.Capabilities{SeparatesCapture: true, NeedsToken: true, LimitsAttempts: true}, true
	case "wallet":
		return payment.Capabilities{SeparatesCapture: true, Redirect: true, NeedsReturnURL: true}, true
	case "qr":
		return payment.Capabilities{Redirect: true}, true
	case "voucher":
		return payment.Capabilities{Redirect: true, Async: true}, true
	default:
		return payment.Capabilities{}, false
	}
}

// request is the body of the provider's mutating calls.
type request struct {
	MerchantReference string `json:"merchant_reference"`
	OrderReference    string `json:"order_reference,omitempty"`
	Method            string `json:"method,omitempty"`
	Token             string `json:"token,omitempty"`
	Amount            int64  `json:"amount,omitempty"`
	Currency          string `json:"currency,omitempty"`
	ReturnURL         string `json:"return_url,omitempty"`
	Final             bool   `json:"final,omitempty"`
}

// operation is what the provider says of an operation; it says more than this.
type operation struct {
	ID                string     `json:"id"`
	Kind              string     `json:"kind"`
	Status            string     `json:"status"`
	Reason            string     `json:"reason"`
	Merchant          string     `json:"merchant"`
	Mode              string     `json:"mode"`
	MerchantReference string     `json:"merchant_reference"`
	OrderReference    string     `json:"order_reference"`
	CreatedAt         time.Time  `json:"created_at"`
	Amount            int64      `json:"amount"`
	Currency          string     `json:"currency"`
	NextAction        *action    `json:"next_action"`
	CaptureBefore     *time.Time `json:"capture_before"`
}

type action struct {
	Type      string    `json:"type"`
	URL       string    `json:"url"`
	Data      string    `json:"data"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Authorize reserves or takes an amount.
func (p *Provider) Authorize(ctx context.Context, c payment.Call) (payment.Outcome, error) {
	return p.mutate(ctx, "/v1/authorizations", c, request{
		MerchantReference: c.Operation.ID, OrderReference: c.Operation.OrderID, Method: c.Method, Token: c.Token,
		Amount: c.Operation.Amount, Currency: c.Operation.Currency, ReturnURL: c.ReturnURL,
	})
}

// Capture takes a part of what is reserved.
func (p *Provider) Capture(ctx context.Context, c payment.Call) (payment.Outcome, error) {
	return p.mutate(ctx, follow(c, "captures"), c, request{
		MerchantReference: c.Operation.ID, Amount: c.Operation.Amount, Currency: c.Operation.Currency, Final: c.Operation.Final,
	})
}

// Void releases what is reserved, or cancels what is pending. That there is nothing left to release is what was wanted.
func (p *Provider) Void(ctx context.Context, c payment.Call) (payment.Outcome, error) {
	out, err := p.mutate(ctx, follow(c, "voids"), c, request{MerchantReference: c.Operation.ID})
	return releaseNothing(out), err
}

// Refund gives back a part of what was captured.
func (p *Provider) Refund(ctx context.Context, c payment.Call) (payment.Outcome, error) {
	return p.mutate(ctx, follow(c, "refunds"), c, request{
		MerchantReference: c.Operation.ID, Amount: c.Operation.Amount, Currency: c.Operation.Currency,
	})
}

// Query asks what became of a key, however old.
func (p *Provider) Query(ctx context.Context, key string) (payment.Outcome, error) {
	status, body, err := p.exchange(ctx, http.MethodGet, "/v1/operations?merchant_reference="+url.QueryEscape(key), "", nil)
	if err != nil {
		return payment.Outcome{}, err
	}
	if status == http.StatusNotFound && codeOf(body) == "operation_not_found" {
		return payment.Outcome{}, payment.ErrNoOperation
	}
	if status != http.StatusOK {
		return payment.Outcome{}, fmt.Errorf("query answered %d %s", status, codeOf(body))
	}
	out, err := p.read(body)
	return releaseNothing(out), err
}

// Report lists what the provider has of a time. One row about another account or mode makes the report one that is not
// believed.
func (p *Provider) Report(ctx context.Context, from, until time.Time, after string) (payment.Report, error) {
	query := url.Values{"from": {from.UTC().Format(time.RFC3339Nano)}, "until": {until.UTC().Format(time.RFC3339Nano)}, "after": {after}}
	status, body, err := p.exchange(ctx, http.MethodGet, "/v1/report?"+query.Encode(), "", nil)
	if err != nil {
		return payment.Report{}, err
	}
	if status != http.StatusOK {
		return payment.Report{}, fmt.Errorf("report answered %d %s", status, codeOf(body))
	}
	var page struct {
		Operations []json.RawMessage `json:"operations"`
		Next       string            `json:"next"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return payment.Report{}, fmt.Errorf("decode report: %w", err)
	}
	report := payment.Report{Next: page.Next}
	for _, row := range page.Operations {
		reported, err := p.reported(row)
		if err != nil {
			return payment.Report{}, err
		}
		report.Rows = append(report.Rows, reported)
	}
	return report, nil
}

func (p *Provider) reported(row []byte) (payment.Reported, error) {
	var op operation
	if err := json.Unmarshal(row, &op); err != nil {
		return payment.Reported{}, fmt.Errorf("decode row of report: %w", err)
	}
	out, err := p.read(row)
	if err != nil {
		return payment.Reported{}, err
	}
	kind := payment.Kind(op.Kind)
	if !slices.Contains(payment.Kinds(), kind) {
		return payment.Reported{}, fmt.Errorf("unknown kind %q", op.Kind)
	}
	return payment.Reported{Kind: kind, At: op.CreatedAt, Outcome: releaseNothing(out)}, nil
}

// ReportLag is short: the provider reports what it has answered.
func (p *Provider) ReportLag() time.Duration { return time.Minute }

func follow(c payment.Call, what string) string {
	return "/v1/authorizations/" + url.PathEscape(c.AuthorizationReference) + "/" + what
}

// releaseNothing takes the failure of a void that found nothing to release as the success it is.
func releaseNothing(out payment.Outcome) payment.Outcome {
	if out.Status == payment.Failed && out.Reason == "nothing_to_void" {
		out.Status, out.Reason = payment.OK, ""
	}
	return out
}

// mutate sends an operation. Refusals that are certain to have moved nothing are failures; anything else but a clear answer
// is an error.
func (p *Provider) mutate(ctx context.Context, path string, c payment.Call, body request) (payment.Outcome, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return payment.Outcome{}, fmt.Errorf("encode request: %w", err)
	}
	status, answer, err := p.exchange(ctx, http.MethodPost, path, c.Operation.ID, encoded)
	if err != nil {
		return payment.Outcome{}, err
	}
	code := codeOf(answer)
	switch {
	case status == http.StatusOK:
		return p.read(answer)
	case status == http.StatusUnprocessableEntity && code == payment.ReasonTokenRejected,
		status == http.StatusUnprocessableEntity && code == "currency_mismatch",
		status == http.StatusNotFound && code == "authorization_not_found",
		status == http.StatusBadRequest && (code == "amount_invalid" || code == "method_unknown"):
		return payment.Outcome{Key: c.Operation.ID, Status: payment.Failed, Reason: code}, nil
	default:
		return payment.Outcome{}, fmt.Errorf("provider answered %d %s", status, code)
	}
}

func (p *Provider) exchange(ctx context.Context, method, path, key string, body []byte) (int, []byte, error) {
	if postgres.InTx(ctx) {
		return 0, nil, errors.New("the provider must not be called inside a transaction")
	}
	req, err := http.NewRequestWithContext(ctx, method, p.cfg.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+p.cfg.APIKey)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
		req.Header.Set("Content-Type", "application/json")
		// A request with a key would be sent again by the client of net/http itself when a connection breaks. Repeating is
		// safe, but it is the resolver's to do, where it is counted.
		req.GetBody = nil
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("call provider: %w", err)
	}
	defer resp.Body.Close()
	limit := int64(maxAnswer)
	if key == "" {
		limit = maxReport
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return 0, nil, fmt.Errorf("read answer: %w", err)
	}
	return resp.StatusCode, answer, nil
}

// codeOf reads the code of an error answer.
func codeOf(body []byte) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return answer.Error.Code
}

// read turns an answer about an operation into an outcome. One about another account or mode is no answer.
func (p *Provider) read(body []byte) (payment.Outcome, error) {
	var op operation
	if err := json.Unmarshal(body, &op); err != nil {
		return payment.Outcome{}, fmt.Errorf("decode answer: %w", err)
	}
	if op.Merchant != p.cfg.Merchant || op.Mode != Name {
		return payment.Outcome{}, fmt.Errorf("the answer is about merchant %q in mode %q", op.Merchant, op.Mode)
	}
	return outcomeOf(op)
}

func outcomeOf(op operation) (payment.Outcome, error) {
	out := payment.Outcome{
		Key: op.MerchantReference, Reference: op.ID, Reason: op.Reason, Amount: op.Amount, Currency: op.Currency,
		OrderID: op.OrderReference, CaptureBefore: op.CaptureBefore,
	}
	switch op.Status {
	case "succeeded":
		out.Status = payment.OK
	case "failed":
		out.Status = payment.Failed
	case "requires_action", "pending":
		out.Status = payment.Pending
	default:
		return payment.Outcome{}, fmt.Errorf("unknown status %q", op.Status)
	}
	if a := op.NextAction; a != nil && op.Status == "requires_action" {
		out.NextAction = &payment.NextAction{Type: a.Type, URL: a.URL, Data: a.Data, ExpiresAt: a.ExpiresAt}
	}
	if out.Key == "" || out.Reference == "" {
		return payment.Outcome{}, errors.New("the answer names no operation")
	}
	return out, nil
}
