package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// NotifyArgs is the job that tells the order's owner that a payment changed.
type NotifyArgs struct {
	// EventID is the same in every try.
	EventID string `json:"event_id"`
	// OrderID is the order.
	OrderID string `json:"order_id"`
	// PaymentID is the payment.
	PaymentID string `json:"payment_id"`
}

// Kind implements job.Args.
func (NotifyArgs) Kind() string { return "notify_payment" }

// Notify adds the job to the transaction that changed the payment.
func (s *Store) Notify(ctx context.Context, p *payment.Payment) error {
	return s.jobs.Insert(ctx, NotifyArgs{EventID: id.New(), OrderID: p.OrderID, PaymentID: p.ID})
}

// Insert stores a new payment with its operations; false when the id is taken.
func (s *Store) Insert(ctx context.Context, p *payment.Payment, lease time.Duration) (bool, error) {
	scopes := p.AttemptScopes
	if scopes == nil {
		scopes = []string{}
	}
	created, err := s.q.InsertPayment(ctx, db.InsertPaymentParams{
		ID: p.ID, OrderID: p.OrderID, CartID: p.CartID, CustomerReference: p.CustomerReference, Channel: p.Channel,
		Country: p.Country, Method: p.Method, Provider: p.Provider, Currency: p.Currency, Amount: p.Amount,
		SeparatesCapture: p.SeparatesCapture, Token: p.Token, ReturnUrl: p.ReturnURL, State: string(p.State),
		AttemptScopes: scopes, RequestID: p.RequestID, Actor: p.Actor, VoidRequested: p.VoidRequested, VoidID: p.VoidID,
		VoidRequestID: p.VoidRequestID, VoidActor: p.VoidActor,
	})
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("insert payment: %w", err)
	}
	p.CreatedAt, p.UpdatedAt = created, created
	for i := range p.Operations {
		if err := s.insertOperation(ctx, &p.Operations[i], lease); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *Store) insertOperation(ctx context.Context, op *payment.Operation, wait time.Duration) error {
	created, err := s.q.InsertOperation(ctx, db.InsertOperationParams{
		ID: op.ID, PaymentID: op.PaymentID, OrderID: op.OrderID, Provider: op.Provider, Kind: string(op.Kind),
		Status: string(op.Status), Amount: op.Amount, Currency: op.Currency, Final: op.Final, Undo: op.Undo,
		CallerID: op.CallerID, RequestID: op.RequestID, Actor: op.Actor, WaitSeconds: wait.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("insert operation: %w", err)
	}
	op.CreatedAt, op.UpdatedAt = created, created
	return nil
}

// Get reads a payment with its operations.
func (s *Store) Get(ctx context.Context, paymentID string) (*payment.Payment, error) {
	for range readTries {
		row, err := s.q.GetPayment(ctx, paymentID)
		p, err := found(row, err)
		if err != nil {
			return nil, err
		}
		if torn, err := s.attach(ctx, []*payment.Payment{p}); err != nil || len(torn) == 0 {
			return p, err
		}
	}
	var p *payment.Payment
	err := s.db.Tx(ctx, func(ctx context.Context) (err error) {
		p, err = s.Lock(ctx, paymentID)
		return err
	})
	return p, err
}

// readTries is how often a payment that changes while it is read is read again before it is locked instead.
const readTries = 4

// Lock reads a payment with its operations and keeps others from changing it until the transaction ends.
func (s *Store) Lock(ctx context.Context, paymentID string) (*payment.Payment, error) {
	row, err := s.q.LockPayment(ctx, paymentID)
	p, err := found(row, err)
	if err != nil {
		return nil, err
	}
	_, err = s.attach(ctx, []*payment.Payment{p})
	return p, err
}

func found(row db.Payment, err error) (*payment.Payment, error) {
	if postgres.NoRows(err) {
		return nil, payment.ErrNotFound.New("There is no such payment.")
	}
	if err != nil {
		return nil, fmt.Errorf("read payment: %w", err)
	}
	return paymentOf(row)
}

// attach reads the operations of payments. It answers which payments changed between the two reads, so that their state and
// their operations do not belong together.
func (s *Store) attach(ctx context.Context, payments []*payment.Payment) (torn []*payment.Payment, err error) {
	if len(payments) == 0 {
		return nil, nil
	}
	ids, byID := make([]string, len(payments)), map[string]*payment.Payment{}
	for i, p := range payments {
		ids[i], byID[p.ID] = p.ID, p
	}
	rows, err := s.q.OperationsOfPayments(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	for _, row := range rows {
		p := byID[row.PaymentID]
		if row.PaymentVersion != p.Version && (len(torn) == 0 || torn[len(torn)-1] != p) {
			torn = append(torn, p)
		}
		p.Operations = append(p.Operations, operationOf(row))
	}
	return torn, nil
}

// ByOrders reads the payments of orders with their operations.
func (s *Store) ByOrders(ctx context.Context, orderIDs []string) ([]*payment.Payment, error) {
	rows, err := s.q.PaymentsOfOrders(ctx, orderIDs)
	if err != nil {
		return nil, fmt.Errorf("read payments of orders: %w", err)
	}
	payments := make([]*payment.Payment, len(rows))
	for i, row := range rows {
		if payments[i], err = paymentOf(db.Payment(row)); err != nil {
			return nil, err
		}
	}
	torn, err := s.attach(ctx, payments)
	for _, p := range torn {
		whole, err := s.Get(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		*p = *whole
	}
	return payments, err
}

// Save stores a locked payment and the operations that changed or are new.
func (s *Store) Save(ctx context.Context, p *payment.Payment, changed []payment.Operation, next func(payment.Operation) time.Duration) error {
	var action []byte
	if p.NextAction != nil {
		var err error
		if action, err = json.Marshal(p.NextAction); err != nil {
			return fmt.Errorf("encode next action: %w", err)
		}
	}
	saved, err := s.q.SavePayment(ctx, db.SavePaymentParams{
		ID: p.ID, State: string(p.State), Authorized: p.Authorized, Captured: p.Captured, Refunded: p.Refunded, Voided: p.Voided,
		CaptureReserved: p.CaptureReserved, RefundReserved: p.RefundReserved, Closing: p.Closing, DeclineReason: p.DeclineReason,
		NextAction: action, CaptureBefore: p.CaptureBefore, VoidRequested: p.VoidRequested, VoidID: p.VoidID,
		VoidRequestID: p.VoidRequestID, VoidActor: p.VoidActor,
	})
	if err != nil {
		return fmt.Errorf("save payment: %w", err)
	}
	p.Version, p.UpdatedAt = saved.Version, saved.UpdatedAt
	for i := range changed {
		op := &changed[i]
		if op.CreatedAt.IsZero() {
			err = s.insertOperation(ctx, op, next(*op))
		} else {
			err = s.saveOperation(ctx, op, next(*op))
		}
		if err != nil {
			return err
		}
		for j := range p.Operations {
			if p.Operations[j].ID == op.ID {
				p.Operations[j].CreatedAt, p.Operations[j].UpdatedAt = op.CreatedAt, saved.UpdatedAt
			}
		}
	}
	return nil
}

func (s *Store) saveOperation(ctx context.Context, op *payment.Operation, wait time.Duration) error {
	err := s.q.SaveOperation(ctx, db.SaveOperationParams{
		ID: op.ID, Status: string(op.Status), Undo: op.Undo, Acted: op.Acted, Integrity: op.Integrity,
		ProviderReference: op.ProviderReference, FailureReason: op.FailureReason, NeedsAttention: op.NeedsAttention,
		WaitSeconds: wait.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("save operation: %w", err)
	}
	return nil
}

// BeginCapture reserves the amount and stores the operation.
func (s *Store) BeginCapture(ctx context.Context, op *payment.Operation, lease time.Duration) (string, bool, error) {
	row, err := s.q.BeginCapture(ctx, db.BeginCaptureParams{
		PaymentID: op.PaymentID, ID: op.ID, Amount: op.Amount, Currency: op.Currency, Final: op.Final, CallerID: op.CallerID,
		RequestID: op.RequestID, Actor: op.Actor, WaitSeconds: lease.Seconds(),
	})
	return begun(op, row, err)
}

// BeginRefund reserves the amount and stores the operation.
func (s *Store) BeginRefund(ctx context.Context, op *payment.Operation, lease time.Duration) (string, bool, error) {
	row, err := s.q.BeginRefund(ctx, db.BeginRefundParams{
		PaymentID: op.PaymentID, ID: op.ID, Amount: op.Amount, Currency: op.Currency, CallerID: op.CallerID,
		RequestID: op.RequestID, Actor: op.Actor, WaitSeconds: lease.Seconds(),
	})
	return begun(op, db.BeginCaptureRow(row), err)
}

func begun(op *payment.Operation, row db.BeginCaptureRow, err error) (string, bool, error) {
	switch {
	case postgres.NoRows(err):
		return "", false, nil
	case postgres.IsUnique(err, "operation_caller"):
		return "", false, payment.ErrDuplicate
	case err != nil:
		return "", false, err
	}
	op.OrderID, op.Provider, op.CreatedAt, op.UpdatedAt = row.OrderID, row.Provider, row.CreatedAt, row.CreatedAt
	return row.AuthorizationReference, true, nil
}

// ClaimDue takes operations that are due and puts them off by lease.
func (s *Store) ClaimDue(ctx context.Context, limit int, lease time.Duration) ([]payment.Due, error) {
	rows, err := s.q.ClaimDueOperations(ctx, db.ClaimDueOperationsParams{LeaseSeconds: lease.Seconds(), Batch: int32(limit)}) //nolint:gosec // a constant
	if err != nil {
		return nil, err
	}
	due := make([]payment.Due, len(rows))
	for i, row := range rows {
		due[i] = payment.Due{PaymentID: row.PaymentID, OperationID: row.ID}
	}
	return due, nil
}

// ClaimOperation takes one operation, unless it is being sent.
func (s *Store) ClaimOperation(ctx context.Context, operationID string, lease time.Duration) (bool, error) {
	n, err := s.q.ClaimOperation(ctx, db.ClaimOperationParams{ID: operationID, LeaseSeconds: lease.Seconds()})
	if err != nil {
		return false, fmt.Errorf("claim operation: %w", err)
	}
	return n > 0, nil
}

// Lapsed finds payments whose authorization has run out.
func (s *Store) Lapsed(ctx context.Context, limit int) ([]string, error) {
	return s.q.LapsedPayments(ctx, int32(limit)) //nolint:gosec // a constant
}

// Owner finds the payment of an operation.
func (s *Store) Owner(ctx context.Context, provider, operationID string) (string, error) {
	owner, err := s.q.OwnerOfOperation(ctx, db.OwnerOfOperationParams{ID: operationID, Provider: provider})
	if postgres.NoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find owner of operation: %w", err)
	}
	return owner, nil
}

// Measure counts what is in doubt.
func (s *Store) Measure(ctx context.Context) (payment.InDoubt, error) {
	row, err := s.q.MeasureOperations(ctx)
	if err != nil {
		return payment.InDoubt{}, fmt.Errorf("measure operations: %w", err)
	}
	m := payment.InDoubt{Operations: row.InDoubt, Oldest: seconds(row.OldestSeconds)}
	if m.Attention, err = s.q.CountAttention(ctx); err != nil {
		return payment.InDoubt{}, fmt.Errorf("count attention: %w", err)
	}
	if m.ParkedEvents, err = s.q.CountParkedEvents(ctx); err != nil {
		return payment.InDoubt{}, fmt.Errorf("count parked notifications: %w", err)
	}
	return m, nil
}

func paymentOf(row db.Payment) (*payment.Payment, error) {
	p := &payment.Payment{
		ID: row.ID, OrderID: row.OrderID, CartID: row.CartID, CustomerReference: row.CustomerReference, Channel: row.Channel,
		Country: row.Country, Method: row.Method, Provider: row.Provider, Amount: row.Amount, Currency: row.Currency,
		SeparatesCapture: row.SeparatesCapture, Token: row.Token, ReturnURL: row.ReturnUrl,
		Summary: payment.Summary{
			State: payment.State(row.State), Authorized: row.Authorized, Captured: row.Captured, Refunded: row.Refunded,
			Voided: row.Voided, CaptureReserved: row.CaptureReserved, RefundReserved: row.RefundReserved, Closing: row.Closing,
			DeclineReason: row.DeclineReason,
		},
		CaptureBefore: row.CaptureBefore, VoidRequested: row.VoidRequested, VoidID: row.VoidID, VoidRequestID: row.VoidRequestID,
		VoidActor: row.VoidActor, AttemptScopes: row.AttemptScopes, RequestID: row.RequestID, Actor: row.Actor,
		Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if len(row.NextAction) > 0 {
		p.NextAction = &payment.NextAction{}
		if err := json.Unmarshal(row.NextAction, p.NextAction); err != nil {
			return nil, fmt.Errorf("decode next action of payment %s: %w", row.ID, err)
		}
	}
	return p, nil
}

func operationOf(row db.OperationsOfPaymentsRow) payment.Operation {
	return payment.Operation{
		ID: row.ID, PaymentID: row.PaymentID, OrderID: row.OrderID, Provider: row.Provider, Kind: payment.Kind(row.Kind),
		Status: payment.Status(row.Status), Amount: row.Amount, Currency: row.Currency, Final: row.Final, Undo: row.Undo,
		Acted: row.Acted, Integrity: row.Integrity, CallerID: row.CallerID, RequestID: row.RequestID, Actor: row.Actor,
		ProviderReference: row.ProviderReference, FailureReason: row.FailureReason, Attempts: int(row.Attempts),
		NeedsAttention: row.NeedsAttention, Age: seconds(row.AgeSeconds), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}
