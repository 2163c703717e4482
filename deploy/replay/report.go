package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// mismatchesShown bounds the list of mismatches; the count is always whole.
const mismatchesShown = 20

// Report prints what was read, what was done and what does not agree.
func Report(w io.Writer, plan *Plan, outcome *Outcome, audit *Audit) {
	var sales, lines, refunds, refused int
	var checkouts, whole []time.Duration
	reasons := map[string]int{}
	for _, placed := range outcome.Placed {
		if placed.Refused != nil {
			refused++
			reasons["sale: "+reasonOf(placed.Refused)]++
			continue
		}
		sales++
		lines += len(placed.Sale.Lines)
		checkouts, whole = append(checkouts, placed.Checkout), append(whole, placed.Whole)
	}
	for _, done := range outcome.Refunds {
		if done.Refused != nil {
			refused++
			reasons["refund: "+reasonOf(done.Refused)]++
			continue
		}
		refunds++
	}
	seconds := outcome.Ended.Sub(outcome.Started).Seconds()
	fmt.Fprintf(w, "\n%-38s %10s\n%s\n", "read", "", strings.Repeat("-", 49))
	row(w, "sale invoices", plan.SaleInvoices)
	row(w, "  with nothing to sell", plan.EmptySales)
	row(w, "  played as several carts", plan.SplitInvoices)
	row(w, "cancellation invoices", plan.Cancellations)
	row(w, "  with nothing to return", plan.EmptyCancellations)
	row(w, "invoices of unknown countries", plan.UnknownCountries)
	for _, rule := range Rules {
		row(w, "rows: "+string(rule), plan.Rows[rule])
	}
	fmt.Fprintf(w, "\n%-38s %10s\n%s\n", "done", "", strings.Repeat("-", 49))
	row(w, "orders", sales)
	row(w, "lines", lines)
	row(w, "refunds", refunds)
	row(w, "refused", refused)
	for _, reason := range sortedKeys(reasons) {
		row(w, "  "+reason, reasons[reason])
	}
	fmt.Fprintf(w, "%-38s %10.1f\n", "seconds", seconds)
	fmt.Fprintf(w, "%-38s %10.1f\n", "orders/s", float64(sales)/seconds)
	fmt.Fprintf(w, "%-38s %10s\n", "checkout p50", percentile(checkouts, 0.50).Round(time.Millisecond))
	fmt.Fprintf(w, "%-38s %10s\n", "checkout p99", percentile(checkouts, 0.99).Round(time.Millisecond))
	fmt.Fprintf(w, "%-38s %10s\n", "cart to paid order p50", percentile(whole, 0.50).Round(time.Millisecond))
	fmt.Fprintf(w, "%-38s %10s\n", "cart to paid order p99", percentile(whole, 0.99).Round(time.Millisecond))
	reportAudit(w, audit)
}

func reportAudit(w io.Writer, audit *Audit) {
	fmt.Fprintf(w, "\n%-38s %10s\n%s\n", "audit from the file and the catalogue", "", strings.Repeat("-", 49))
	row(w, "order totals compared", audit.Orders)
	row(w, "order lines compared", audit.Lines)
	row(w, "stock levels compared", audit.SKUs)
	row(w, "payments compared with the provider", audit.Payments)
	fmt.Fprintf(w, "%-38s %10s\n", "sold, GBP", decimal(audit.SalesPence))
	fmt.Fprintf(w, "%-38s %10s\n", "refunded, GBP", decimal(audit.RefundedPence))
	row(w, "mismatches", len(audit.Mismatches))
	for i, m := range audit.Mismatches {
		if i == mismatchesShown {
			fmt.Fprintf(w, "  ... and %d more\n", len(audit.Mismatches)-mismatchesShown)
			break
		}
		fmt.Fprintf(w, "  %s: want %s, got %s\n", m.What, m.Want, m.Got)
	}
}

func row(w io.Writer, label string, n int) { fmt.Fprintf(w, "%-38s %10d\n", label, n) }

func sortedKeys(counts map[string]int) []string {
	keys := make([]string, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// reasonOf is the reason of a refusal by the shop, or the error's own text.
func reasonOf(err error) string {
	var problem *shopclient.Problem
	if errors.As(err, &problem) {
		return problem.Reason
	}
	return err.Error()
}
