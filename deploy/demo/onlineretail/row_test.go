package onlineretail_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// Another month of the data set cannot be replayed when a published form of it is not read.
func TestReadsEveryPublishedForm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		header + "1,85123A,HEART,6,2011-11-14T08:10:00,2.55,17850,United Kingdom\n",
		header + "1,85123A,HEART,6,11/14/2011 8:10,2.55,17850.0,United Kingdom\n",
		"\ufeffInvoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n1,85123A,HEART,6,2011-11-14 08:10:00,2.55,17850,United Kingdom\n",
	} {
		rows, err := onlineretail.ReadAll(strings.NewReader(text))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, int64(255), rows[0].PricePence)
		require.Equal(t, "17850", rows[0].CustomerID)
		require.Equal(t, 2011, rows[0].InvoiceDate.Year())
	}
}

// When it fails, who has a damaged file must search it for the line.
func TestNamesTheLineThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, err := onlineretail.ReadAll(strings.NewReader(header + "1,A,X,six,2011-11-14T08:10:00,2.55,1,France\n"))
	require.ErrorContains(t, err, "line 2: quantity")
	_, err = onlineretail.ReadAll(strings.NewReader("InvoiceNo,StockCode\n"))
	require.ErrorContains(t, err, "no column Description")
}

// The demo shop differs from its documented rule when the shipped catalogue was made by another one.
func TestShippedCatalogueFollowsFromShippedOrders(t *testing.T) {
	t.Parallel()
	rows, err := onlineretail.ReadAll(demo.Orders())
	require.NoError(t, err)
	shipped, err := demo.Catalogue()
	require.NoError(t, err)
	require.Equal(t, shipped, onlineretail.BuildCatalogue(rows))
	require.Len(t, shipped, 2769)
}

// When it fails, two products want one address and the second is refused.
func TestEveryProductHasItsOwnHandle(t *testing.T) {
	t.Parallel()
	products, err := demo.Catalogue()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, handle := range demo.Handles(products) {
		require.False(t, seen[handle], handle)
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, handle)
		seen[handle] = true
	}
}
