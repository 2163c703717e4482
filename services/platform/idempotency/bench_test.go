package idempotency_test

import (
	"context"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// BenchmarkDo shows what idempotency costs beside a bare transaction with the same effect, on a server without durability.
func BenchmarkDo(b *testing.B) {
	schema, err := os.ReadFile("schema.sql")
	require.NoError(b, err)
	sql := "-- +goose Up\n" + string(schema) + "\nCREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);"
	db := postgrestest.New(b, "till", fstest.MapFS{"001_create_keys.sql": {Data: []byte(sql)}}).DB
	keeper, ctx := idempotency.New(db), context.Background()
	run := func(key func() string) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				_, err := idempotency.Do(ctx, keeper, call(ctx, key(), "a"), answer(nil), pay(db, "a"))
				require.NoError(b, err)
			}
		}
	}
	b.Run("without key", run(func() string { return "" }))
	b.Run("new key", run(id.New))
	b.Run("replay", run(func() string { return "same" }))
}
