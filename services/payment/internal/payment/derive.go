package payment

// Summary is what a payment's operations amount to. Amounts are minor units of the payment's currency.
type Summary struct {
	// State is the payment's state.
	State State
	// Authorized, Captured, Refunded and Voided are sums of what is certain.
	Authorized int64
	Captured   int64
	Refunded   int64
	Voided     int64
	// CaptureReserved and RefundReserved are sums of what is under way.
	CaptureReserved int64
	RefundReserved  int64
	// Closing tells that a capture which releases the rest is under way or done: no other may start.
	Closing bool
	// DeclineReason is what a buyer may be told: declined, canceled or expired.
	DeclineReason string
}

// Derive computes what a payment amounts to from its operations and from whether a void was asked. It looks at nothing
// else that can change, and the order of the operations does not matter.
func Derive(p *Payment) Summary {
	s := sums(p)
	s.State = state(p, s)
	if auth := p.Authorization(); s.State == Declined && auth != nil {
		s.DeclineReason = buyerReason(auth.FailureReason)
	}
	return s
}

func sums(p *Payment) Summary {
	var s Summary
	closed := false
	for i := range p.Operations {
		op := &p.Operations[i]
		under := !op.Status.Final()
		switch {
		case op.Kind == Authorize && op.Status == OK:
			s.Authorized += op.Amount
			if !p.SeparatesCapture {
				s.Captured += op.Amount
			}
		case op.Kind == Capture && op.Status == OK:
			s.Captured += op.Amount
			closed = closed || op.Final
			s.Closing = s.Closing || op.Final
		case op.Kind == Capture && under:
			s.CaptureReserved += op.Amount
			s.Closing = s.Closing || op.Final
		case op.Kind == Refund && op.Status == OK:
			s.Refunded += op.Amount
		case op.Kind == Refund && under:
			s.RefundReserved += op.Amount
		case op.Kind == Void && op.Status == OK:
			closed = true
		}
	}
	if closed {
		s.Voided = max(0, s.Authorized-s.Captured-s.CaptureReserved)
	}
	return s
}

func state(p *Payment, s Summary) State {
	auth := p.Authorization()
	for i := range p.Operations {
		if p.Operations[i].Integrity {
			return IntegrityFailure
		}
	}
	switch {
	case s.Captured > 0:
		return capturedState(p, s)
	case has(p, Void, OK) && p.VoidID == lapseVoid:
		return Expired
	case has(p, Void, OK):
		return Voided
	case auth == nil && p.VoidRequested:
		return Voided
	case auth == nil:
		return NotNeeded
	case auth.Status == Failed:
		return Declined
	case p.VoidRequested:
		return Voiding
	case auth.Status == OK:
		return Authorized
	case auth.Status == Pending && p.NextAction != nil && !auth.Acted:
		return RequiresAction
	case auth.Status == Pending:
		return WaitsForProvider
	default:
		return Processing
	}
}

func capturedState(p *Payment, s Summary) State {
	rest := s.Authorized - s.Captured - s.Voided
	switch {
	case s.Refunded >= s.Captured:
		return Refunded
	case p.VoidRequested && undoing(p, rest):
		return Voiding
	case s.Refunded > 0:
		return PartiallyRefunded
	case rest > 0:
		return PartiallyCaptured
	default:
		return Captured
	}
}

// undoing tells whether a void that was asked still has work to do.
func undoing(p *Payment, rest int64) bool {
	if rest > 0 {
		return true
	}
	for i := range p.Operations {
		op := &p.Operations[i]
		if op.Undo && op.Status == OK && !anyStatus(p.undoRefunds(op), OK) {
			return true
		}
	}
	return false
}

func has(p *Payment, kind Kind, status Status) bool {
	for i := range p.Operations {
		if p.Operations[i].Kind == kind && p.Operations[i].Status == status {
			return true
		}
	}
	return false
}

func anyStatus(ops []*Operation, status Status) bool {
	for _, op := range ops {
		if op.Status == status {
			return true
		}
	}
	return false
}

// underWay tells whether an operation of a kind is not finished.
func underWay(p *Payment, kind Kind) bool {
	for i := range p.Operations {
		if p.Operations[i].Kind == kind && !p.Operations[i].Status.Final() {
			return true
		}
	}
	return false
}

// buyerReason is deliberately coarse: a thief who tries cards learns nothing from it.
func buyerReason(reason string) string {
	switch reason {
	case ReasonCanceledByBuyer:
		return "canceled"
	case ReasonExpired:
		return "expired"
	default:
		return "declined"
	}
}
