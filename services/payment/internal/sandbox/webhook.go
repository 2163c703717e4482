package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// tolerance is how far a notification's timestamp may be from now, either way.
const tolerance = 5 * time.Minute

// ParseWebhook verifies a notification and reads it. The signature is "v1," and the base64 of HMAC-SHA256 over
// "id.timestamp.body"; several may stand in the header, parted by spaces. Nothing is decoded before it is verified.
func (p *Provider) ParseWebhook(headers map[string]string, body []byte, now time.Time) (payment.Event, error) {
	id, timestamp := headers["webhook-id"], headers["webhook-timestamp"]
	if !p.signed(id, timestamp, headers["webhook-signature"], body) {
		return payment.Event{}, payment.ErrSignature.New("The signature is missing or wrong.")
	}
	sent, err := strconv.ParseInt(timestamp, 10, 64)
	if age := now.Sub(time.Unix(sent, 0)); err != nil || age > tolerance || age < -tolerance {
		return payment.Event{}, payment.ErrTimestamp.New("The timestamp is out of range.")
	}
	return p.ReadWebhook(id, body), nil
}

// ReadWebhook reads a notification that was verified when it came. What is signed and not understood is neither lost nor
// applied: it says why.
func (p *Provider) ReadWebhook(id string, body []byte) payment.Event {
	var event struct {
		ID        string    `json:"id"`
		Merchant  string    `json:"merchant"`
		Mode      string    `json:"mode"`
		Operation operation `json:"operation"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return payment.Event{ID: id, Problem: fmt.Sprintf("decode event: %v", err)}
	}
	foreign := event.ID != id || event.Merchant != p.cfg.Merchant || event.Mode != Name ||
		event.Operation.Merchant != p.cfg.Merchant || event.Operation.Mode != Name
	if foreign {
		return payment.Event{ID: id, Foreign: true}
	}
	outcome, err := outcomeOf(event.Operation)
	if err != nil {
		return payment.Event{ID: id, Problem: fmt.Sprintf("read event: %v", err)}
	}
	return payment.Event{ID: id, Outcome: releaseNothing(outcome)}
}

// signed compares every signature of the header with every secret, in constant time each.
func (p *Provider) signed(id, timestamp, header string, body []byte) bool {
	if id == "" || timestamp == "" || header == "" {
		return false
	}
	valid := false
	for _, secret := range p.cfg.WebhookSecrets {
		if secret == "" {
			continue // an empty secret would let anyone sign
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range strings.Fields(header) {
			encoded, ok := strings.CutPrefix(signature, "v1,")
			given, err := base64.StdEncoding.DecodeString(encoded)
			if ok && err == nil && hmac.Equal(given, want) {
				valid = true
			}
		}
	}
	return valid
}
