package idempotency_test

import (
	"context"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// A handler whose effect is one local transaction.
func ExampleDo() {
	rename := func(ctx context.Context, k *idempotency.Keeper, requestID, name string) (*wrapperspb.StringValue, error) {
		c := idempotency.NewCall(ctx, "cartwright.example.v1.ExampleService/Rename", requestID, name)
		return idempotency.Do(ctx, k, c, &wrapperspb.StringValue{}, func(context.Context) (*wrapperspb.StringValue, error) {
			// ... update the row with the transaction in ctx ...
			return wrapperspb.String(name), nil
		})
	}
	_ = rename
}

// A handler that calls another service between its first and its last transaction.
func ExampleLookup() {
	buy := func(ctx context.Context, db *postgres.DB, k *idempotency.Keeper, requestID, cart string) (*wrapperspb.StringValue, error) {
		c := idempotency.NewCall(ctx, "cartwright.example.v1.ExampleService/Buy", requestID, cart)
		if resp, found, err := idempotency.Lookup(ctx, k, c, &wrapperspb.StringValue{}); found || err != nil {
			return resp, err
		}
		err := db.Tx(ctx, func(ctx context.Context) error {
			// ... find or insert the order: an earlier try may have left it ...
			return k.Claim(ctx, c)
		})
		if err != nil {
			return nil, err
		}
		// ... call the other service, with no transaction open ...
		resp := wrapperspb.String("placed")
		return resp, db.Tx(ctx, func(ctx context.Context) error {
			// ... update the order ...
			return k.Answer(ctx, c, resp)
		})
	}
	_ = buy
}
