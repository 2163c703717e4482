package callgraph_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/callgraph"
)

// Network policies are made of the file: with an edge too few a deploy stops calls, with one too many a stolen pod reaches further.
func TestFilesAreWhatTheContractsSay(t *testing.T) {
	t.Parallel()
	methods := callgraph.Methods()
	graph, err := callgraph.JSON(methods)
	require.NoError(t, err)
	for path, want := range map[string]string{"../../charts/lib/callgraph.json": graph, "../../docs/callers.md": callgraph.Page(methods)} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(text), "make generate")
	}
}

// Whatever the contracts come to say, these edges hold the shop's promises about money and stock.
func TestTheGraph(t *testing.T) {
	t.Parallel()
	methods := callgraph.Methods()
	require.Equal(t, map[string][]string{
		"product": {"cart", "gateway"}, "pricing": {"cart", "gateway", "product"}, "inventory": {"cart", "gateway", "product"},
		"payment": {"cart", "gateway"}, "cart": {"gateway", "payment"},
	}, callgraph.Callers(methods))
	require.Equal(t, []string{"cart"}, callgraph.Calls(methods)["payment"])
	for _, m := range methods {
		switch m.Name {
		case "InventoryService/Reserve", "PaymentService/AuthorizePayment", "PaymentService/RefundPayment":
			require.Equal(t, []string{"cart"}, m.Callers, m.Name)
		}
	}
}
