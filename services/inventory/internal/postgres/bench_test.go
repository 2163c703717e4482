package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// stocked returns a service with 3,000 SKUs at one location.
func stocked(b *testing.B) *stock.Service {
	b.Helper()
	store := inventory.New(postgrestest.New(b, "inventory", inventory.Migrations()).DB)
	service := stock.New(store, store, 5)
	_, err := service.CreateLocation(b.Context(), stock.Location{Key: "main", Name: "Main", CountryCode: "GB"})
	require.NoError(b, err)
	for first := 0; first < 3000; first += 500 {
		change := stock.Correction{Reason: "count"}
		for n := first; n < first+500; n++ {
			change.Entries = append(change.Entries, entry(fmt.Sprint("sku-", n), "main", 1_000_000))
		}
		_, err = service.SetStock(b.Context(), change)
		require.NoError(b, err)
	}
	return service
}

// BenchmarkReserveAndCommit is the share of inventory in a checkout of one line.
func BenchmarkReserveAndCommit(b *testing.B) {
	service := stocked(b)
	n := 0
	for b.Loop() {
		n++
		r, err := service.Reserve(b.Context(), cart(line(fmt.Sprint("sku-", n%3000), 1)))
		require.NoError(b, err)
		_, err = service.CommitReservation(b.Context(), r.ID)
		require.NoError(b, err)
	}
}

// BenchmarkReserveTenLines is a cart of ten lines.
func BenchmarkReserveTenLines(b *testing.B) {
	service := stocked(b)
	n := 0
	for b.Loop() {
		r := cart()
		for range 10 {
			n++
			r.Lines = append(r.Lines, line(fmt.Sprint("sku-", n%3000), 1))
		}
		_, err := service.Reserve(b.Context(), r)
		require.NoError(b, err)
	}
}

// BenchmarkAvailability is a list page of 24 items.
func BenchmarkAvailability(b *testing.B) {
	service := stocked(b)
	skus := make([]string, 24)
	for i := range skus {
		skus[i] = fmt.Sprint("sku-", i*100)
	}
	for b.Loop() {
		_, err := service.BatchGetAvailability(b.Context(), channel, skus)
		require.NoError(b, err)
	}
}

// BenchmarkReserveBatch is a batch of 128 buyers of one SKU.
func BenchmarkReserveBatch(b *testing.B) {
	store := inventory.New(postgrestest.New(b, "inventory", inventory.Migrations()).DB)
	service := stock.New(store, store, 5)
	_, err := service.CreateLocation(b.Context(), stock.Location{Key: "main", Name: "Main", CountryCode: "GB"})
	require.NoError(b, err)
	_, err = service.SetStock(b.Context(), stock.Correction{Reason: "count", Entries: []stock.Entry{entry("hot", "main", 100_000_000)}})
	require.NoError(b, err)
	carts := make([]stock.Cart, 128)
	for b.Loop() {
		for i := range carts {
			carts[i] = batchCart(line("hot", 1))
		}
		_, err := store.ReserveBatch(b.Context(), carts)
		require.NoError(b, err)
	}
}
