package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// ReplayLimit is the 99th percentile that repeated calls must keep with a million stored answers.
const ReplayLimit = 10 * time.Millisecond

// PurgeLimit is how many answers a second the purge must keep up with.
const PurgeLimit = 500

// Keys are stored answers of inventory's AdjustStock, and who asks for them again.
type Keys struct {
	count  int
	client inventoryv1.InventoryServiceClient
	db     *postgres.DB
}

// OpenKeys connects to inventory and to its schema. Close ends both.
func OpenKeys(ctx context.Context, address, database string) (_ *Keys, end func(), err error) {
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "inventory", Addr: address})
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(database)
	if err != nil {
		return nil, nil, fmt.Errorf("database URL: %w", err)
	}
	query := u.Query()
	query.Set("search_path", "inventory")
	u.RawQuery = query.Encode()
	db, err := postgres.Open(ctx, postgres.Config{URL: u.String()})
	if err != nil {
		return nil, nil, err
	}
	keys := &Keys{client: inventoryv1.NewInventoryServiceClient(conn), db: db}
	return keys, func() { db.Close(); _ = conn.Close() }, nil
}

// Fill copies answers of today into the table, as if each had been given by the service.
func (k *Keys) Fill(ctx context.Context, count int) error {
	answer, err := proto.Marshal(&inventoryv1.AdjustStockResponse{Levels: []*inventoryv1.StockLevel{{Sku: "BENCH", LocationKey: "main", OnHand: 5}}})
	if err != nil {
		return err
	}
	now, n := time.Now(), 0
	caller := asStaff(ctx)
	columns := []string{"principal", "rpc", "request_id", "fingerprint", "state", "response", "created_at", "lease_until", "done_at"}
	_, err = k.db.Pool().CopyFrom(ctx, pgx.Identifier{"idempotency_key"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if n == count {
			return nil, nil
		}
		request := adjustment(n)
		call := idempotency.NewCall(caller, inventoryv1.InventoryService_AdjustStock_FullMethodName, request.GetRequestId(), request)
		n++
		return []any{call.Principal, call.RPC, call.RequestID, call.Fingerprint, "done", answer, now, now, now}, nil
	}))
	if err != nil {
		return fmt.Errorf("copy %d answers: %w", count, err)
	}
	k.count = count
	_, err = k.db.Exec(ctx, "VACUUM ANALYZE idempotency_key")
	return err
}

func asStaff(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Staff, Subject: "bench"})
}

func adjustment(n int) *inventoryv1.AdjustStockRequest {
	return &inventoryv1.AdjustStockRequest{
		RequestId: fmt.Sprintf("bench-%08xk%d", uint32(n)*2654435761, n), Reason: "bench",
		Entries: []*inventoryv1.AdjustStockEntry{{Sku: "BENCH", LocationKey: "main", Delta: 1}},
	}
}

// Replay is a call of which the answer is stored, another one each time.
func (k *Keys) Replay() Work {
	return Work{Name: fmt.Sprintf("replay among %d answers", k.count), Do: func(ctx context.Context, _ int) error {
		_, err := k.client.AdjustStock(asStaff(ctx), adjustment(rand.IntN(k.count))) //nolint:gosec // spreads requests, hides nothing
		return err
	}}
}

// Purge lets a part of the answers outlive their time and deletes them as the service's job does.
func (k *Keys) Purge(ctx context.Context, count int, output io.Writer) error {
	_, err := k.db.Exec(ctx, `UPDATE idempotency_key SET created_at = created_at - interval '8 days', done_at = done_at - interval '8 days'
		WHERE ctid IN (SELECT ctid FROM idempotency_key LIMIT $1)`, count)
	if err != nil {
		return fmt.Errorf("age %d answers: %w", count, err)
	}
	begin := time.Now()
	n, err := idempotency.New(k.db).Purge(ctx, idempotency.Retention)
	if err != nil {
		return err
	}
	rate := float64(n) / time.Since(begin).Seconds()
	fmt.Fprintf(output, "purged %d answers, %.0f a second (at least %d)\n", n, rate, PurgeLimit)
	if int(n) != count || rate < PurgeLimit {
		return fmt.Errorf("the purge does not keep up: %d of %d at %.0f a second", n, count, rate)
	}
	return nil
}
