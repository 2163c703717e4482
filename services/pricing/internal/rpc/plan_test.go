package rpc_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// big is a shop with three lists of 10,000 prices each.
func big(t testing.TB) *shop {
	s := newShop(t)
	for i, key := range []string{"base", "trade", "sale"} {
		s.list(t, &pricingv1.PriceList{Key: key, CurrencyCode: "GBP", Priority: int32(i)}, nil)
		_, err := s.db.Exec(context.Background(), `
			INSERT INTO price (price_list_key, sku, min_quantity, amount_minor)
			SELECT $1, 'SKU-' || n, 1, n FROM generate_series(1, 10000) AS n`, key)
		require.NoError(t, err)
	}
	conn, err := pgx.Connect(context.Background(), s.admin)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), "VACUUM ANALYZE pricing.price")
	require.NoError(t, err)
	require.NoError(t, conn.Close(context.Background()))
	return s
}

func batch(n int) *pricingv1.BatchGetPricesRequest {
	req := &pricingv1.BatchGetPricesRequest{Context: &pricingv1.PriceContext{Channel: "uk-web", CurrencyCode: "GBP"}}
	for i := range n {
		req.Skus = append(req.Skus, fmt.Sprint("SKU-", i*19+1))
	}
	return req
}

// List pages would slow down with every product the shop adds: the batch read must probe the key, never read the table.
func TestBatchGetPricesProbesTheKey(t *testing.T) {
	t.Parallel()
	s := big(t)
	req := batch(500)
	const calls = 8 // beyond the fifth, Postgres may choose a plan for all arguments
	for range calls {
		began := time.Now()
		resp, err := s.BatchGetPrices(context.Background(), req)
		require.NoError(t, err)
		require.Len(t, resp.GetPrices(), 500)
		require.Equal(t, "sale", resp.GetPrices()[0].GetPriceListKey())
		t.Logf("500 SKUs in 3 lists: %s", time.Since(began))
	}
	var sequential, read int64
	require.Eventually(t, func() bool {
		err := s.db.QueryRow(context.Background(), `
			SELECT t.seq_scan, i.idx_tup_read FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid)
			WHERE t.relname = 'price' AND i.indexrelname = 'price_pkey'`).Scan(&sequential, &read)
		return err == nil && read >= calls*1500
	}, 30*time.Second, 100*time.Millisecond)
	require.Zero(t, sequential, "the table was read from end to end")
	require.LessOrEqual(t, read, int64(calls*1500), "more was read than asked for")
}

// BenchmarkBatchGetPrices is a list page of 24.
func BenchmarkBatchGetPrices(b *testing.B) {
	s, req := big(b), batch(24)
	b.ResetTimer()
	for b.Loop() {
		_, err := s.BatchGetPrices(context.Background(), req)
		require.NoError(b, err)
	}
}

// BenchmarkQuote is a cart of five lines with four promotions.
func BenchmarkQuote(b *testing.B) {
	s, basket := busy(b)
	b.ResetTimer()
	for b.Loop() {
		_, err := s.Quote(checkout(), &pricingv1.QuoteRequest{Basket: basket})
		require.NoError(b, err)
	}
}
