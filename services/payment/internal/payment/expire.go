package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// ExpiryPolicy says what happens to an authorization that is about to end with something left to capture.
type ExpiryPolicy string

// The policies. None asks the provider for a new authorization: the payer's means are used once and not kept.
const (
	// TellExpiring tells the order's owner, who knows whether the goods will leave, and does nothing else.
	TellExpiring ExpiryPolicy = "tell"
	// CaptureExpiring takes all that is left, and tells.
	CaptureExpiring ExpiryPolicy = "capture"
)

// ExpiryNotice is how long before its end an authorization counts as about to end.
const ExpiryNotice = 12 * time.Hour

const (
	// lapseVoid is the caller id of voids of authorizations that ran out.
	lapseVoid = "auto-lapsed"
	// expiryCapture is the caller id of captures of authorizations that were about to.
	expiryCapture = "auto-expiring"
)

// TendExpiring does what the policy says about every authorization that is about to end, once for each, and answers how many
// there were.
func (s *Service) TendExpiring(ctx context.Context) (int, error) {
	expiring, err := s.store.Expiring(ctx, ExpiryNotice, resolveBatch)
	if err != nil {
		return 0, fmt.Errorf("find expiring authorizations: %w", err)
	}
	for _, paymentID := range expiring {
		if err := s.tend(ctx, paymentID); err != nil {
			s.log.Warn("expiring authorization not tended", zap.String("payment", paymentID), zap.Error(err))
		}
	}
	return len(expiring), nil
}

// tend captures first and notes afterwards: a process that dies between the two captures again under the same id.
func (s *Service) tend(ctx context.Context, paymentID string) error {
	if s.cfg.Expiry == CaptureExpiring {
		p, err := s.store.Get(ctx, paymentID)
		if err != nil {
			return err
		}
		if left := p.Capturable(); left > 0 && p.CaptureReserved == 0 && p.called(Capture, expiryCapture) == nil {
			_, _, err = s.move(ctx, Capture, MoveRequest{
				PaymentID: paymentID, CallerID: expiryCapture, RequestID: expiryCapture,
				Amount: money.Money{Currency: p.Currency, Minor: left}, Final: true, tell: true,
			}, s.store.BeginCapture)
			if err != nil {
				return err
			}
		}
	}
	return s.store.Tx(ctx, func(ctx context.Context) error {
		p, err := s.store.Lock(ctx, paymentID)
		if err != nil {
			return err
		}
		first, err := s.store.NoteExpiry(ctx, paymentID)
		if err != nil || !first || p.OrderID == "" {
			return err
		}
		s.log.Warn("an authorization is about to end", zap.String("payment", p.ID), zap.String("order", p.OrderID),
			zap.Int64("left_minor_units", p.Capturable()))
		return s.store.Notify(ctx, p)
	})
}

// errCapturing ends the release of an authorization whose capture is under way.
var errCapturing = errors.New("a capture is under way")

// ReleaseLapsed voids authorizations that ran out, so that the books say what the provider did by itself, and tells the
// orders' owner. One whose capture is under way is left alone until that is known: the capture may have come in time.
func (s *Service) ReleaseLapsed(ctx context.Context) (int, error) {
	lapsed, err := s.store.Lapsed(ctx, resolveBatch)
	if err != nil {
		return 0, fmt.Errorf("find lapsed authorizations: %w", err)
	}
	for _, paymentID := range lapsed {
		_, err := s.void(ctx, VoidRequest{PaymentID: paymentID, VoidID: lapseVoid, RequestID: lapseVoid}, true)
		if err != nil && !errors.Is(err, errCapturing) {
			s.log.Warn("lapsed authorization not voided", zap.String("payment", paymentID), zap.Error(err))
		}
	}
	return len(lapsed), nil
}
