package replay

import (
	"io"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// Acknowledge writes what the shop has promised to the buyers of the replay: every order that it answered as placed, with what it
// should cost and hold by the file.
func (o *Outcome) Acknowledge(output io.Writer, prices Prices) error {
	for _, placed := range o.Placed {
		if placed.Refused != nil {
			continue
		}
		units := map[string]int64{}
		for _, line := range placed.Sale.Lines {
			units[line.SKU] += line.Quantity
		}
		total := prices.total(placed.Sale)
		promise := audit.Acknowledged{Kind: "order", ID: placed.OrderID, Amount: &total, Currency: "GBP", Hash: audit.Content(units)}
		if err := promise.Write(output); err != nil {
			return err
		}
	}
	return nil
}
