package sandboxserver

import (
	"strings"
	"time"
)

// Statuses of an operation.
const (
	StatusRequiresAction = "requires_action"
	StatusPending        = "pending"
	StatusSucceeded      = "succeeded"
	StatusFailed         = "failed"
)

// Kinds of operation.
const (
	KindAuthorize = "authorize"
	KindCapture   = "capture"
	KindVoid      = "void"
	KindRefund    = "refund"
)

// Reasons of failed operations.
const (
	ReasonDeclined          = "declined"
	ReasonInsufficientFunds = "insufficient_funds"
	ReasonCanceledByBuyer   = "canceled_by_buyer"
	ReasonCanceled          = "canceled_by_merchant"
	ReasonExpired           = "expired"
	ReasonAuthExpired       = "authorization_expired"
	ReasonAuthVoided        = "authorization_voided"
	ReasonNotAuthorized     = "not_authorized"
	ReasonAlreadyCaptured   = "already_captured"
	ReasonNothingToVoid     = "nothing_to_void"
	ReasonExceeds           = "amount_exceeds"
	ReasonTokenRejected     = "token_rejected"
	ReasonRefused           = "refused"
)

// The buyers' pages, as first path element.
const (
	pageChallenge = "challenge"
	pageWallet    = "wallet"
	pageQR        = "qr"
	pageVoucher   = "vouchers"
)

// NextAction is what the buyer has to do.
type NextAction struct {
	// Type is redirect, qr or voucher.
	Type string `json:"type"`
	// URL is the provider's page.
	URL string `json:"url"`
	// Data is the content of the QR code or the voucher number.
	Data string `json:"data,omitempty"`
	// ExpiresAt is when the provider stops waiting.
	ExpiresAt time.Time `json:"expires_at"`
}

// Operation is what the provider did, or will do, for a merchant's request. It is both the answer of the API and the
// journal's snapshot.
type Operation struct {
	// ID is the provider's reference.
	ID string `json:"id"`
	// Kind is authorize, capture, void or refund.
	Kind string `json:"kind"`
	// Status is one of the Status constants.
	Status string `json:"status"`
	// Reason says why it failed.
	Reason string `json:"reason,omitempty"`
	// Merchant is the account.
	Merchant string `json:"merchant"`
	// Mode is always "sandbox".
	Mode string `json:"mode"`
	// Key is the idempotency key it was asked with.
	Key string `json:"key"`
	// MerchantReference is the merchant's id of the operation.
	MerchantReference string `json:"merchant_reference"`
	// OrderReference is the merchant's order.
	OrderReference string `json:"order_reference"`
	// Authorization is the authorization that a capture, void or refund belongs to.
	Authorization string `json:"authorization,omitempty"`
	// Method is card, wallet, qr or voucher.
	Method string `json:"method,omitempty"`
	// Amount is in minor units of Currency.
	Amount int64 `json:"amount"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
	// Final tells that a capture releases the rest.
	Final bool `json:"final,omitempty"`
	// CapturesAtOnce tells that success of the authorization takes the money.
	CapturesAtOnce bool `json:"captures_at_once,omitempty"`
	// NextAction is set while the buyer has something to do.
	NextAction *NextAction `json:"next_action,omitempty"`
	// CaptureBefore is when an authorization lapses.
	CaptureBefore *time.Time `json:"capture_before,omitempty"`
	// ReturnURL is the only place buyers are sent back to.
	ReturnURL string `json:"return_url,omitempty"`
	// ConfirmAt is when a pending operation succeeds by itself.
	ConfirmAt *time.Time `json:"confirm_at,omitempty"`
	// Captured, Refunded and Voided are the sums of an authorization, in minor units.
	Captured int64 `json:"captured"`
	Refunded int64 `json:"refunded"`
	Voided   int64 `json:"voided"`
	// CreatedAt and UpdatedAt are the provider's times.
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (o *Operation) final() bool { return o.Status == StatusSucceeded || o.Status == StatusFailed }

func (o *Operation) clone() *Operation {
	copied := *o
	return &copied
}

func (o *Operation) fail(reason string) {
	o.Status, o.Reason, o.NextAction, o.ConfirmAt = StatusFailed, reason, nil, nil
}

func (o *Operation) succeed() {
	o.Status, o.Reason, o.NextAction, o.ConfirmAt = StatusSucceeded, "", nil, nil
	if o.Kind == KindAuthorize && o.CapturesAtOnce {
		o.Captured = o.Amount
	}
}

// tokenKind is the behaviour that a card token names: "tok_3ds_7f" behaves as "3ds".
func tokenKind(token string) string {
	name := strings.TrimPrefix(token, "tok_")
	if name == token {
		return ""
	}
	for _, kind := range []string{"ok", "declined", "insufficient", "3ds", "slow", "reply_lost"} {
		if name == kind || strings.HasPrefix(name, kind+"_") || strings.HasPrefix(name, kind+"-") {
			return kind
		}
	}
	return ""
}

// carry tells what becomes of a capture, void or refund, and moves the sums of its authorization on success.
func carry(o, auth *Operation, now time.Time) {
	rest := auth.Amount - auth.Captured - auth.Voided
	switch o.Kind {
	case KindCapture:
		switch {
		case auth.Status != StatusSucceeded:
			o.fail(ReasonNotAuthorized)
		case auth.CapturesAtOnce || rest == 0 && auth.Voided == 0:
			o.fail(ReasonAlreadyCaptured)
		case auth.Voided > 0:
			o.fail(ReasonAuthVoided)
		case auth.CaptureBefore != nil && !now.Before(*auth.CaptureBefore):
			o.fail(ReasonAuthExpired)
		case o.Amount > rest:
			o.fail(ReasonExceeds)
		default:
			auth.Captured += o.Amount
			if o.Final {
				auth.Voided += rest - o.Amount
			}
			o.succeed()
		}
	case KindVoid:
		switch {
		case !auth.final():
			auth.fail(ReasonCanceled)
			o.Amount = 0
			o.succeed()
		case auth.Status == StatusSucceeded && auth.Captured == auth.Amount:
			o.fail(ReasonAlreadyCaptured)
		case auth.Status == StatusFailed || rest == 0:
			o.fail(ReasonNothingToVoid)
		default:
			o.Amount = rest
			auth.Voided += rest
			o.succeed()
		}
	case KindRefund:
		if o.Amount > auth.Captured-auth.Refunded {
			o.fail(ReasonExceeds)
			return
		}
		auth.Refunded += o.Amount
		o.succeed()
	}
}
