package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Carts implements the store of package cart. It is safe for concurrent use.
type Carts struct {
	db *postgres.DB
	q  *db.Queries
}

var _ cart.Store = (*Carts)(nil)

// NewCarts returns a store on a database whose schema has the migrations of this package.
func NewCarts(database *postgres.DB) *Carts { return &Carts{db: database, q: db.New(database)} }

// Tx runs fn in one transaction.
func (s *Carts) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// Find reads a cart.
func (s *Carts) Find(ctx context.Context, cartID string) (*cart.Cart, error) {
	row, err := s.q.FindCart(ctx, cartID)
	if postgres.NoRows(err) {
		return nil, cart.ErrNotFound.New("The cart does not exist.")
	}
	if err != nil {
		return nil, fmt.Errorf("read cart: %w", err)
	}
	return cartOf(row)
}

// FindActive reads a customer's active cart in a channel.
func (s *Carts) FindActive(ctx context.Context, customerID, channel string) (*cart.Cart, error) {
	cartID, err := s.q.FindActiveCartID(ctx, db.FindActiveCartIDParams{CustomerID: customerID, Channel: channel})
	if postgres.NoRows(err) {
		return nil, cart.ErrNotFound.New("The cart does not exist.")
	}
	if err != nil {
		return nil, fmt.Errorf("find active cart: %w", err)
	}
	return s.Find(ctx, cartID)
}

// Insert adds a cart.
func (s *Carts) Insert(ctx context.Context, c *cart.Cart) error {
	if c.CustomerID != "" { // against a cart of the same customer that is being reopened
		if err := s.q.LockCustomer(ctx, db.LockCustomerParams{CustomerID: c.CustomerID, Channel: c.Channel}); err != nil {
			return fmt.Errorf("lock the customer's carts: %w", err)
		}
	}
	doc, err := documentsOf(c)
	if err != nil {
		return err
	}
	lines := columnsOf(c.Lines)
	row, err := s.q.InsertCart(ctx, db.InsertCartParams{
		ID: c.ID, Channel: c.Channel, Currency: c.Currency, Country: c.Country, Locale: c.Locale, CustomerID: c.CustomerID,
		Email: c.Email, Note: c.Note, ShippingAddress: doc.shipping, BillingAddress: doc.billing, ShippingMethod: c.ShippingMethod,
		Coupons: append([]string{}, c.Coupons...), GiftCards: doc.cards, Priced: doc.priced,
		LineIds: lines.ids, Positions: lines.positions, Skus: lines.skus, Quantities: lines.quantities,
	})
	if postgres.IsUnique(err, "cart_active") {
		return cart.ErrExists.New("There is an active cart already.")
	}
	if err != nil {
		return fmt.Errorf("insert cart: %w", err)
	}
	c.Version, c.CreatedAt, c.UpdatedAt = row.Version, row.CreatedAt, row.UpdatedAt
	return nil
}

// Save writes an active cart.
func (s *Carts) Save(ctx context.Context, c *cart.Cart) error {
	doc, err := documentsOf(c)
	if err != nil {
		return err
	}
	lines := columnsOf(c.Lines)
	row, err := s.q.SaveCart(ctx, db.SaveCartParams{
		ID: c.ID, Version: c.Version, Country: c.Country, Locale: c.Locale, Email: c.Email, Note: c.Note,
		ShippingAddress: doc.shipping, BillingAddress: doc.billing, ShippingMethod: c.ShippingMethod, Coupons: append([]string{}, c.Coupons...),
		GiftCards: doc.cards, Priced: doc.priced,
		LineIds: lines.ids, Positions: lines.positions, Skus: lines.skus, Quantities: lines.quantities,
	})
	if postgres.NoRows(err) {
		return changed()
	}
	if err != nil {
		return fmt.Errorf("save cart: %w", err)
	}
	c.Version, c.UpdatedAt = row.Version, row.UpdatedAt
	return nil
}

// KeepPrice remembers what a cart costs.
func (s *Carts) KeepPrice(ctx context.Context, c *cart.Cart) error {
	priced, err := json.Marshal(c.Priced)
	if err != nil {
		return fmt.Errorf("encode price: %w", err)
	}
	if err := s.q.KeepPrice(ctx, db.KeepPriceParams{ID: c.ID, Version: c.Version, Priced: priced}); err != nil {
		return fmt.Errorf("keep price: %w", err)
	}
	return nil
}

// SetMerged ends a cart whose lines moved.
func (s *Carts) SetMerged(ctx context.Context, c *cart.Cart, into string) error {
	n, err := s.q.SetMerged(ctx, db.SetMergedParams{ID: c.ID, Version: c.Version, MergedInto: into})
	if err != nil {
		return fmt.Errorf("end merged cart: %w", err)
	}
	if n == 0 {
		return changed()
	}
	return nil
}

// Freeze makes an active cart checking out.
func (s *Carts) Freeze(ctx context.Context, cartID string, version int64, orderID string) error {
	n, err := s.q.FreezeCart(ctx, db.FreezeCartParams{ID: cartID, Version: version, OrderID: orderID})
	if err != nil {
		return fmt.Errorf("freeze cart: %w", err)
	}
	if n == 1 {
		return nil
	}
	row, err := s.q.GetCartState(ctx, cartID)
	if postgres.NoRows(err) {
		return cart.ErrNotFound.New("The cart does not exist.")
	}
	if err != nil {
		return fmt.Errorf("read state of cart: %w", err)
	}
	switch cart.State(row.State) {
	case cart.Active:
		return changed()
	case cart.CheckingOut:
		if row.OrderID == orderID {
			return nil
		}
		return cart.ErrCheckoutRunning.New("The cart is being checked out.").Meta("order_id", row.OrderID)
	case cart.Converted:
		return cart.ErrConverted.New("The cart was bought.").Meta("order_id", row.OrderID)
	default:
		return cart.ErrConverted.New("The cart was merged or has expired.")
	}
}

// Reopen makes a cart active again, or moves its lines to the cart that its customer has begun since.
func (s *Carts) Reopen(ctx context.Context, cartID, orderID string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		row, err := s.q.LockCheckingOut(ctx, db.LockCheckingOutParams{ID: cartID, OrderID: orderID})
		if postgres.NoRows(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock cart: %w", err)
		}
		other := ""
		if row.CustomerID != "" {
			if other, err = s.lockOther(ctx, row.CustomerID, row.Channel); err != nil {
				return err
			}
		}
		if other != "" {
			return s.moveInto(ctx, cartID, orderID, other)
		}
		if err := s.q.ReopenCart(ctx, db.ReopenCartParams{ID: cartID, OrderID: orderID}); err != nil {
			return fmt.Errorf("reopen cart: %w", err)
		}
		return nil
	})
}

// lockOther finds the customer's active cart; empty when there is none, and then none can begin before the transaction ends.
func (s *Carts) lockOther(ctx context.Context, customerID, channel string) (string, error) {
	if err := s.q.LockCustomer(ctx, db.LockCustomerParams{CustomerID: customerID, Channel: channel}); err != nil {
		return "", fmt.Errorf("lock the customer's carts: %w", err)
	}
	other, err := s.q.LockActiveCart(ctx, db.LockActiveCartParams{CustomerID: customerID, Channel: channel})
	if postgres.NoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("lock active cart: %w", err)
	}
	return other, nil
}

func (s *Carts) moveInto(ctx context.Context, cartID, orderID, other string) error {
	if err := s.q.MoveLines(ctx, db.MoveLinesParams{IntoID: other, FromID: cartID}); err != nil {
		return fmt.Errorf("move lines: %w", err)
	}
	if err := s.q.AbsorbCart(ctx, db.AbsorbCartParams{IntoID: other, FromID: cartID}); err != nil {
		return fmt.Errorf("absorb cart: %w", err)
	}
	err := s.q.MergeCheckingOut(ctx, db.MergeCheckingOutParams{ID: cartID, OrderID: orderID, MergedInto: other})
	if err != nil {
		return fmt.Errorf("end merged cart: %w", err)
	}
	return nil
}

// Convert ends a bought cart.
func (s *Carts) Convert(ctx context.Context, cartID, orderID string) error {
	if err := s.q.ConvertCart(ctx, db.ConvertCartParams{ID: cartID, OrderID: orderID}); err != nil {
		return fmt.Errorf("convert cart: %w", err)
	}
	return nil
}

// Expire ends guests' carts that nobody touched.
func (s *Carts) Expire(ctx context.Context, age time.Duration, limit int) (int64, error) {
	return s.q.ExpireCarts(ctx, db.ExpireCartsParams{AgeSeconds: age.Seconds(), Batch: int32(limit)})
}

// Purge deletes carts that ended without an order.
func (s *Carts) Purge(ctx context.Context, age time.Duration, limit int) (int64, error) {
	return s.q.PurgeCarts(ctx, db.PurgeCartsParams{AgeSeconds: age.Seconds(), Batch: int32(limit)})
}

func changed() error {
	return errs.VersionConflict.New("Somebody changed the cart in between.")
}

// documents are the parts of a cart that are stored as JSON; nil is SQL's NULL.
type documents struct{ shipping, billing, cards, priced []byte }

func documentsOf(c *cart.Cart) (documents, error) {
	var doc documents
	cards := c.GiftCards
	if cards == nil {
		cards = []cart.GiftCard{}
	}
	for _, part := range []struct {
		into  *[]byte
		value any
		none  bool
	}{
		{&doc.shipping, c.Shipping, c.Shipping == nil},
		{&doc.billing, c.Billing, c.Billing == nil},
		{&doc.priced, c.Priced, c.Priced == nil},
		{&doc.cards, cards, false},
	} {
		if part.none {
			continue
		}
		var err error
		if *part.into, err = json.Marshal(part.value); err != nil {
			return documents{}, fmt.Errorf("encode cart: %w", err)
		}
	}
	return doc, nil
}

// lineColumns are lines as the arrays that statements unnest.
type lineColumns struct {
	ids, skus             []string
	positions, quantities []int32
}

func columnsOf(lines []cart.Line) lineColumns {
	n := len(lines)
	c := lineColumns{ids: make([]string, n), skus: make([]string, n), positions: make([]int32, n), quantities: make([]int32, n)}
	for i, line := range lines {
		c.ids[i], c.skus[i], c.positions[i], c.quantities[i] = line.ID, line.SKU, int32(i), line.Quantity
	}
	return c
}

func cartOf(row db.FindCartRow) (*cart.Cart, error) {
	c := &cart.Cart{
		ID: row.ID, Channel: row.Channel, Currency: row.Currency, Country: row.Country, Locale: row.Locale, CustomerID: row.CustomerID,
		State: cart.State(row.State), Version: row.Version, Email: row.Email, Note: row.Note, ShippingMethod: row.ShippingMethod,
		Coupons: row.Coupons, OrderID: row.OrderID, MergedInto: row.MergedInto, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		Lines: make([]cart.Line, len(row.LineIds)),
	}
	for i := range c.Lines {
		c.Lines[i] = cart.Line{ID: row.LineIds[i], SKU: row.LineSkus[i], Quantity: row.LineQuantities[i]}
	}
	for _, part := range []struct {
		from []byte
		into any
	}{
		{row.ShippingAddress, &c.Shipping}, {row.BillingAddress, &c.Billing}, {row.GiftCards, &c.GiftCards}, {row.Priced, &c.Priced},
	} {
		if part.from == nil {
			continue
		}
		if err := json.Unmarshal(part.from, part.into); err != nil {
			return nil, fmt.Errorf("decode cart: %w", err)
		}
	}
	return c, nil
}
