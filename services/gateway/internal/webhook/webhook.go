// Package webhook takes the notices of payment providers over HTTP and hands them to payment unread: payment alone knows
// how to verify them.
package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/shed"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"go.uber.org/zap"
)

// Prefix is the path under which each provider has its own address.
const Prefix = "/webhooks/"

const (
	maxBody = 64 << 10
	// maxHeaders and maxValue are the most that payment takes.
	maxHeaders = 100
	maxValue   = 8 << 10
	// deadline is how long a notice may take: providers give up after some seconds and send it again.
	deadline = 10 * time.Second
)

// Refusals of a notice before payment sees it.
var (
	ErrTooLarge   = errs.Define(errs.TooLarge, "NOTICE_TOO_LARGE", "The provider's notice is larger than 64 KiB.")
	ErrIncomplete = errs.Define(errs.Invalid, "NOTICE_INCOMPLETE", "The provider's notice ended early or did not arrive in time.")
)

// Handler serves POST /webhooks/{provider}.
type Handler struct {
	// Payments verifies and keeps the notice.
	Payments paymentv1.PaymentServiceClient
	// Gate bounds the work; notices are refused last.
	Gate *shed.Gate
	// Log gets a line for each notice that was not taken.
	Log *zap.Logger
}

// ServeHTTP answers 204 once the notice is stored, so that the provider stops sending it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	provider := strings.TrimPrefix(r.URL.Path, Prefix)
	if err := h.take(ctx, w, r, provider); err != nil {
		h.Log.Warn("notice not taken", zap.String("provider", provider), zap.String("reason", errs.ReasonOf(err)), zap.Error(err),
			zap.String("request_id", identity.RequestID(ctx)))
		problem.Write(w, err, identity.RequestID(ctx))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) take(ctx context.Context, w http.ResponseWriter, r *http.Request, provider string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return bodyError(err)
	}
	pass, err := h.Gate.Enter(ctx, shed.Notice, Prefix)
	if err != nil {
		return err
	}
	defer func() { pass.Leave(err) }()
	_, err = h.Payments.ReceiveWebhook(ctx, &paymentv1.ReceiveWebhookRequest{Provider: provider, Headers: headers(r.Header), Body: body})
	return err
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrTooLarge.New("The notice is larger than %d bytes.", maxBody)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrIncomplete.New("The notice did not arrive in time.")
	default:
		return ErrIncomplete.New("The notice ended early.").Because(err)
	}
}

// headers keeps the first value of each header, in lower case, and leaves out credentials of ours.
func headers(all http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range all {
		if len(kept) == maxHeaders {
			break
		}
		lower := strings.ToLower(name)
		if lower == "authorization" || lower == "cookie" || len(values) == 0 || len(values[0]) > maxValue {
			continue
		}
		kept[lower] = values[0]
	}
	return kept
}
