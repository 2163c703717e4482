package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

const (
	provider = "sandbox"
	// logPage and listPage are how much is read at once.
	logPage  = 5000
	listPage = "200"
	// parkTime is how long the provider may take to tell its news, and the shop to see that they are not its own.
	parkTime = 2 * time.Minute
	// slowest is how long the provider may be about a request whose sender is gone. Its slow card takes three seconds.
	slowest = 5 * time.Second
)

// movement is an operation that the provider has carried out, by its own log.
type movement struct {
	ID       string    `json:"operation_id"`
	Key      string    `json:"merchant_reference"`
	Order    string    `json:"order_reference"`
	Kind     string    `json:"kind"`
	Result   string    `json:"result"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}

// history reads what a provider has, as it is now, by the provider's id.
func history(ctx context.Context, address string) (map[string]movement, error) {
	latest := map[string]movement{}
	for after := int64(0); ; {
		var page struct {
			Attempts []movement `json:"attempts"`
			Next     int64      `json:"next"`
		}
		if err := read(ctx, fmt.Sprintf("%s/log?changes=true&after=%d&limit=%d", address, after, logPage), &page); err != nil {
			return nil, fmt.Errorf("read the provider's log: %w", err)
		}
		for _, m := range page.Attempts {
			if m.ID != "" {
				latest[m.ID] = m
			}
		}
		if after = page.Next; after == 0 {
			return latest, nil
		}
	}
}

// references are our ids of all that a provider has, whatever came of it: what waits for a buyer can still become money.
func references(ctx context.Context, address string) (map[string]bool, error) {
	latest, err := history(ctx, address)
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, m := range latest {
		ours[m.Key] = true
	}
	return ours, nil
}

// note writes down what the provider has of the lost shop, before the restored one can ask it for anything. It waits for what was asked
// last and is still under way.
func (s *scene) note(ctx context.Context) (err error) {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(s.closed.Add(slowest))):
	}
	s.there, err = references(ctx, s.shop.SandboxURL())
	return err
}

// movements reads what the provider has carried out, by our id.
func (s *scene) movements(ctx context.Context) (map[string]movement, error) {
	latest, err := history(ctx, s.shop.SandboxURL())
	if err != nil {
		return nil, err
	}
	done := map[string]movement{}
	for _, m := range latest {
		if m.Result == "succeeded" {
			done[m.Key] = m
		}
	}
	return done, nil
}

func read(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// unknown are the movements of which the books know nothing, asked of the database itself. It is wrong when one of them was not there
// before the restored shop began.
func (s *scene) unknown(ctx context.Context) (map[string]movement, error) {
	done, err := s.movements(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, s.server.schema("payment"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, query("forgotten_operations"), slices.Collect(maps.Keys(done)))
	if err != nil {
		return nil, err
	}
	found := map[string]movement{}
	var key string
	if _, err = pgx.ForEachRow(rows, []any{&key}, func() error { found[key] = done[key]; return nil }); err != nil {
		return nil, err
	}
	return found, unrecorded(found, s.there)
}

// unrecorded says what the restored shop has itself moved at the provider and has not in its books. there is what the provider had
// before: nothing else can be forgotten.
func unrecorded(unknown map[string]movement, there map[string]bool) error {
	var wrong []error
	for key, m := range unknown {
		if !there[key] {
			wrong = append(wrong, fmt.Errorf("%w: the restored shop has a %s for order %s at the provider and not in its books (operation %s)", ErrWrong, m.Kind, m.Order, key))
		}
	}
	return errors.Join(wrong...)
}

// findings lets the shop compare its books with the provider's report, as staff do, and lists what does not agree, by our id.
func (s *scene) findings(ctx context.Context) (map[string]*adminv1.ReconciliationFinding, error) {
	compare := shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/reconciliations", Key: id.New(), In: &adminv1.RunReconciliationRequest{
		Provider: provider, From: timestamppb.New(s.began.Add(-time.Minute)), Until: timestamppb.Now(),
	}}
	if err := s.staff.DoPatiently(ctx, moreTime, compare, nil); err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	found := map[string]*adminv1.ReconciliationFinding{}
	for token := ""; ; {
		page := &adminv1.ListReconciliationFindingsResponse{}
		path := "/admin/v1/reconciliation-findings?" + url.Values{"pageSize": {listPage}, "pageToken": {token}}.Encode()
		if err := s.staff.DoPatiently(ctx, moreTime, shopclient.Call{Verb: http.MethodGet, Path: path}, page); err != nil {
			return nil, fmt.Errorf("list findings: %w", err)
		}
		for _, f := range page.GetFindings() {
			found[f.GetOperationId()] = f
		}
		if token = page.GetNextPageToken(); token == "" {
			return found, nil
		}
	}
}

// reconcile wants every movement that the books have forgotten to be found, with its amount, and nothing to be found that cannot be
// explained by forgetting. It returns what was forgotten and the findings.
func (s *scene) reconcile(ctx context.Context) (map[string]movement, map[string]*adminv1.ReconciliationFinding, error) {
	gone, err := s.unknown(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.findings(ctx)
	if err != nil {
		return nil, nil, err
	}
	return gone, found, errors.Join(unfound(gone, found), unexplained(gone, found))
}

// unfound says which movements that the books have forgotten were not found as they are.
func unfound(gone map[string]movement, found map[string]*adminv1.ReconciliationFinding) error {
	var wrong []error
	for key, m := range gone {
		f := found[key]
		amount, err := money.Parse(f.GetTheirAmount().GetCurrencyCode(), f.GetTheirAmount().GetAmount())
		if f.GetClass() != adminv1.ReconciliationClass_RECONCILIATION_CLASS_THEIRS_ONLY || f.GetOrderId() != m.Order || err != nil || amount.Minor != m.Amount {
			wrong = append(wrong, fmt.Errorf("%w: reconciliation does not find the %s of %d %s for order %s (operation %s): %v", ErrWrong, m.Kind, m.Amount, m.Currency, m.Order, key, f))
		}
	}
	return errors.Join(wrong...)
}

// unexplained says what was found of movements that the books do have. One that has still time to be finished is nothing to explain, nor
// is a forgotten void that released nothing.
func unexplained(gone map[string]movement, found map[string]*adminv1.ReconciliationFinding) error {
	var wrong []error
	for key, f := range found {
		_, explained := gone[key]
		if timing := f.GetClass() == adminv1.ReconciliationClass_RECONCILIATION_CLASS_TIMING; !explained && !timing && !idle(f) {
			wrong = append(wrong, fmt.Errorf("%w: reconciliation finds %v", ErrWrong, f))
		}
	}
	return errors.Join(wrong...)
}

// idle tells whether a finding is a void that the books do not have and that had nothing to release: money that was released before.
func idle(f *adminv1.ReconciliationFinding) bool {
	amount, err := money.Parse(f.GetTheirAmount().GetCurrencyCode(), f.GetTheirAmount().GetAmount())
	return err == nil && amount.Minor == 0 && f.GetKind() == adminv1.PaymentOperationKind_PAYMENT_OPERATION_KIND_VOID &&
		f.GetClass() == adminv1.ReconciliationClass_RECONCILIATION_CLASS_THEIRS_ONLY && f.GetOurStatus() == 0
}

// parked waits until the news about a payment that the books have forgotten are set aside, and the payment is found. It returns how much
// is set aside.
func (s *scene) parked(ctx context.Context, w *witness) (n int, err error) {
	err = until(ctx, parkTime, "news of what was forgotten are set aside", func() error {
		_, found, err := s.reconcile(ctx)
		if err != nil {
			return err
		}
		events := &adminv1.ListWebhookEventsResponse{}
		path := "/admin/v1/payment-webhook-events?state=PAYMENT_WEBHOOK_EVENT_STATE_PARKED&pageSize=" + listPage
		if err := s.staff.DoPatiently(ctx, moreTime, shopclient.Call{Verb: http.MethodGet, Path: path}, events); err != nil {
			return err
		}
		n = len(events.GetEvents())
		for _, e := range events.GetEvents() {
			if found[e.GetOperationId()].GetOrderId() == w.late {
				return nil
			}
		}
		return fmt.Errorf("%w: none of %d is about order %s, which was paid and is forgotten", ErrWrong, n, w.late)
	})
	return n, err
}

// captured sums up the captures among movements.
func captured(gone map[string]movement) (n int, minor int64) {
	for _, m := range gone {
		if m.Kind == "capture" {
			n, minor = n+1, minor+m.Amount
		}
	}
	return n, minor
}
