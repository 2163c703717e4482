package rpc_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// item is what the neighbours know of a SKU.
type item struct {
	price    int64 // in any currency; 0 is no price
	class    string
	grams    int32
	digital  bool
	unlisted bool
}

// neighbours stand in for product, pricing and payment behind their real contracts: a catalogue of a few SKUs, the codes TEN
// (10 % off), SHIP (free shipping) and SOLO (not with others), and gift cards by code. SOLO is of the catalogue's own making:
// what the real services answer is shown by their own tests and by the acceptance suite.
type neighbours struct {
	productv1.UnimplementedProductServiceServer
	pricingv1.UnimplementedPricingServiceServer
	paymentv1.UnimplementedPaymentServiceServer

	mu     sync.Mutex
	items  map[string]item
	cards  map[string]int64
	down   bool
	quotes int
}

func newNeighbours() *neighbours {
	return &neighbours{
		items: map[string]item{
			"MUG": {price: 1250, grams: 400}, "BOOK": {price: 999, class: "zero", grams: 300}, "TEA": {price: 333, class: "reduced", grams: 100},
			"SONG": {price: 99, digital: true}, "OLD": {price: 500, unlisted: true}, "FREE": {}, "GOLD": {price: 9_000_000_000_000_000},
		},
		cards: map[string]int64{"GIFT-1000": 1000, "GIFT-50": 50},
	}
}

func (n *neighbours) set(sku string, change func(*item)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	it := n.items[sku]
	change(&it)
	n.items[sku] = it
}

func (n *neighbours) setDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

func (n *neighbours) asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.quotes
}

// enter locks, or fails when the neighbours are down.
func (n *neighbours) enter() (leave func(), err error) {
	n.mu.Lock()
	if n.down {
		n.mu.Unlock()
		return nil, errs.DependencyUnavailable.New("Closed for today.")
	}
	return n.mu.Unlock, nil
}

func (n *neighbours) GetChannel(_ context.Context, req *productv1.GetChannelRequest) (*productv1.GetChannelResponse, error) {
	channels := map[string]*productv1.Channel{
		"uk-web": {Key: "uk-web", CurrencyCodes: []string{"GBP", "EUR"}, DefaultCurrencyCode: "GBP", CountryCodes: []string{"GB", "ES", "DE", "FI", "JP"}, DefaultCountryCode: "GB", Locales: []string{"en-GB"}, DefaultLocale: "en-GB"},
		"us-web": {Key: "us-web", CurrencyCodes: []string{"USD", "JPY"}, DefaultCurrencyCode: "USD", CountryCodes: []string{"US"}, DefaultCountryCode: "US", Locales: []string{"en-US"}, DefaultLocale: "en-US"},
	}
	key := req.GetKey()
	if key == "" {
		key = "uk-web"
	}
	if c, ok := channels[key]; ok {
		return &productv1.GetChannelResponse{Channel: c}, nil
	}
	return nil, cart.ErrChannelUnknown.New("There is no such channel.")
}

func (n *neighbours) BatchGetVariants(_ context.Context, req *productv1.BatchGetVariantsRequest) (*productv1.BatchGetVariantsResponse, error) {
	leave, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	resp := &productv1.BatchGetVariantsResponse{}
	for _, sku := range req.GetSkus() {
		it, ok := n.items[sku]
		if strings.HasPrefix(sku, "BULK-") {
			it, ok = item{price: 100}, true
		}
		if !ok {
			continue
		}
		class := it.class
		if class == "" {
			class = "standard"
		}
		resp.Variants = append(resp.Variants, &productv1.SellableVariant{
			Sku: sku, ProductId: "p-" + sku, Handle: strings.ToLower(sku), Title: "The " + sku, TaxClass: class, Published: !it.unlisted,
			RequiresShipping: !it.digital, WeightGrams: it.grams, ImageUrl: "https://img.example/" + sku,
		})
	}
	return resp, nil
}

func (n *neighbours) Quote(_ context.Context, req *pricingv1.QuoteRequest) (*pricingv1.QuoteResponse, error) {
	leave, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	n.quotes++
	q, err := n.quote(req.GetBasket())
	return &pricingv1.QuoteResponse{Quote: q}, err
}

func (n *neighbours) quote(b *pricingv1.Basket) (*pricingv1.Quote, error) {
	currency := b.GetContext().GetCurrencyCode()
	in := func(minor int64) *typev1.Money { return &typev1.Money{CurrencyCode: currency, MinorUnits: minor} }
	q := &pricingv1.Quote{CurrencyCode: currency}
	ten := &pricingv1.Discount{PromotionKey: "ten", PromotionName: "Ten off", Code: "TEN", Amount: in(0)}
	for _, l := range b.GetLines() {
		unit := n.items[l.GetSku()].price
		if strings.HasPrefix(l.GetSku(), "BULK-") {
			unit = 100
		}
		if unit == 0 {
			q.UnpricedLineIds = append(q.UnpricedLineIds, l.GetLineId())
			continue
		}
		if int64(l.GetQuantity()) > 9e18/unit {
			return nil, errs.Define(errs.FailedPrecondition, "AMOUNT_RANGE", "").New("The total is too large.")
		}
		subtotal := unit * int64(l.GetQuantity())
		line := &pricingv1.QuoteLine{LineId: l.GetLineId(), Sku: l.GetSku(), Quantity: l.GetQuantity(), UnitPrice: in(unit), PriceListKey: "retail", Subtotal: in(subtotal)}
		if slices.Contains(b.GetCouponCodes(), "TEN") {
			ten.Amount.MinorUnits += subtotal / 10
			ten.Allocations = append(ten.Allocations, &pricingv1.DiscountAllocation{LineId: l.GetLineId(), Amount: in(subtotal / 10)})
		}
		q.Lines = append(q.Lines, line)
	}
	for _, code := range b.GetCouponCodes() {
		switch {
		case code == "TEN" && ten.Amount.MinorUnits > 0:
			q.Discounts = append(q.Discounts, ten)
		case code == "SHIP":
			q.FreeShipping = &pricingv1.FreeShippingGrant{PromotionKey: "ship", PromotionName: "Free delivery", Code: code}
		default:
			q.RejectedCoupons = append(q.RejectedCoupons, &pricingv1.RejectedCoupon{Code: code, Reason: "COUPON_REJECTED"})
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(q)
	sum := sha256.Sum256(body)
	q.Fingerprint = hex.EncodeToString(sum[:])
	return q, err
}

func (n *neighbours) CheckCoupon(_ context.Context, req *pricingv1.CheckCouponRequest) (*pricingv1.CheckCouponResponse, error) {
	leave, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	code := strings.ToUpper(req.GetCode())
	switch {
	case code == "SOLO" && len(req.GetBasket().GetCouponCodes()) > 0:
		return nil, cart.ErrCouponNotCombinable.New("Not together with another code.")
	case code == "TEN", code == "SHIP":
		return &pricingv1.CheckCouponResponse{Code: code}, nil
	default:
		return nil, cart.ErrCouponRejected.New("The code gives nothing.")
	}
}

func (n *neighbours) LookupGiftCard(_ context.Context, req *paymentv1.LookupGiftCardRequest) (*paymentv1.LookupGiftCardResponse, error) {
	leave, err := n.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	balance, ok := n.cards[req.GetCode()]
	if !ok {
		return nil, cart.ErrGiftCardRejected.New("The code is of no use.")
	}
	return &paymentv1.LookupGiftCardResponse{
		GiftCardId: "card-of-" + fmt.Sprint(balance), Last4: req.GetCode()[len(req.GetCode())-4:],
		Available: &typev1.Money{CurrencyCode: req.GetCurrencyCode(), MinorUnits: balance},
	}, nil
}
