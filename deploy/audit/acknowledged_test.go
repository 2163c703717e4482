package audit_test

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// When it fails, a shop that lost or changed what a buyer was told passes, or one that kept it does not.
func TestPromisesAreLookedFor(t *testing.T) {
	t.Parallel()
	s := makeModel(t).copy(t)
	conn, err := pgx.Connect(t.Context(), s.auditor)
	require.NoError(t, err)
	var order, cart string
	var total int64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT id, cart_id, total FROM cart.sales_order WHERE id = "+placedOrder).Scan(&order, &cart, &total))
	rows, err := conn.Query(t.Context(), "SELECT sku, quantity::bigint FROM cart.order_line WHERE order_id = $1", order)
	require.NoError(t, err)
	units := map[string]int64{}
	var sku string
	var quantity int64
	_, err = pgx.ForEachRow(rows, []any{&sku, &quantity}, func() error { units[sku] = quantity; return nil })
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	less := total - 1
	for _, one := range []struct {
		promise audit.Acknowledged
		kept    bool
	}{
		{audit.Acknowledged{Kind: "order", ID: order, Amount: &total, Currency: "GBP", Hash: audit.Content(units)}, true},
		{audit.Acknowledged{Kind: "cart", ID: cart}, true},
		{audit.Acknowledged{Kind: "payment", ID: order + "-p0", Amount: &total}, true},
		{audit.Acknowledged{Kind: "order", ID: order, Amount: &less}, false},
		{audit.Acknowledged{Kind: "order", ID: order, Currency: "EUR"}, false},
		{audit.Acknowledged{Kind: "order", ID: order, Hash: audit.Content(map[string]int64{sku: 1})}, false},
		{audit.Acknowledged{Kind: "gift_card", ID: "card-none"}, false},
	} {
		var log bytes.Buffer
		require.NoError(t, one.promise.Write(&log))
		log.WriteString(`{"kind":"order","id":"torn`)
		report, err := audit.Run(t.Context(), audit.Options{Database: s.auditor, Acknowledged: s.file("log.jsonl", log.Bytes()), Only: []string{"I22"}, QuietShop: true})
		require.NoError(t, err)
		require.Equal(t, int64(1), report.Results[0].Parts[0].Checked)
		require.Equal(t, one.kept, report.Violations() == 0, "%s %+v", one.promise.Kind, report.Results[0].Parts[0].First)
	}
}
