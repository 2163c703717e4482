// Package webhook takes the notices of payment providers over HTTP and hands them to payment unread: payment alone knows
// how to verify them.
package webhook

import (
	"io"
	"net/http"
	"strings"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Prefix is the path under which each provider has its own address.
const Prefix = "/webhooks/"

const (
	maxBody    = 64 << 10
	maxHeaders = 100
)

// Handler serves POST /webhooks/{provider}.
type Handler struct {
	// Payments verifies and keeps the notice.
	Payments paymentv1.PaymentServiceClient
}

// ServeHTTP answers 204 once the notice is stored, so that the provider stops sending it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := identity.RequestID(r.Context())
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		problem.WriteStatus(w, http.StatusMethodNotAllowed, errs.MethodUnknown.New("Webhooks are sent with POST."), requestID)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		problem.Write(w, errs.MessageTooLarge.New("The notice is larger than %d bytes or ended early.", maxBody), requestID)
		return
	}
	request := &paymentv1.ReceiveWebhookRequest{
		Provider: strings.TrimPrefix(r.URL.Path, Prefix), Headers: headers(r.Header), Body: body,
	}
	if _, err := h.Payments.ReceiveWebhook(r.Context(), request); err != nil {
		problem.Write(w, err, requestID)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// headers keeps the first value of each header, in lower case, and leaves out credentials of ours.
func headers(all http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range all {
		if len(kept) == maxHeaders {
			break
		}
		lower := strings.ToLower(name)
		if lower == "authorization" || lower == "cookie" || len(values) == 0 {
			continue
		}
		kept[lower] = values[0]
	}
	return kept
}
