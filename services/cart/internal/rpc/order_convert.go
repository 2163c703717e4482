package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
)

// amounts turns minor units of one currency into messages.
type amounts string

func (a amounts) of(minor int64) *typev1.Money {
	return moneypb.ToProto(money.Money{Currency: string(a), Minor: minor})
}

// orderToProto shows an order to the caller of ctx; what only staff may know is left out for others.
func orderToProto(ctx context.Context, o *order.Order) *cartv1.Order {
	in := amounts(o.Currency)
	snapshot := o.Snapshot
	msg := &cartv1.Order{
		Id: o.ID, Number: o.Number, CartId: o.CartID, Channel: o.Channel, CurrencyCode: o.Currency, Locale: snapshot.Locale,
		CustomerId: o.CustomerID, Email: o.Email,
		Status:            orderStatuses()[o.Status],
		PaymentStatus:     paymentStatuses()[o.PaymentStatus()],
		FulfillmentStatus: fulfillmentStatuses()[o.FulfillmentStatus()],
		Shipping:          orderShipping(in, o), Taxes: orderTaxes(in, snapshot.Taxes), Totals: orderTotals(in, o),
		Payment:         orderPayment(in, o),
		ShippingAddress: orderAddress(snapshot.ShippingAddress), BillingAddress: orderAddress(snapshot.BillingAddress),
		Note: snapshot.Note, PricesIncludeTax: snapshot.PricesIncludeTax, Rounding: string(snapshot.Rounding),
		CaptureAtShipment: o.CaptureAtShipment, NeedsAttention: (o.NeedsAttention || o.Stuck) && staff(ctx),
		CreatedAt: timestamp(o.CreatedAt), PlacedAt: timestamp(o.PlacedAt), CancelledAt: timestamp(o.CancelledAt),
		UpdatedAt: timestamp(o.UpdatedAt), Version: o.Version,
	}
	for _, l := range o.Lines {
		msg.Lines = append(msg.Lines, orderLine(in, l))
	}
	for _, d := range snapshot.Discounts {
		msg.Discounts = append(msg.Discounts, &cartv1.OrderDiscount{PromotionKey: d.PromotionKey, Name: d.Name, Code: d.Code, Amount: in.of(d.Amount)})
	}
	for _, g := range o.GiftCards {
		msg.GiftCards = append(msg.GiftCards, &cartv1.OrderGiftCard{GiftCardId: g.GiftCardID, Last4: g.Last4, Amount: in.of(g.Amount), Refunded: in.of(g.Refunded)})
	}
	for _, r := range o.Refunds {
		msg.Refunds = append(msg.Refunds, refundToProto(in, r))
	}
	for _, s := range o.Shipments {
		msg.Shipments = append(msg.Shipments, shipmentToProto(in, s))
	}
	for _, step := range snapshot.Trace {
		msg.Explanation = append(msg.Explanation, step.Sentence(o.Currency))
	}
	if o.Failure != nil {
		msg.Failure = &cartv1.OrderFailure{Reason: o.Failure.Reason, Message: o.Failure.Message}
	}
	return msg
}

func staff(ctx context.Context) bool {
	kind := identity.From(ctx).Kind
	return kind == identity.Staff || kind == identity.Service
}

func orderLine(in amounts, l order.Line) *cartv1.OrderLine {
	return &cartv1.OrderLine{
		Id: l.ID, Sku: l.SKU, ProductId: l.Sold.ProductID, Title: l.Sold.Title, VariantTitle: l.Sold.VariantTitle, Handle: l.Sold.Handle,
		ImageUrl: l.Sold.ImageURL, TaxClass: l.Sold.TaxClass, RequiresShipping: l.Sold.RequiresShipping, WeightGrams: l.Sold.WeightGrams,
		Quantity: l.Quantity, UnitPrice: in.of(l.Sold.UnitPrice), Subtotal: in.of(l.Subtotal), Discount: in.of(l.Discount),
		Tax: in.of(l.Tax), Total: in.of(l.Total), Taxes: orderTaxes(in, l.Sold.Taxes), QuantityShipped: l.Shipped,
		QuantityCancelled: l.Cancelled, QuantityReturned: l.Returned, Refunded: in.of(l.Refunded), PriceListKey: l.Sold.PriceListKey,
	}
}

func orderShipping(in amounts, o *order.Order) *cartv1.OrderShipping {
	s := o.Snapshot.Shipping
	if s == nil {
		return nil
	}
	return &cartv1.OrderShipping{
		ZoneKey: s.ZoneKey, MethodKey: s.MethodKey, Name: s.Name, Price: in.of(s.Price), Discount: in.of(s.Discount), Tax: in.of(s.Tax),
		Total: in.of(s.Total), Taxes: orderTaxes(in, s.Taxes), Refunded: in.of(o.Money.ShippingRefunded),
	}
}

func orderTaxes(in amounts, taxes []tax.Applied) []*cartv1.TaxAmount {
	var all []*cartv1.TaxAmount
	for _, t := range taxes {
		all = append(all, &cartv1.TaxAmount{Name: t.Name, Jurisdiction: t.Jurisdiction, RatePpm: int64(t.Rate), Amount: in.of(t.Amount)})
	}
	return all
}

func orderTotals(in amounts, o *order.Order) *cartv1.OrderTotals {
	t, m := o.Snapshot.Totals, o.Money
	captured := m.Captured
	if m.GiftPosted {
		captured += m.Gift
	}
	return &cartv1.OrderTotals{
		Subtotal: in.of(t.Subtotal), Discount: in.of(t.Discount), Shipping: in.of(t.Shipping), Tax: in.of(t.Tax), Total: in.of(t.Total),
		GiftCard: in.of(m.Gift), Due: in.of(m.Due), Captured: in.of(captured), Refunded: in.of(m.Refunded + m.GiftRefunded),
		Cancelled: in.of(m.NotCaptured),
	}
}

func orderPayment(in amounts, o *order.Order) *cartv1.OrderPayment {
	if o.PaymentID == "" {
		return nil
	}
	msg := &cartv1.OrderPayment{
		PaymentId: o.PaymentID, Method: o.Snapshot.PaymentMethod, Amount: in.of(o.Money.Due),
		Captured: in.of(o.Money.Captured), Refunded: in.of(o.Money.Refunded),
	}
	if a := o.NextAction; a != nil && o.Status == order.RequiresAction {
		kinds := map[string]cartv1.NextActionType{
			order.ActionRedirect: cartv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT,
			order.ActionQR:       cartv1.NextActionType_NEXT_ACTION_TYPE_QR,
			order.ActionVoucher:  cartv1.NextActionType_NEXT_ACTION_TYPE_VOUCHER,
		}
		msg.NextAction = &cartv1.NextAction{Type: kinds[a.Type], Url: a.URL, Data: a.Data, ExpiresAt: timestamp(a.ExpiresAt)}
	}
	return msg
}

func refundToProto(in amounts, r order.Refund) *cartv1.Refund {
	msg := &cartv1.Refund{
		Id: r.ID, Status: operationStatuses()[r.Status], Reason: r.Reason, Shipping: in.of(r.Shipping), ShippingTax: in.of(r.ShippingTax),
		Total: in.of(r.Total), NotCaptured: in.of(r.NotCaptured), ToPayment: in.of(r.ToPayment), ToGiftCards: in.of(r.ToGiftCards),
		Restock: r.Restock, CreatedAt: timestamp(r.CreatedAt), CompletedAt: timestamp(r.CompletedAt),
	}
	if r.Failure != nil {
		msg.FailureReason = r.Failure.Reason
	}
	for _, l := range r.Lines {
		msg.Lines = append(msg.Lines, &cartv1.RefundLine{
			OrderLineId: l.LineID, Quantity: l.Quantity, CancelledQuantity: l.Cancelled, ReturnedQuantity: l.Returned,
			Amount: in.of(l.Amount), Tax: in.of(l.Tax),
		})
	}
	return msg
}

func shipmentToProto(in amounts, s order.Shipment) *cartv1.Shipment {
	msg := &cartv1.Shipment{
		Id: s.ID, Status: operationStatuses()[s.Status], Carrier: s.Carrier, TrackingNumber: s.TrackingNumber,
		Captured: in.of(s.Captured), CreatedAt: timestamp(s.CreatedAt), ShippedAt: timestamp(s.ShippedAt),
	}
	if s.Failure != nil {
		msg.FailureReason = s.Failure.Reason
	}
	for _, l := range s.Lines {
		msg.Lines = append(msg.Lines, &cartv1.ShipmentLine{OrderLineId: l.LineID, Sku: l.SKU, Quantity: l.Quantity})
	}
	return msg
}

func summaryToProto(ctx context.Context, s order.Summary) *cartv1.OrderSummary {
	return &cartv1.OrderSummary{
		Id: s.ID, Number: s.Number, Channel: s.Channel, CustomerId: s.CustomerID, Email: s.Email,
		Status: orderStatuses()[s.Status], PaymentStatus: paymentStatuses()[s.PaymentStatus],
		FulfillmentStatus: fulfillmentStatuses()[s.FulfillmentStatus], Total: amounts(s.Currency).of(s.Total), LineCount: s.LineCount,
		NeedsAttention: s.NeedsAttention && staff(ctx), CreatedAt: timestamp(s.CreatedAt), PlacedAt: timestamp(s.PlacedAt),
	}
}

func orderAddress(a *address.Address) *typev1.Address {
	if a == nil {
		return nil
	}
	return &typev1.Address{
		FullName: a.FullName, Company: a.Company, Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.Region,
		PostalCode: a.PostalCode, CountryCode: a.CountryCode, Phone: a.Phone,
	}
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
