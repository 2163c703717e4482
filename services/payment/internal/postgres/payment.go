package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/payment/internal/tracing"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Notify adds the job to the transaction that changed the payment.
func (s *Store) Notify(ctx context.Context, p *payment.Payment) error {
	return s.jobs.Insert(ctx, payment.Changed{EventID: id.New(), OrderID: p.OrderID, PaymentID: p.ID, Cause: tracing.Cause(ctx)})
}

// Insert stores a new payment with its operations; false when the id is taken.
func (s *Store) Insert(ctx context.Context, p *payment.Payment, lease time.Duration) (bool, error) {
	var created time.Time
	var err error
	switch len(p.Operations) {
	case 0:
		created, err = s.q.InsertPayment(ctx, db.InsertPaymentParams{
			ID: p.ID, OrderID: p.OrderID, CartID: p.CartID, CustomerReference: p.CustomerReference, Channel: p.Channel,
			Country: p.Country, Method: p.Method, Provider: p.Provider, Currency: p.Currency, Amount: p.Amount,
			SeparatesCapture: p.SeparatesCapture, Token: p.Token, ReturnUrl: p.ReturnURL, State: string(p.State),
			AttemptScopes: notNil(p.AttemptScopes), RequestID: p.RequestID, Actor: p.Actor, VoidRequested: p.VoidRequested,
			VoidID: p.VoidID, VoidRequestID: p.VoidRequestID, VoidActor: p.VoidActor,
		})
	case 1:
		op := &p.Operations[0]
		created, err = s.q.InsertAuthorization(ctx, db.InsertAuthorizationParams{
			ID: p.ID, OrderID: p.OrderID, CartID: p.CartID, CustomerReference: p.CustomerReference, Channel: p.Channel,
			Country: p.Country, Method: p.Method, Provider: p.Provider, Currency: p.Currency, Amount: p.Amount,
			SeparatesCapture: p.SeparatesCapture, Token: p.Token, ReturnUrl: p.ReturnURL, State: string(p.State),
			AttemptScopes: notNil(p.AttemptScopes), RequestID: p.RequestID, Actor: p.Actor, OperationID: op.ID, WaitSeconds: lease.Seconds(),
		})
		op.CreatedAt, op.UpdatedAt = created, created
	default:
		return false, fmt.Errorf("insert payment: %d operations", len(p.Operations))
	}
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("insert payment: %w", err)
	}
	p.CreatedAt, p.UpdatedAt = created, created
	return true, nil
}

// Get reads a payment with its operations.
func (s *Store) Get(ctx context.Context, paymentID string) (*payment.Payment, error) {
	for range readTries {
		row, err := s.q.GetPayment(ctx, paymentID)
		p, err := found(row, err)
		if err != nil {
			return nil, err
		}
		if torn, err := s.attach(ctx, p); err != nil || !torn {
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

// Lock reads a payment with its operations and keeps others from changing it until the transaction ends. The second read
// waits for the first, so it sees what the transaction before left.
func (s *Store) Lock(ctx context.Context, paymentID string) (*payment.Payment, error) {
	batch := &pgx.Batch{}
	batch.Queue(db.LockPayment, paymentID)
	batch.Queue(db.OperationsOfPayment, paymentID)
	results := s.db.SendBatch(ctx, batch)
	p, err := readLocked(results)
	if closeErr := results.Close(); err == nil && closeErr != nil {
		return nil, fmt.Errorf("lock payment: %w", closeErr)
	}
	return p, err
}

func readLocked(results pgx.BatchResults) (*payment.Payment, error) {
	locked, err := results.Query()
	if err != nil {
		return nil, fmt.Errorf("lock payment: %w", err)
	}
	p, err := found(pgx.CollectExactlyOneRow(locked, pgx.RowToStructByPos[db.Payment]))
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	operations, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.OperationsOfPaymentRow])
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	for _, row := range operations {
		p.Operations = append(p.Operations, operationOf(row))
		p.ReadAt = row.ReadAt
	}
	return p, nil
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

// attach reads the operations of a payment. It answers whether the payment changed between the two reads, so that its state
// and its operations do not belong together.
func (s *Store) attach(ctx context.Context, p *payment.Payment) (torn bool, err error) {
	rows, err := s.q.OperationsOfPayment(ctx, p.ID)
	if err != nil {
		return false, fmt.Errorf("read operations: %w", err)
	}
	for _, row := range rows {
		torn = torn || row.PaymentVersion != p.Version
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
	payments, ids, byID := make([]*payment.Payment, len(rows)), make([]string, len(rows)), map[string]*payment.Payment{}
	for i, row := range rows {
		if payments[i], err = paymentOf(row); err != nil {
			return nil, err
		}
		ids[i], byID[row.ID] = row.ID, payments[i]
	}
	operations, err := s.q.OperationsOfPayments(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	torn := map[string]bool{}
	for _, row := range operations {
		p := byID[row.PaymentID]
		torn[p.ID] = torn[p.ID] || row.PaymentVersion != p.Version
		p.Operations = append(p.Operations, operationOf(db.OperationsOfPaymentRow(row)))
	}
	for i, p := range payments {
		if torn[p.ID] {
			if payments[i], err = s.Get(ctx, p.ID); err != nil {
				return nil, err
			}
		}
	}
	return payments, nil
}

// Save stores a locked payment and what changed with it, in one round trip.
func (s *Store) Save(ctx context.Context, p *payment.Payment, c payment.Changes, next func(payment.Operation) time.Duration) error {
	var action []byte
	if p.NextAction != nil {
		var err error
		if action, err = json.Marshal(p.NextAction); err != nil {
			return fmt.Errorf("encode next action: %w", err)
		}
	}
	line := &pipeline{}
	q := db.New(line)
	err := q.SavePayment(ctx, db.SavePaymentParams{
		ID: p.ID, State: string(p.State), Authorized: p.Authorized, Captured: p.Captured, Refunded: p.Refunded, Voided: p.Voided,
		CaptureReserved: p.CaptureReserved, RefundReserved: p.RefundReserved, Closing: p.Closing, DeclineReason: p.DeclineReason,
		NextAction: action, CaptureBefore: p.CaptureBefore, VoidRequested: p.VoidRequested, VoidID: p.VoidID,
		VoidRequestID: p.VoidRequestID, VoidActor: p.VoidActor,
	})
	for i := range c.Operations {
		err = errors.Join(err, queueOperation(ctx, q, &c.Operations[i], next(c.Operations[i])))
	}
	if c.ReturnAttempts {
		for _, scope := range slices.Sorted(slices.Values(p.AttemptScopes)) {
			err = errors.Join(err, q.ReturnAttempt(ctx, db.ReturnAttemptParams{TakenAt: p.CreatedAt, Scope: scope}))
		}
	}
	for _, e := range c.Entries {
		err = errors.Join(err, post(ctx, q, e))
	}
	if err == nil {
		err = line.flush(ctx, s.db)
	}
	if err != nil {
		return fmt.Errorf("save payment: %w", err)
	}
	stamp(p, c.Operations)
	return nil
}

// stamp gives the payment the version and times that it was saved with: the clock of the store stands still in a transaction.
func stamp(p *payment.Payment, changed []payment.Operation) {
	p.Version++
	if p.ReadAt.IsZero() {
		return
	}
	p.UpdatedAt = p.ReadAt
	for i := range changed {
		for j := range p.Operations {
			if op := &p.Operations[j]; op.ID == changed[i].ID {
				op.UpdatedAt = p.ReadAt
				if op.CreatedAt.IsZero() {
					op.CreatedAt = p.ReadAt
				}
			}
		}
	}
}

// queueOperation stores an operation, or what changed of it.
func queueOperation(ctx context.Context, q *db.Queries, op *payment.Operation, wait time.Duration) error {
	if op.CreatedAt.IsZero() {
		return q.InsertOperation(ctx, db.InsertOperationParams{
			ID: op.ID, PaymentID: op.PaymentID, OrderID: op.OrderID, Provider: op.Provider, Kind: string(op.Kind),
			Status: string(op.Status), Amount: op.Amount, Currency: op.Currency, Final: op.Final, Undo: op.Undo,
			CallerID: op.CallerID, RequestID: op.RequestID, Actor: op.Actor, WaitSeconds: wait.Seconds(),
		})
	}
	return q.SaveOperation(ctx, db.SaveOperationParams{
		ID: op.ID, Status: string(op.Status), Undo: op.Undo, Acted: op.Acted, Integrity: op.Integrity,
		ProviderReference: op.ProviderReference, FailureReason: op.FailureReason, NeedsAttention: op.NeedsAttention,
		WaitSeconds: wait.Seconds(),
	})
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
	rows, err := s.q.ClaimDueOperations(ctx, db.ClaimDueOperationsParams{LeaseSeconds: lease.Seconds(), Batch: int32(limit)})
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
	return s.q.LapsedPayments(ctx, int32(limit))
}

// Expiring finds payments whose authorization ends within a time and whose owner was not told.
func (s *Store) Expiring(ctx context.Context, within time.Duration, limit int) ([]string, error) {
	return s.q.ExpiringPayments(ctx, db.ExpiringPaymentsParams{WithinSeconds: within.Seconds(), Batch: int32(limit)})
}

// NoteExpiry notes that the owner is told; false when that was noted before.
func (s *Store) NoteExpiry(ctx context.Context, paymentID string) (bool, error) {
	n, err := s.q.InsertExpiryNotice(ctx, paymentID)
	if err != nil {
		return false, fmt.Errorf("note expiry: %w", err)
	}
	return n > 0, nil
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
	if m.DeadEvents, err = s.q.CountDeadEvents(ctx); err != nil {
		return payment.InDoubt{}, fmt.Errorf("count notifications given up: %w", err)
	}
	if m.Expiring, err = s.q.CountExpiring(ctx, payment.ExpiryNotice.Seconds()); err != nil {
		return payment.InDoubt{}, fmt.Errorf("count expiring authorizations: %w", err)
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

func operationOf(row db.OperationsOfPaymentRow) payment.Operation {
	return payment.Operation{
		ID: row.ID, PaymentID: row.PaymentID, OrderID: row.OrderID, Provider: row.Provider, Kind: payment.Kind(row.Kind),
		Status: payment.Status(row.Status), Amount: row.Amount, Currency: row.Currency, Final: row.Final, Undo: row.Undo,
		Acted: row.Acted, Integrity: row.Integrity, CallerID: row.CallerID, RequestID: row.RequestID, Actor: row.Actor,
		ProviderReference: row.ProviderReference, FailureReason: row.FailureReason, Attempts: int(row.Attempts),
		NeedsAttention: row.NeedsAttention, Age: seconds(row.AgeSeconds), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}
