package replay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/replay"
)

func row(invoice, sku string, quantity, pence int64, customer string) onlineretail.Row {
	return onlineretail.Row{
		InvoiceNo: invoice, StockCode: sku, Quantity: quantity, PricePence: pence, CustomerID: customer, Country: "United Kingdom",
		InvoiceDate: time.Date(2011, 11, 14, 9, 0, 0, 0, time.UTC),
	}
}

var prices = replay.Prices{"A": 100, "B2": 250}

// Whoever reads the replay's table loses the truth about messy rows when a row is dropped or counted twice.
func TestEveryRowFallsUnderOneRule(t *testing.T) {
	t.Parallel()
	rows, err := onlineretail.ReadAll(demo.Orders())
	require.NoError(t, err)
	products, err := demo.Catalogue()
	require.NoError(t, err)
	catalogue := replay.Prices{}
	for _, p := range products {
		catalogue[p.SKU] = p.GBP
	}
	plan := replay.MakePlan(rows, catalogue, replay.Filter{})
	require.Equal(t, 1840, plan.SaleInvoices)
	require.Equal(t, 249, plan.Cancellations)
	counted := 0
	for _, rule := range replay.Rules {
		counted += plan.Rows[rule]
	}
	require.Equal(t, 52159, counted)
	require.Equal(t, len(rows), counted)
}

// A customer is refunded for goods never bought when returns are not held against earlier purchases.
func TestReturnsTakeWhatWasBought(t *testing.T) {
	t.Parallel()
	plan := replay.MakePlan([]onlineretail.Row{
		row("1", "A", 5, 100, "c1"),
		row("2", "A", 2, 100, "c1"),
		row("C3", "A", -6, 100, "c1"),
		row("C4", "A", -4, 100, "c1"),
		row("C5", "A", -1, 100, "c1"),
		row("C6", "B2", -1, 250, "c2"),
		row("C7", "A", -1, 100, ""),
	}, prices, replay.Filter{})
	require.Equal(t, map[replay.Rule]int{
		replay.RuleSold: 2, replay.RuleReturned: 1, replay.RuleReturnedPart: 1, replay.RuleReturnNeverBought: 2,
		replay.RuleReturnUnknownBuyer: 1,
	}, plan.Rows)
	require.Len(t, plan.Steps, 4)
	require.Equal(t, []replay.Refund{
		{Invoice: "C3", Sale: "2", Lines: []replay.Line{{SKU: "A", Quantity: 2}}},
		{Invoice: "C3", Sale: "1", Lines: []replay.Line{{SKU: "A", Quantity: 4}}},
	}, plan.Steps[2].Refunds)
	require.Equal(t, []replay.Refund{{Invoice: "C4", Sale: "1", Lines: []replay.Line{{SKU: "A", Quantity: 1}}}}, plan.Steps[3].Refunds)
}

// When it fails, rows of the file vanish without being counted, or are sold as what they are not.
func TestMessyRowsAreCountedNotSold(t *testing.T) {
	t.Parallel()
	plan := replay.MakePlan([]onlineretail.Row{
		row("1", "A", 1, 100, "c1"), row("1", "A", 2, 90, "c1"), row("1", "POST", 1, 1800, "c1"),
		row("2", "B2", 3, 0, ""), row("3", "B2", -3, 250, ""), row("4", "Z", 1, 100, ""),
	}, prices, replay.Filter{})
	require.Len(t, plan.Steps, 1)
	require.Equal(t, []replay.Line{{SKU: "A", Quantity: 3}}, plan.Steps[0].Sale.Lines)
	require.Equal(t, 3, plan.EmptySales)
	require.Equal(t, map[replay.Rule]int{
		replay.RuleSold: 2, replay.RuleService: 1, replay.RuleNoPrice: 1, replay.RuleWriteOff: 1, replay.RuleUnknownArticle: 1,
	}, plan.Rows)
}

// When it fails, a replay of one week plays another.
func TestFilterTakesInvoicesByDateAndNumber(t *testing.T) {
	t.Parallel()
	late := row("2", "A", 1, 100, "c1")
	late.InvoiceDate = late.InvoiceDate.AddDate(0, 0, 1)
	rows := []onlineretail.Row{row("1", "A", 1, 100, "c1"), late, row("3", "A", 1, 100, "c1")}
	day := time.Date(2011, 11, 15, 0, 0, 0, 0, time.UTC)
	require.Equal(t, 1, replay.MakePlan(rows, prices, replay.Filter{From: day}).SaleInvoices)
	require.Equal(t, 2, replay.MakePlan(rows, prices, replay.Filter{Until: day}).SaleInvoices)
	require.Equal(t, 2, replay.MakePlan(rows, prices, replay.Filter{Limit: 2}).SaleInvoices)
}
