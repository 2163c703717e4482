package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// reconcile compares the last hours with the provider's report.
func (s *shop) reconcile() *paymentv1.Reconciliation {
	s.t.Helper()
	response, err := s.RunReconciliation(staff(), &paymentv1.RunReconciliationRequest{
		RequestId: id.New(), Provider: "sandbox", From: timestamppb.New(time.Now().Add(-3 * time.Hour)), Until: timestamppb.New(time.Now().Add(time.Minute)),
	})
	require.NoError(s.t, err)
	return response.GetReconciliation()
}

// findings are those that are open, by operation.
func (s *shop) findings() map[string]*paymentv1.ReconciliationFinding {
	s.t.Helper()
	found := map[string]*paymentv1.ReconciliationFinding{}
	request := &paymentv1.ListReconciliationFindingsRequest{Provider: "sandbox", PageSize: 5}
	for {
		page, err := s.ListReconciliationFindings(staff(), request)
		require.NoError(s.t, err)
		for _, f := range page.GetFindings() {
			require.NotContains(s.t, found, f.GetOperationId(), "one finding for each movement")
			found[f.GetOperationId()] = f
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return found
		}
	}
}

// asMerchant calls the provider as somebody who has our key, behind our back.
func (s *shop) asMerchant(path, key string, body map[string]any) {
	s.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(s.t, err)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.web.URL+path, bytes.NewReader(encoded))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+testKey)
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, http.StatusOK, response.StatusCode)
}

func (s *shop) exec(statement string, args ...any) {
	s.t.Helper()
	tag, err := s.db.DB.Exec(s.t.Context(), statement, args...)
	require.NoError(s.t, err)
	require.Equal(s.t, int64(1), tag.RowsAffected(), statement)
}

// sold is a captured and partly refunded payment; its operations are those of its kinds.
func (s *shop) sold() (*paymentv1.Payment, map[paymentv1.OperationKind]*paymentv1.Operation) {
	s.t.Helper()
	p := s.authorize(ask(10_000, "card", "tok_ok"))
	s.capture(p.GetId(), 6_000, false)
	s.refund(p.GetId(), 1_000)
	s.void(p.GetId())
	p = s.get(p.GetId())
	operations := map[paymentv1.OperationKind]*paymentv1.Operation{}
	for _, op := range p.GetOperations() {
		operations[op.GetKind()] = op
	}
	require.Len(s.t, operations, 4)
	return p, operations
}

const (
	kindAuthorize = paymentv1.OperationKind_OPERATION_KIND_AUTHORIZE
	kindCapture   = paymentv1.OperationKind_OPERATION_KIND_CAPTURE
	kindVoid      = paymentv1.OperationKind_OPERATION_KIND_VOID
	kindRefund    = paymentv1.OperationKind_OPERATION_KIND_REFUND

	oursOnly   = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_OURS_ONLY
	theirsOnly = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_THEIRS_ONLY
	amount     = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_AMOUNT
	currency   = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_CURRENCY
	duplicate  = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_DUPLICATE
	timing     = paymentv1.ReconciliationClass_RECONCILIATION_CLASS_TIMING
)

// corruption is a way for books to go wrong; it answers the operation that has to be named.
type corruption struct {
	class   paymentv1.ReconciliationClass
	corrupt func(s *shop) string
}

func corruptions() map[string]corruption {
	set := func(kind paymentv1.OperationKind, assignment string) func(s *shop) string {
		return func(s *shop) string {
			_, ops := s.sold()
			s.exec("UPDATE operation SET "+assignment+" WHERE id = $1", ops[kind].GetId())
			return ops[kind].GetId()
		}
	}
	return map[string]corruption{
		"our capture is lost":     {theirsOnly, set(kindCapture, "id = 'lost-' || id") /* the id is gone from our books */},
		"our refund says failed":  {theirsOnly, set(kindRefund, "status = 'failed'")},
		"our void says failed":    {theirsOnly, set(kindVoid, "status = 'failed'")},
		"our amount is larger":    {amount, set(kindCapture, "amount = amount + 1")},
		"our refund is smaller":   {amount, set(kindRefund, "amount = amount - 1")},
		"our currency is another": {currency, set(kindAuthorize, "currency = 'EUR'")},
		"we invented a capture": {oursOnly, func(s *shop) string {
			_, ops := s.sold()
			s.exec(`INSERT INTO operation (id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, created_at, updated_at)
				SELECT 'invented', payment_id, order_id, provider, kind, 'ok', amount, currency, false, 'invented', '', '', now() - interval '10 min', now() - interval '10 min'
				FROM operation WHERE id = $1`, ops[kindCapture].GetId())
			return "invented"
		}},
		"a declined card says paid": {oursOnly, func(s *shop) string {
			op := s.authorize(ask(5_000, "card", "tok_declined")).GetOperations()[0].GetId()
			s.exec("UPDATE operation SET status = 'ok', failure_reason = '' WHERE id = $1", op)
			return op
		}},
		"the provider charged twice": {duplicate, func(s *shop) string {
			p, ops := s.sold()
			s.asMerchant("/v1/authorizations", "forgotten-key", map[string]any{
				"merchant_reference": ops[kindAuthorize].GetId(), "order_reference": p.GetOrderId(), "method": "card", "token": "tok_ok",
				"amount": 10_000, "currency": "GBP",
			})
			return ops[kindAuthorize].GetId()
		}},
		"the provider refunded twice": {duplicate, func(s *shop) string {
			_, ops := s.sold()
			s.asMerchant("/v1/authorizations/"+ops[kindAuthorize].GetProviderReference()+"/refunds", "another-key", map[string]any{
				"merchant_reference": ops[kindRefund].GetId(), "amount": 1_000, "currency": "GBP",
			})
			return ops[kindRefund].GetId()
		}},
		"somebody uses our account": {theirsOnly, func(s *shop) string {
			s.asMerchant("/v1/authorizations", "stranger", map[string]any{
				"merchant_reference": "stranger", "order_reference": "x", "method": "card", "token": "tok_ok", "amount": 500, "currency": "GBP",
			})
			return "stranger"
		}},
		"an answer is still to come": {timing, func(s *shop) string {
			s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{
				{Kind: "authorize", Action: sandboxserver.FaultDropReply, Count: 1}, {Kind: "query", Action: sandboxserver.FaultError, Count: -1},
			}, Webhooks: &sandboxserver.WebhookMode{Hold: true}})
			return s.authorize(ask(5_000, "card", "tok_ok")).GetOperations()[0].GetId()
		}},
	}
}

// Whatever goes wrong between our books and the provider's is found and named for what it is: fails when one of twelve
// corruptions is overlooked, or called something that sends a person the wrong way.
func TestReconciliationNamesEveryCorruption(t *testing.T) {
	t.Parallel()
	for name, c := range corruptions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.sold()
			run := s.reconcile()
			require.Equal(t, int64(4), run.GetMatched())
			require.Empty(t, s.findings(), "clean books have no findings")
			operation := c.corrupt(s)
			run = s.reconcile()
			found := s.findings()
			require.Contains(t, found, operation, "%v", run)
			require.Equal(t, c.class, found[operation].GetClass())
			counts := map[paymentv1.ReconciliationClass]int64{
				oursOnly: run.GetOursOnly(), theirsOnly: run.GetTheirsOnly(), amount: run.GetAmount(), currency: run.GetCurrency(),
				duplicate: run.GetDuplicate(), timing: run.GetTiming(),
			}
			require.Positive(t, counts[c.class])
			for _, f := range found {
				require.Contains(t, []string{operation, "lost-" + operation}, f.GetOperationId(), "nothing else is blamed: %v", f)
			}
			require.Eventually(t, func() bool {
				return s.metric(fmt.Sprintf(`payment_reconciliation_findings{class="%s"}`, classes()[c.class])) > 0
			}, waitFor, tick, "an operator sees it")
		})
	}
}

func classes() map[paymentv1.ReconciliationClass]string {
	return map[paymentv1.ReconciliationClass]string{
		oursOnly: "ours_only", theirsOnly: "theirs_only", amount: "amount", currency: "currency", duplicate: "duplicate", timing: "timing",
	}
}

// What comes right is closed by itself, and what had its time and did not is named anew: fails when staff look at findings
// that are none, or when a doubt of yesterday stays harmless for ever.
func TestFindingsAreClosedOrNamedAnew(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	settled := corruptions()["an answer is still to come"].corrupt(s)
	s.reconcile()
	require.Equal(t, timing, s.findings()[settled].GetClass())
	s.provider.Apply(sandboxserver.Control{Reset: true})
	require.Eventually(t, func() bool { return s.reconcile().GetTiming() == 0 }, waitFor, tick)
	require.Empty(t, s.findings())

	stale := corruptions()["an answer is still to come"].corrupt(s)
	s.reconcile()
	s.exec("UPDATE reconciliation_finding SET moved_at = now() - interval '25 hours' WHERE operation_key = $1", stale)
	s.exec("UPDATE operation SET created_at = now() - interval '25 hours' WHERE id = $1", stale)
	s.exec("UPDATE operation SET next_check_at = now() + interval '1 hour', status = 'unknown' WHERE id = $1", stale)
	s.provider.Apply(sandboxserver.Control{Reset: true, Webhooks: &sandboxserver.WebhookMode{Hold: true}})
	now := time.Now()
	_, err := s.RunReconciliation(staff(), &paymentv1.RunReconciliationRequest{
		RequestId: id.New(), Provider: "sandbox", From: timestamppb.New(now.Add(time.Minute)), Until: timestamppb.New(now.Add(2 * time.Minute)),
	})
	require.NoError(t, err)
	require.Equal(t, theirsOnly, s.findings()[stale].GetClass())
}

// A comparison asked for twice is made once, and only staff may ask: fails when a repeated click starts the work again or a
// buyer reads the shop's books.
func TestReconciliationRequests(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := &paymentv1.RunReconciliationRequest{
		RequestId: "r-1", Provider: "sandbox", From: timestamppb.New(time.Now().Add(-time.Hour)), Until: timestamppb.New(time.Now()),
	}
	answers := storm(t, 20, func(context.Context) (*paymentv1.RunReconciliationResponse, error) {
		return s.RunReconciliation(staff(), r)
	})
	for _, a := range answers {
		require.Equal(t, answers[0].GetReconciliation().GetId(), a.GetReconciliation().GetId())
	}
	r.Until = timestamppb.New(time.Now())
	_, err := s.RunReconciliation(staff(), r)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", errs.ReasonOf(err))
	r.RequestId, r.From = "r-2", timestamppb.New(time.Now().Add(-32*24*time.Hour))
	_, err = s.RunReconciliation(staff(), r)
	require.Equal(t, "RANGE_TOO_WIDE", errs.ReasonOf(err))
	r.Provider = "nobody"
	_, err = s.RunReconciliation(staff(), r)
	require.Equal(t, "PROVIDER_NOT_FOUND", errs.ReasonOf(err))
	_, err = s.RunReconciliation(customer("c"), r)
	require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(err))
	page, err := s.ListReconciliations(staff(), &paymentv1.ListReconciliationsRequest{Provider: "sandbox", PageSize: 1})
	require.NoError(t, err)
	require.Len(t, page.GetReconciliations(), 1)
	for name, call := range map[string]func() error{
		"ListReconciliations": func() error {
			_, err := s.ListReconciliations(customer("c"), &paymentv1.ListReconciliationsRequest{})
			return err
		},
		"ListReconciliationFindings": func() error {
			_, err := s.ListReconciliationFindings(customer("c"), &paymentv1.ListReconciliationFindingsRequest{})
			return err
		},
		"ListWebhookEvents": func() error {
			_, err := s.ListWebhookEvents(customer("c"), &paymentv1.ListWebhookEventsRequest{})
			return err
		},
		"ReplayWebhookEvent": func() error {
			_, err := s.ReplayWebhookEvent(customer("c"), &paymentv1.ReplayWebhookEventRequest{Provider: "sandbox", EventId: "e", RequestId: "r"})
			return err
		},
	} {
		require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(call()), name)
	}
}
