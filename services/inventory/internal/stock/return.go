package stock

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Return is goods that came back from the buyer.
type Return struct {
	// ID was chosen by the caller.
	ID string
	// OrderID is the order it belongs to.
	OrderID string
	// Fingerprint tells what was asked for.
	Fingerprint []byte
	// Items are what came back.
	Items []ReturnItem
	// Reason is why.
	Reason string
	// CreatedAt is when it was recorded.
	CreatedAt time.Time
}

// ReturnItem is units that came back to one location.
type ReturnItem struct {
	Pick
	// Restock says whether they were put back on the shelf.
	Restock bool
}

// ReturnLine is units of one SKU that came back.
type ReturnLine struct {
	Line
	// Restock says whether they go back on the shelf.
	Restock bool
}

// ReturnRequest records goods that came back.
type ReturnRequest struct {
	// ID names the return and makes repeats safe.
	ID string
	// OrderID is the order.
	OrderID string
	// Lines are what came back; equal SKUs with equal Restock are added up.
	Lines []ReturnLine
	// Location took the goods; empty lets each SKU go back where it was last shipped from.
	Location string
	// Reason is why.
	Reason string
	// RequestID is the caller's, for the audit.
	RequestID string
}

// Returnable is what of one SKU an order may still give back.
type Returnable struct {
	// Left is what was shipped less what came back.
	Left int32
	// LastLocation shipped it last.
	LastLocation string
}

// ReceiveReturn records goods that came back, at most what was shipped, and puts the good ones on the shelf.
func (s *Service) ReceiveReturn(ctx context.Context, r ReturnRequest) (Return, error) {
	lines, err := sumReturnLines(r.Lines)
	if err != nil {
		return Return{}, err
	}
	if r.Location != "" {
		if err := s.requireLocations(ctx, []string{r.Location}, func(int) string { return "locationKey" }); err != nil {
			return Return{}, err
		}
	}
	want := Return{ID: r.ID, OrderID: r.OrderID, Reason: r.Reason, Fingerprint: r.fingerprint(lines)}
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		left, err := s.store.LockReturnable(ctx, r.OrderID)
		if err != nil {
			return err
		}
		if done, err := s.returnedBefore(ctx, want); done || err != nil {
			return err
		}
		if want.Items, err = r.items(lines, left); err != nil {
			return err
		}
		return s.takeBack(ctx, want, causeOf(ctx, r.RequestID, cmp.Or(r.Reason, "return"), r.ID))
	})
	if err != nil {
		return Return{}, fmt.Errorf("receive return: %w", err)
	}
	stored, found, err := s.store.FindReturn(ctx, r.ID)
	if err != nil {
		return Return{}, fmt.Errorf("receive return: %w", err)
	}
	if !found {
		return Return{}, fmt.Errorf("receive return: %s vanished after it was stored", r.ID)
	}
	return stored, nil
}

// ListReturns returns an order's returns, oldest first.
func (s *Service) ListReturns(ctx context.Context, orderID string, after Mark, limit int) ([]Return, error) {
	returns, err := s.store.ListReturns(ctx, orderID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list returns: %w", err)
	}
	return returns, nil
}

func sumReturnLines(lines []ReturnLine) ([]ReturnLine, error) {
	var summed []ReturnLine
	for _, restock := range []bool{false, true} {
		var group []Line
		for _, l := range lines {
			if l.Restock == restock {
				group = append(group, l.Line)
			}
		}
		sums, err := sumLines(group)
		if err != nil {
			return nil, err
		}
		for _, l := range sums {
			summed = append(summed, ReturnLine{Line: l, Restock: restock})
		}
	}
	slices.SortStableFunc(summed, func(a, b ReturnLine) int { return cmp.Compare(a.SKU, b.SKU) })
	return summed, nil
}

func (r ReturnRequest) fingerprint(lines []ReturnLine) []byte {
	fields := []string{"return/1", r.OrderID, r.Location, r.Reason}
	plain := make([]Line, len(lines))
	for i, l := range lines {
		plain[i] = l.Line
		fields = append(fields, strconv.FormatBool(l.Restock))
	}
	return fingerprint(fields, plain)
}

func (r ReturnRequest) items(lines []ReturnLine, left map[string]Returnable) ([]ReturnItem, error) {
	items := make([]ReturnItem, 0, len(lines))
	wanted := map[string]int32{}
	exceeded := ErrQtyExceeds.New("More units than were shipped and have not come back.")
	for _, l := range lines {
		may := left[l.SKU]
		wanted[l.SKU] += l.Quantity
		if wanted[l.SKU] > may.Left {
			first := slices.IndexFunc(r.Lines, func(asked ReturnLine) bool { return asked.SKU == l.SKU })
			exceeded = exceeded.Field(quantityPath(first), ErrQtyExceeds.Reason(), fmt.Sprintf("Only %d units of %q can come back.", may.Left, l.SKU))
			continue
		}
		location := cmp.Or(r.Location, may.LastLocation)
		items = append(items, ReturnItem{Pick: Pick{Key: Key{SKU: l.SKU, Location: location}, Quantity: l.Quantity}, Restock: l.Restock})
	}
	if len(exceeded.Fields()) > 0 {
		return nil, exceeded
	}
	return items, nil
}

func (s *Service) returnedBefore(ctx context.Context, want Return) (bool, error) {
	stored, found, err := s.store.FindReturn(ctx, want.ID)
	if err != nil || !found {
		return false, err
	}
	if !bytes.Equal(stored.Fingerprint, want.Fingerprint) {
		return false, reusedID("returnId")
	}
	return true, nil
}

func (s *Service) takeBack(ctx context.Context, want Return, cause Cause) error {
	inserted, err := s.store.InsertReturn(ctx, want, cause)
	if err != nil {
		return err
	}
	if !inserted { // taken by a return of another order: those do not wait for this one's lock
		return reusedID("returnId")
	}
	var changes []Change
	for _, item := range want.Items {
		if item.Restock {
			changes = append(changes, Change{Key: item.Key, OnHand: item.Quantity})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	keys := sortedKeys(changes, func(c Change) Key { return c.Key })
	if err := s.store.EnsureStock(ctx, keys); err != nil {
		return err
	}
	locked, err := s.store.LockStock(ctx, keys)
	if err != nil {
		return err
	}
	for i, level := range locked { // both are in key order, and each key stands once
		if int64(level.OnHand)+int64(changes[i].OnHand) > MaxOnHand {
			return ErrQtyRange.At("lines", "A location holds at most %d units of a SKU.", MaxOnHand)
		}
	}
	_, err = s.store.ApplyChanges(ctx, MovementReturn, cause, changes)
	return err
}

func isShipmentNotFound(err error) bool { return errs.Has(err, ErrShipmentNotFound) }
