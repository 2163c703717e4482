package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Buyers are offered what works where they are: fails when a method shows up in a country or currency it does not take, or
// when staff cannot change that for one channel.
func TestMethodsAreOfferedByPlace(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	offered := func(channel, country, currency string) []string {
		response, err := s.ListPaymentMethods(t.Context(), &paymentv1.ListPaymentMethodsRequest{Channel: channel, CountryCode: country, CurrencyCode: currency})
		require.NoError(t, err)
		var keys []string
		for _, m := range response.GetMethods() {
			keys = append(keys, m.GetKey())
		}
		return keys
	}
	require.Equal(t, []string{"card", "wallet", "qr", "voucher"}, offered("uk-web", "GB", "GBP"))
	require.Equal(t, []string{"card", "wallet", "qr"}, offered("us-web", "US", "USD"))
	require.Equal(t, []string{"card", "qr"}, offered("eu-web", "CN", "CNY"))
	require.Equal(t, []string{"card", "qr", "voucher"}, offered("eu-web", "JP", "JPY"))
	require.Equal(t, []string{"card"}, offered("uk-web", "", "GBP"))

	_, err := s.SetPaymentMethod(customer("c"), &paymentv1.SetPaymentMethodRequest{Setting: &paymentv1.PaymentMethodSetting{Method: "card", Title: "x"}})
	require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(err))
	set := func(m *paymentv1.PaymentMethodSetting) (*paymentv1.PaymentMethodSetting, error) {
		response, err := s.SetPaymentMethod(staff(), &paymentv1.SetPaymentMethodRequest{Setting: m})
		return response.GetSetting(), err
	}
	own, err := set(&paymentv1.PaymentMethodSetting{
		Channel: "uk-web", Method: "wallet", Title: "PayPal", Enabled: true, Countries: []string{"GB"}, Currencies: []string{"GBP"},
		Minimums: []*typev1.Money{gbp(500)}, Position: 1,
	})
	require.NoError(t, err)
	require.Equal(t, []string{"wallet", "card", "qr", "voucher"}, offered("uk-web", "GB", "GBP"))
	small := ask(499, "wallet", "")
	_, err = s.AuthorizePayment(t.Context(), small)
	require.Equal(t, "AMOUNT_TOO_SMALL", errs.ReasonOf(err))
	_, err = set(&paymentv1.PaymentMethodSetting{Channel: "uk-web", Method: "wallet", Title: "again"})
	require.Equal(t, "VERSION_CONFLICT", errs.ReasonOf(err), "created twice")
	own.Enabled = false
	_, err = set(own)
	require.NoError(t, err)
	_, err = set(own)
	require.Equal(t, "VERSION_CONFLICT", errs.ReasonOf(err), "a stale version")
	require.Equal(t, []string{"card", "qr", "voucher"}, offered("uk-web", "GB", "GBP"))
	require.Equal(t, []string{"card", "wallet", "qr", "voucher"}, offered("eu-web", "DE", "EUR"), "other channels keep the default")

	for _, bad := range []*paymentv1.PaymentMethodSetting{
		{Method: "cheque", Title: "x"}, {Method: "card", Title: "x", Countries: []string{"ZZ"}}, {Method: "card", Title: "x", Currencies: []string{"XXX"}},
		{Method: "card", Title: "x", Minimums: []*typev1.Money{gbp(-1)}},
	} {
		_, err := set(bad)
		require.NotEmpty(t, errs.ReasonOf(err))
		require.NotEqual(t, errs.Internal, errs.CodeOf(err), "%v", err)
	}
	var all []string
	request := &paymentv1.ListPaymentMethodSettingsRequest{PageSize: 2}
	for {
		page, err := s.ListPaymentMethodSettings(staff(), request)
		require.NoError(t, err)
		for _, m := range page.GetSettings() {
			all = append(all, m.GetChannel()+"/"+m.GetMethod())
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	require.Equal(t, []string{"/card", "/qr", "/voucher", "/wallet", "uk-web/wallet"}, all)
}

// Staff find every payment and everything that is in doubt: fails when a page is skipped, repeated, or open to strangers.
func TestStaffLists(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := id.Secret()
	var made []string
	for range 7 {
		r := ask(5_000, "card", "tok_ok")
		r.OrderId = order
		made = append([]string{s.authorize(r).GetId()}, made...)
	}
	s.authorize(ask(5_000, "card", "tok_3ds"))
	list := func(r *paymentv1.ListPaymentsRequest) []string {
		var ids []string
		for {
			page, err := s.ListPayments(staff(), r)
			require.NoError(t, err)
			for _, p := range page.GetPayments() {
				ids = append(ids, p.GetId())
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				return ids
			}
		}
	}
	require.Equal(t, made, list(&paymentv1.ListPaymentsRequest{OrderId: order, PageSize: 3}))
	require.Len(t, list(&paymentv1.ListPaymentsRequest{}), 8)
	require.Equal(t, made, list(&paymentv1.ListPaymentsRequest{State: paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, Method: "card", PageSize: 2}))
	require.Empty(t, list(&paymentv1.ListPaymentsRequest{CreateTimeUntil: timestamppb.New(time.Now().Add(-time.Hour))}))
	require.Len(t, list(&paymentv1.ListPaymentsRequest{CreateTimeFrom: timestamppb.New(time.Now().Add(-time.Hour))}), 8)

	batch, err := s.BatchGetPayments(t.Context(), &paymentv1.BatchGetPaymentsRequest{OrderIds: []string{order, id.Secret()}})
	require.NoError(t, err)
	require.Len(t, batch.GetPayments(), 7)
	require.Len(t, batch.GetPayments()[0].GetOperations(), 1)
}

// Staff find everything that is not finished: fails when a page of operations or gift cards is skipped or repeated.
func TestStaffListsOfOperationsAndGiftCards(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 7 {
		s.authorize(ask(5_000, "card", "tok_ok"))
	}
	s.authorize(ask(5_000, "card", "tok_3ds"))
	pending, err := s.ListOperations(staff(), &paymentv1.ListOperationsRequest{Status: paymentv1.OperationStatus_OPERATION_STATUS_PENDING})
	require.NoError(t, err)
	require.Len(t, pending.GetOperations(), 1)
	first, err := s.ListOperations(staff(), &paymentv1.ListOperationsRequest{Kind: paymentv1.OperationKind_OPERATION_KIND_AUTHORIZE, PageSize: 5})
	require.NoError(t, err)
	require.Len(t, first.GetOperations(), 5)
	_, err = s.ListOperations(staff(), &paymentv1.ListOperationsRequest{PageToken: first.GetNextPageToken()})
	require.Equal(t, "PAGE_TOKEN_INVALID", errs.ReasonOf(err), "a token of another list")
	rest, err := s.ListOperations(staff(), &paymentv1.ListOperationsRequest{Kind: paymentv1.OperationKind_OPERATION_KIND_AUTHORIZE, PageToken: first.GetNextPageToken()})
	require.NoError(t, err)
	require.Len(t, rest.GetOperations(), 3)

	s.issue(1_000)
	last := s.issue(2_000).GetGiftCard()
	cards, err := s.ListGiftCards(staff(), &paymentv1.ListGiftCardsRequest{PageSize: 1, Status: paymentv1.GiftCardStatus_GIFT_CARD_STATUS_ACTIVE})
	require.NoError(t, err)
	require.Equal(t, last.GetId(), cards.GetGiftCards()[0].GetId())
	require.NotEmpty(t, cards.GetNextPageToken())
	named, err := s.ListGiftCards(staff(), &paymentv1.ListGiftCardsRequest{Last4: last.GetLast4()})
	require.NoError(t, err)
	require.NotEmpty(t, named.GetGiftCards())
}

// The shop's own affairs are staff's: fails when a buyer can list payments, read the books or change cards.
func TestStaffOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order, last := id.Secret(), s.issue(1_000).GetGiftCard()
	for name, call := range map[string]func(ctx context.Context) error{
		"ListPayments": func(ctx context.Context) error {
			_, err := s.ListPayments(ctx, &paymentv1.ListPaymentsRequest{})
			return err
		},
		"ListOperations": func(ctx context.Context) error {
			_, err := s.ListOperations(ctx, &paymentv1.ListOperationsRequest{})
			return err
		},
		"ListGiftCards": func(ctx context.Context) error {
			_, err := s.ListGiftCards(ctx, &paymentv1.ListGiftCardsRequest{})
			return err
		},
		"GetTrialBalance": func(ctx context.Context) error {
			_, err := s.GetTrialBalance(ctx, &paymentv1.GetTrialBalanceRequest{})
			return err
		},
		"ListLedgerEntries": func(ctx context.Context) error {
			_, err := s.ListLedgerEntries(ctx, &paymentv1.ListLedgerEntriesRequest{OrderId: order})
			return err
		},
		"ListPaymentMethodSettings": func(ctx context.Context) error {
			_, err := s.ListPaymentMethodSettings(ctx, &paymentv1.ListPaymentMethodSettingsRequest{})
			return err
		},
		"DisableGiftCard": func(ctx context.Context) error {
			_, err := s.DisableGiftCard(ctx, &paymentv1.DisableGiftCardRequest{GiftCardId: last.GetId()})
			return err
		},
	} {
		require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(call(customer("c"))), name)
		require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(call(t.Context())), name)
	}
	_, err := s.ListPayments(staff(), &paymentv1.ListPaymentsRequest{CreateTimeFrom: &timestamppb.Timestamp{Seconds: 1 << 60}})
	require.Equal(t, "TIME_INVALID", errs.ReasonOf(err))
	_, err = s.ListLedgerEntries(staff(), &paymentv1.ListLedgerEntriesRequest{OrderId: order, PaymentId: id.New()})
	require.Equal(t, "FILTER_INVALID", errs.ReasonOf(err))
}

// The books cannot be changed or unbalanced, not even by us: fails when the database lets an entry be edited or a sum be off.
func TestLedgerIsAppendOnlyAndBalanced(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.capture(p.GetId(), 5_000, true)
	for _, statement := range []string{
		"UPDATE posting SET amount = amount + 1", "DELETE FROM posting", "TRUNCATE posting", "UPDATE ledger_transaction SET kind = 'x'",
		"DELETE FROM ledger_transaction", "TRUNCATE ledger_transaction CASCADE",
	} {
		_, err := s.db.DB.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "42501", statement)
	}
	entry := "INSERT INTO ledger_transaction (id, kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id) VALUES ('t', 'x', 's', '', '', '', '', '', '')"
	line := "INSERT INTO posting (transaction_id, line, account, subject, currency, amount) VALUES "
	for name, statements := range map[string][]string{
		"no lines":            {entry},
		"one line":            {entry, line + "('t', 1, 'order:due', '', 'GBP', 1)"},
		"off by one":          {entry, line + "('t', 1, 'order:due', '', 'GBP', 2), ('t', 2, 'giftcard:issuance', '', 'GBP', -1)"},
		"across currencies":   {entry, line + "('t', 1, 'order:due', '', 'GBP', 1), ('t', 2, 'giftcard:issuance', '', 'EUR', -1)"},
		"added to old entry":  {line + "((SELECT id FROM ledger_transaction LIMIT 1), 3, 'order:due', '', 'GBP', 1)"},
		"account not in list": {entry, line + "('t', 1, 'pocket', '', 'GBP', 1), ('t', 2, 'order:due', '', 'GBP', -1)"},
	} {
		err := s.db.DB.Tx(t.Context(), func(ctx context.Context) error {
			for _, statement := range statements {
				if _, err := s.db.DB.Exec(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		})
		require.True(t, postgres.IsCheck(err, ""), "%s: %v", name, err)
	}
	s.balanced()
	entries, err := s.ListLedgerEntries(staff(), &paymentv1.ListLedgerEntriesRequest{PaymentId: p.GetId()})
	require.NoError(t, err)
	require.Len(t, entries.GetEntries(), 1)
	require.Equal(t, "capture", entries.GetEntries()[0].GetKind())
	require.Equal(t, "psp:sandbox:clearing", entries.GetEntries()[0].GetPostings()[0].GetAccount())
}

// An authorization that ran out is not captured and is not kept as if it held: fails when the shop ships on a dead
// authorization.
func TestLapsedAuthorizationIsReleased(t *testing.T) {
	t.Parallel()
	s := newShopWith(t, sandboxserver.Config{AuthorizationTTL: time.Second})
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	require.Eventually(t, func() bool { return time.Now().After(p.GetCaptureBefore().AsTime().Add(50 * time.Millisecond)) }, waitFor, tick)
	_, err := s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{PaymentId: p.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(5_000)})
	require.Equal(t, "AUTH_EXPIRED", errs.ReasonOf(err))
	s.instance.Stop()
	s.start() // the sweep runs at the start and then every minute
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_EXPIRED)
	require.Eventually(t, func() bool { return s.cart.told(p.GetId()) > 0 }, waitFor, tick, "the order's owner is told")
	require.Zero(t, s.books(p.GetOrderId()).Captured)
}

// The service's role reaches nothing but its own rows, and stored sums are what the operations say: fails when a sum drifts.
func TestStoredSumsAgreeWithOperations(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, token := range []string{"tok_ok", "tok_declined", "tok_3ds"} {
		p := s.authorize(ask(5_000, "card", token))
		if p.GetCapturable().GetMinorUnits() > 0 {
			s.capture(p.GetId(), 2_000, false)
			s.refund(p.GetId(), 500)
			s.void(p.GetId())
		}
	}
	rows, err := s.db.DB.Query(t.Context(), `
		SELECT p.id FROM payment AS p
		WHERE captured <> (SELECT coalesce(sum(amount), 0) FROM operation AS o WHERE o.payment_id = p.id AND kind = 'capture' AND status = 'ok')
		   OR refunded <> (SELECT coalesce(sum(amount), 0) FROM operation AS o WHERE o.payment_id = p.id AND kind = 'refund' AND status = 'ok')
		   OR captured <> (SELECT coalesce(sum(amount), 0) FROM posting JOIN ledger_transaction AS t ON t.id = transaction_id
		                   WHERE t.payment_id = p.id AND t.kind = 'capture' AND account = 'psp:sandbox:clearing')`)
	require.NoError(t, err)
	drifted, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, drifted)
}
