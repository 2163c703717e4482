package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// The rush of docs/costs.md.
const (
	buyers = 200
	units  = 50
)

// Rush is what became of 200 buyers of 50 units at once.
type Rush struct {
	Bought, SoldOut, Other int
	Seconds                float64
	FirstOther             error
}

// RunRush makes the stock of one SKU 50 and lets 200 buyers check out at once. Carts are ready before: the rush is on the
// last click.
func RunRush(ctx context.Context, shop, staff *shopclient.Client, run string) (Rush, error) {
	b := buyer{shop: shop, run: run}
	err := staff.Do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/stock/set", Key: "rush-" + run, In: &adminv1.SetStockRequest{
		Entries: []*adminv1.SetStockEntry{{Sku: SKU(0, 0), LocationKey: demo.LocationKey, OnHand: reservedOf(ctx, staff) + units}}, Reason: "rush",
	}}, nil)
	if err != nil {
		return Rush{}, fmt.Errorf("set stock: %w", err)
	}
	carts := make([]string, buyers)
	for i := range carts {
		out := &storefrontv1.CreateCartResponse{}
		err := shop.Do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
			Lines: []*storefrontv1.LineInput{{Sku: SKU(0, 0), Quantity: 1}},
		}}, out)
		if err != nil {
			return Rush{}, fmt.Errorf("create cart: %w", err)
		}
		carts[i] = out.GetCart().GetId()
	}
	return b.rush(ctx, carts), nil
}

// reservedOf is what earlier works have sold of the SKU and not shipped: stock cannot be set below it.
func reservedOf(ctx context.Context, staff *shopclient.Client) int32 {
	out := &adminv1.ListStockResponse{}
	path := "/admin/v1/stock?skus=" + SKU(0, 0)
	if err := staff.Do(ctx, shopclient.Call{Verb: http.MethodGet, Path: path}, out); err != nil || len(out.GetLevels()) == 0 {
		return 0
	}
	return out.GetLevels()[0].GetReserved()
}

func (b buyer) rush(ctx context.Context, carts []string) Rush {
	var mu sync.Mutex
	var r Rush
	var group sync.WaitGroup
	start := time.Now()
	for i, cart := range carts {
		group.Go(func() {
			err := b.pay(ctx, cart, fmt.Sprintf("rush-%s-%d", b.run, i))
			mu.Lock()
			defer mu.Unlock()
			var problem *shopclient.Problem
			switch {
			case err == nil:
				r.Bought++
			case errors.As(err, &problem) && problem.Reason == "SOLD_OUT":
				r.SoldOut++
			default:
				r.Other++
				if r.FirstOther == nil {
					r.FirstOther = err
				}
			}
		})
	}
	group.Wait()
	r.Seconds = time.Since(start).Seconds()
	return r
}

// Print writes the outcome beside its target.
func (r Rush) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%d buyers at once, %d in stock: %d bought, %d told it is sold out, %d other, %.1f s (target: exactly %d, ≤ 5 s)\n",
		buyers, units, r.Bought, r.SoldOut, r.Other, r.Seconds, units)
	if r.FirstOther != nil {
		fmt.Fprintf(w, "    first other: %v\n", r.FirstOther)
	}
}
