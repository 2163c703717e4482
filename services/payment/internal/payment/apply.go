package payment

import "strings"

// Apply takes what a provider says of one operation into the payment, and answers whether anything changed. News of an
// earlier stage than the one known changes nothing. News that contradicts what was asked is not believed: it marks the
// operation for a person and the payment becomes an integrity failure.
func Apply(p *Payment, operation string, out Outcome) bool {
	op := p.operation(operation)
	if op == nil {
		return false
	}
	before, action := *op, p.NextAction
	if contradicts(op, out) {
		op.Integrity, op.NeedsAttention, op.Status = true, true, Join(op.Status, Unknown)
		if op.FailureReason == "" {
			op.FailureReason = ReasonIntegrity
		}
		p.Summary = Derive(p)
		return *op != before
	}
	advance(p, op, out)
	if before.Status == Failed && op.Status == OK && !consistent(Derive(p)) {
		// What the failure had freed was used since: both cannot be true.
		*op = before
		op.Integrity, op.NeedsAttention, op.FailureReason = true, true, ReasonIntegrity
	}
	p.Summary = Derive(p)
	return *op != before || p.NextAction != action
}

// contradicts compares an answer with the question. A void has no amount of its own: it releases what there is.
func contradicts(op *Operation, out Outcome) bool {
	switch {
	case out.Key != op.ID:
		return true
	case out.OrderID != "" && op.OrderID != "" && out.OrderID != op.OrderID:
		return true
	case op.ProviderReference != "" && out.Reference != "" && out.Reference != op.ProviderReference:
		return true
	case out.Reference == "" && out.Status == Failed:
		return false // refused before the provider made anything of it
	case out.Currency != op.Currency:
		return true
	}
	return op.Kind != Void && out.Amount != op.Amount
}

func advance(p *Payment, op *Operation, out Outcome) {
	if op.ProviderReference == "" {
		op.ProviderReference = out.Reference
	}
	op.Status = Join(op.Status, out.Status)
	switch {
	case op.Status == OK:
		op.FailureReason, op.NeedsAttention = "", op.Integrity
	case op.Status == Failed && op.FailureReason == "":
		op.FailureReason = out.Reason
		op.NeedsAttention = op.NeedsAttention || undoFailed(p, op)
	}
	if op.Kind != Authorize {
		return
	}
	if p.NextAction == nil {
		p.NextAction = out.NextAction
	}
	if p.CaptureBefore == nil && out.Status == OK {
		p.CaptureBefore = out.CaptureBefore
	}
	op.Acted = op.Acted || out.Status == Pending && out.NextAction == nil
}

// undoFailed tells whether the failure leaves money where a caller no longer wants it. A void that came too late for a
// method that captures at once is not such a failure: a refund follows when the capture is known.
func undoFailed(p *Payment, op *Operation) bool {
	if op.Kind == Void {
		return op.FailureReason != ReasonAlreadyCaptured || p.SeparatesCapture
	}
	for i := range p.Operations {
		undone := &p.Operations[i]
		if undone.Undo && op.Kind == Refund && strings.HasPrefix(op.CallerID, undoID(undone)) {
			return true
		}
	}
	return false
}

// consistent tells whether the sums can be true.
func consistent(s Summary) bool {
	return s.Captured+s.CaptureReserved+s.Voided <= s.Authorized && s.Refunded+s.RefundReserved <= s.Captured
}

// Doubt records that a call or query brought no trustworthy answer.
func Doubt(p *Payment, operation string) bool {
	op := p.operation(operation)
	if op == nil || op.Status != Sending {
		return false
	}
	op.Status = Unknown
	p.Summary = Derive(p)
	return true
}

// RequestVoid records the wish to undo the payment. Everything whose outcome is open is marked, so that what it takes goes
// back when it turns out to have worked. It fails with ErrState when all is captured and only a refund can help.
func RequestVoid(p *Payment, by Operation) error {
	rest := p.Authorized - p.Captured - p.Voided
	if p.VoidRequested {
		return nil
	}
	if p.SeparatesCapture && p.Captured > 0 && rest == 0 && !underWay(p, Capture) {
		return ErrState.New("The payment is captured in full; refund it instead.").Meta("state", string(p.State))
	}
	p.VoidRequested, p.VoidID, p.VoidRequestID, p.VoidActor = true, by.CallerID, by.RequestID, by.Actor
	for i := range p.Operations {
		op := &p.Operations[i]
		atOnce := op.Kind == Authorize && !p.SeparatesCapture
		if atOnce || op.Kind == Capture && !op.Status.Final() {
			op.Undo = true
		}
	}
	p.Summary = Derive(p)
	return nil
}

// Plan gives the operations that a requested void still needs and can have now. An operation that failed is tried again
// only when retry names a new caller's request; by itself the payment never repeats what a provider refused.
func Plan(p *Payment, retry string) []Operation {
	if !p.VoidRequested {
		return nil
	}
	var planned []Operation
	refundable := p.Refundable()
	for i := range p.Operations {
		op := &p.Operations[i]
		if !op.Undo || op.Status != OK || refundable == 0 {
			continue
		}
		if suffix, ok := mayTry(p.undoRefunds(op), retry); ok {
			amount := min(op.Amount, refundable)
			refundable -= amount
			planned = append(planned, Operation{Kind: Refund, Amount: amount, CallerID: undoID(op) + suffix})
		}
	}
	if void, ok := planVoid(p, retry); ok {
		planned = append(planned, void)
	}
	return planned
}

func planVoid(p *Payment, retry string) (Operation, bool) {
	auth := p.Authorization()
	rest := p.Authorized - p.Captured - p.Voided
	if auth == nil || underWay(p, Capture) {
		return Operation{}, false
	}
	if auth.Status != Pending && (auth.Status != OK || !p.SeparatesCapture || rest <= 0) {
		return Operation{}, false
	}
	var voids []*Operation
	for i := range p.Operations {
		if p.Operations[i].Kind == Void {
			voids = append(voids, &p.Operations[i])
		}
	}
	if _, ok := mayTry(voids, retry); !ok {
		return Operation{}, false
	}
	callerID := p.VoidID
	if len(voids) > 0 {
		callerID = retry
	}
	return Operation{Kind: Void, Amount: max(rest, 0), CallerID: callerID}, p.called(Void, callerID) == nil
}

// mayTry tells whether another try is due after the earlier ones, and what sets its id apart from theirs.
func mayTry(earlier []*Operation, retry string) (suffix string, ok bool) {
	if len(earlier) == 0 {
		return "", true
	}
	for _, op := range earlier {
		if op.Status != Failed {
			return "", false
		}
	}
	return "-" + retry, retry != ""
}
