package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// Mismatch is one thing the shop did that the file and the catalogue do not give.
type Mismatch struct {
	What      string
	Want, Got string
}

// Audit is the comparison of what happened with what should have.
type Audit struct {
	// Orders, Lines, SKUs and Payments count what was compared.
	Orders, Lines, SKUs, Payments int
	// SalesPence, CapturedPence and RefundedPence are expected sums that were met or not.
	SalesPence, RefundedPence int64
	Mismatches                []Mismatch
}

func (a *Audit) compare(what string, want, got any) {
	if want != got {
		a.Mismatches = append(a.Mismatches, Mismatch{What: what, Want: fmt.Sprint(want), Got: fmt.Sprint(got)})
	}
}

// Stock is available units by SKU at the warehouse.
type Stock map[string]int64

// ReadStock reads the levels of every SKU of the catalogue.
func ReadStock(ctx context.Context, staff *shopclient.Client, prices Prices) (Stock, error) {
	skus := make([]string, 0, len(prices))
	for sku := range prices {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	stock := Stock{}
	for batch := range slices.Chunk(skus, 150) {
		query := url.Values{"skus": batch, "locationKey": {demo.LocationKey}, "pageSize": {"200"}}
		page := &adminv1.ListStockResponse{}
		if err := staff.Do(ctx, shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/stock?" + query.Encode()}, page); err != nil {
			return nil, fmt.Errorf("read stock: %w", err)
		}
		for _, level := range page.GetLevels() {
			stock[level.GetSku()] = int64(level.GetAvailable())
		}
	}
	return stock, nil
}

// Counted is the stock before and after the orders.
type Counted struct {
	Before, After Stock
}

// Check compares the outcome: order totals to the penny, stock per SKU, and the money in the provider's own log.
func Check(ctx context.Context, outcome *Outcome, prices Prices, counted Counted, sandbox string) (*Audit, error) {
	audit := &Audit{}
	moved := map[string]int64{}
	captured, refunded := map[string]int64{}, map[string]int64{}
	audit.refusals(outcome)
	for _, placed := range outcome.Placed {
		if placed.Refused == nil {
			audit.order(placed, prices)
			captured[placed.OrderID] = prices.total(placed.Sale)
			for _, line := range placed.Sale.Lines {
				moved[line.SKU] -= line.Quantity
			}
		}
	}
	for _, done := range outcome.Refunds {
		if done.Refused == nil {
			want := prices.goods(done.Refund.Lines)
			audit.compare("refund of invoice "+done.Refund.Invoice, decimal(want), done.Amount.GetAmount())
			refunded[done.OrderID] += want
			audit.RefundedPence += want
			for _, line := range done.Refund.Lines {
				moved[line.SKU] += line.Quantity
			}
		}
	}
	for sku := range prices {
		audit.SKUs++
		audit.compare("stock of "+sku, counted.Before[sku]+moved[sku], counted.After[sku])
	}
	return audit, audit.provider(ctx, sandbox, captured, refunded)
}

// refusals finds those that the shop owes an explanation for: it may say that something is sold out, not that it broke.
func (a *Audit) refusals(outcome *Outcome) {
	for _, placed := range outcome.Placed {
		if broke(placed.Refused) {
			a.compare("order of invoice "+placed.Sale.Key, "an order or a reasoned refusal", placed.Refused.Error())
		}
	}
	for _, done := range outcome.Refunds {
		if broke(done.Refused) {
			a.compare("refund of invoice "+done.Refund.Invoice, "a refund or a reasoned refusal", done.Refused.Error())
		}
	}
}

func broke(err error) bool {
	if err == nil || errors.Is(err, errSaleRefused) {
		return false
	}
	var problem *shopclient.Problem
	return !errors.As(err, &problem) || problem.Status >= http.StatusInternalServerError
}

// order compares one order with its invoice.
func (a *Audit) order(placed *Placed, prices Prices) {
	a.Orders++
	want := prices.total(placed.Sale)
	a.SalesPence += want
	what := "order of invoice " + placed.Sale.Key
	order := placed.Order
	a.compare(what+": total", decimal(want), order.GetTotals().GetTotal().GetAmount())
	a.compare(what+": captured", decimal(want), order.GetTotals().GetCaptured().GetAmount())
	a.compare(what+": lines", len(placed.Sale.Lines), len(order.GetLines()))
	for i, line := range placed.Sale.Lines {
		if i >= len(order.GetLines()) {
			break
		}
		a.Lines++
		sold := order.GetLines()[i]
		a.compare(fmt.Sprintf("%s: line %d", what, i+1),
			fmt.Sprintf("%d × %s = %s", line.Quantity, line.SKU, decimal(prices[line.SKU]*line.Quantity)),
			fmt.Sprintf("%d × %s = %s", sold.GetQuantity(), sold.GetSku(), text(sold.GetSubtotal())))
	}
}

func text(a *typev1.Amount) string { return a.GetAmount() }

func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// providerAttempt is one line of the sandbox provider's log.
type providerAttempt struct {
	Kind           string `json:"kind"`
	OperationID    string `json:"operation_id"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"`
	OrderReference string `json:"order_reference"`
	Result         string `json:"result"`
	Replayed       bool   `json:"replayed"`
}

// settleTime is how long refunds that the shop has promised may take to reach the provider.
const settleTime = 60 * time.Second

// provider compares captured and refunded money with the provider's own log, which no service of the shop writes. Refunds
// go out after they are promised, so the comparison is repeated until it holds or time is up.
func (a *Audit) provider(ctx context.Context, sandbox string, captured, refunded map[string]int64) error {
	deadline := time.Now().Add(settleTime)
	for {
		attempt := &Audit{}
		log, err := readLog(ctx, sandbox)
		if err != nil {
			return err
		}
		attempt.money(log, captured, refunded)
		if len(attempt.Mismatches) == 0 || time.Now().After(deadline) {
			a.Payments = attempt.Payments
			a.Mismatches = append(a.Mismatches, attempt.Mismatches...)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (a *Audit) money(log []providerAttempt, captured, refunded map[string]int64) {
	sums := map[string]map[string]int64{"capture": {}, "refund": {}}
	for _, attempt := range log {
		sum, counts := sums[attempt.Kind]
		if counts && attempt.Result == "succeeded" && !attempt.Replayed {
			sum[attempt.OrderReference] += attempt.Amount
		}
	}
	for order, want := range captured {
		a.Payments++
		a.compare("provider: captured for order "+order, want, sums["capture"][order])
		a.compare("provider: refunded for order "+order, refunded[order], sums["refund"][order])
	}
}

func readLog(ctx context.Context, sandbox string) ([]providerAttempt, error) {
	var all []providerAttempt
	after := int64(0)
	for {
		var page struct {
			Attempts []providerAttempt `json:"attempts"`
			Next     int64             `json:"next"`
		}
		if err := getJSON(ctx, fmt.Sprintf("%s/log?after=%d&limit=1000", sandbox, after), &page); err != nil {
			return nil, fmt.Errorf("read the provider's log: %w", err)
		}
		all = append(all, page.Attempts...)
		if page.Next == 0 {
			return all, nil
		}
		after = page.Next
	}
}

func getJSON(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// percentile of durations, 0 for none.
func percentile(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.SortFunc(list, cmp.Compare[time.Duration])
	return list[min(int(p*float64(len(list))), len(list)-1)]
}
