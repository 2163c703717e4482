package rpc_test

import (
	"context"
	"fmt"
	"sort"
	"sync"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// peers stand for pricing and inventory at the other end of the wire: they keep what they are told, and refuse as their
// contracts say.
type peers struct {
	mu       sync.Mutex
	prices   map[string]*pricingv1.Price
	stock    map[string]int32
	reserved map[string]int32
	writes   int
	down     bool
}

func newPeers() *peers {
	return &peers{prices: map[string]*pricingv1.Price{}, stock: map[string]int32{}, reserved: map[string]int32{}}
}

func (p *peers) enter() (func(), error) {
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		return nil, errs.DependencyUnavailable.New("The service is down.")
	}
	return p.mu.Unlock, nil
}

const (
	knownList     = "gbp-retail"
	knownLocation = "main"
)

type pricingPeer struct {
	pricingv1.UnimplementedPricingServiceServer
	*peers
}

func (p *pricingPeer) ListPrices(_ context.Context, req *pricingv1.ListPricesRequest) (*pricingv1.ListPricesResponse, error) {
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if req.GetPriceListKey() != knownList {
		return nil, errs.Define(errs.NotFound, "PRICE_LIST_NOT_FOUND", "").New("There is no price list %q.", req.GetPriceListKey())
	}
	resp := &pricingv1.ListPricesResponse{}
	for _, sku := range req.GetSkus() {
		if price, ok := p.prices[sku]; ok {
			resp.Prices = append(resp.Prices, price)
		}
	}
	return resp, nil
}

func (p *pricingPeer) SetPrices(_ context.Context, req *pricingv1.SetPricesRequest) (*pricingv1.SetPricesResponse, error) {
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for i, entry := range req.GetEntries() {
		if entry.GetAmount().GetCurrencyCode() != "GBP" {
			return nil, errs.Define(errs.FailedPrecondition, "CURRENCY_MIXED", "").At(fmt.Sprintf("entries[%d].amount", i), "The list is in GBP.")
		}
	}
	for _, entry := range req.GetEntries() {
		p.prices[entry.GetSku()] = entry
		p.writes++
	}
	return &pricingv1.SetPricesResponse{}, nil
}

type inventoryPeer struct {
	inventoryv1.UnimplementedInventoryServiceServer
	*peers
}

func (p *inventoryPeer) ListStock(_ context.Context, req *inventoryv1.ListStockRequest) (*inventoryv1.ListStockResponse, error) {
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	resp := &inventoryv1.ListStockResponse{}
	for _, sku := range req.GetSkus() {
		if n, ok := p.stock[sku]; ok {
			resp.Levels = append(resp.Levels, &inventoryv1.StockLevel{Sku: sku, LocationKey: req.GetLocationKey(), OnHand: n})
		}
	}
	sort.Slice(resp.Levels, func(i, j int) bool { return resp.Levels[i].GetSku() < resp.Levels[j].GetSku() })
	return resp, nil
}

func (p *inventoryPeer) SetStock(_ context.Context, req *inventoryv1.SetStockRequest) (*inventoryv1.SetStockResponse, error) {
	leave, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for i, entry := range req.GetEntries() {
		if entry.GetLocationKey() != knownLocation {
			return nil, errs.Define(errs.NotFound, "LOCATION_NOT_FOUND", "").New("There is no such location.")
		}
		if entry.GetOnHand() < p.reserved[entry.GetSku()] {
			return nil, errs.Define(errs.FailedPrecondition, "STOCK_BELOW_RESERVED", "").At(fmt.Sprintf("entries[%d].onHand", i), "Units are reserved.")
		}
	}
	for _, entry := range req.GetEntries() {
		p.stock[entry.GetSku()] = entry.GetOnHand()
		p.writes++
	}
	return &inventoryv1.SetStockResponse{}, nil
}
