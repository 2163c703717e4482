// Package replay plays a real order stream against a shop through its public API and then checks what the shop did
// against what the file and the catalogue alone say it should have done.
//
// The rules by which messy rows are read stand at the Rule constants; each row is counted under exactly one of them.
package replay

import (
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

// Rule says what became of a row of the file.
type Rule string

// The rules. Every row falls under exactly one.
const (
	// RuleSold is a line that is bought as it stands, at the catalogue's price.
	RuleSold Rule = "sold"
	// RuleReturned is a line of a cancellation of units that the same customer bought earlier in the stream.
	RuleReturned Rule = "returned"
	// RuleReturnedPart is such a line of which fewer units were bought: those are returned, the rest is not.
	RuleReturnedPart Rule = "returned in part"
	// RuleService is a charge, fee or correction (POST, D, M, BANK CHARGES ...): no product.
	RuleService Rule = "not a product"
	// RuleNoPrice is a row with price 0 or less: a note of the warehouse, not a sale.
	RuleNoPrice Rule = "no price"
	// RuleWriteOff is a negative quantity outside a cancellation: stock that was written off.
	RuleWriteOff Rule = "stock write-off"
	// RuleUnknownArticle is an article that the catalogue lacks.
	RuleUnknownArticle Rule = "not in the catalogue"
	// RuleReturnUnknownBuyer is a return without a customer: what it returns cannot be known.
	RuleReturnUnknownBuyer Rule = "return without customer"
	// RuleReturnNeverBought is a return of what the customer did not buy in this stream.
	RuleReturnNeverBought Rule = "return of what was not bought here"
)

// Rules lists the rules in the order they are reported.
var Rules = []Rule{
	RuleSold, RuleReturned, RuleReturnedPart, RuleService, RuleNoPrice, RuleWriteOff, RuleUnknownArticle, RuleReturnUnknownBuyer,
	RuleReturnNeverBought,
}

// maxCartLines is the largest cart the shop takes; a longer invoice becomes several carts, cut in the order of its lines.
const maxCartLines = 500

// Line is units of an article.
type Line struct {
	SKU      string
	Quantity int64
}

// Sale is one cart: an invoice, or a part of one that is too long.
type Sale struct {
	// Key names the sale: the invoice number, with a suffix for further parts.
	Key      string
	Invoice  string
	Customer string
	Place    onlineretail.Place
	At       time.Time
	// Lines are in file order; an article that comes twice has its units added to its first line, as a cart does.
	Lines []Line
}

// Refund gives units of one earlier sale back.
type Refund struct {
	Invoice string
	Sale    string
	Lines   []Line
}

// Step is a sale or the refunds of one cancellation invoice, in file order.
type Step struct {
	Sale    *Sale
	Refunds []Refund
	// Customer keeps the steps of one customer in order; without one a step stands for itself.
	Customer string
}

// Plan is what the file says should happen.
type Plan struct {
	Steps []Step
	// Rows counts rows by rule, Units the units of the sold and returned ones.
	Rows map[Rule]int
	// SaleInvoices and Cancellations count invoices read; EmptySales are invoices of which nothing is sold.
	SaleInvoices, Cancellations, EmptySales, EmptyCancellations int
	// SplitInvoices are those that became several carts.
	SplitInvoices int
	// UnknownCountries counts invoices whose country is in no list.
	UnknownCountries int
}

// Filter chooses invoices.
type Filter struct {
	// From and Until bound the invoice date; zero means open. Until is exclusive.
	From, Until time.Time
	// Limit is the most invoices read; 0 means all.
	Limit int
}

// Prices is the catalogue: unit prices in pence by SKU.
type Prices map[string]int64

// MakePlan reads rows in file order.
func MakePlan(rows []onlineretail.Row, prices Prices, filter Filter) *Plan {
	p := &planner{plan: &Plan{Rows: map[Rule]int{}}, prices: prices, bought: map[string][]*purchase{}}
	invoices := 0
	for start := 0; start < len(rows); {
		end := start + 1
		for end < len(rows) && rows[end].InvoiceNo == rows[start].InvoiceNo {
			end++
		}
		invoice := rows[start:end]
		start = end
		if !filter.takes(invoice[0].InvoiceDate) {
			continue
		}
		if filter.Limit > 0 && invoices == filter.Limit {
			break
		}
		invoices++
		p.invoice(invoice)
	}
	return p.plan
}

func (f Filter) takes(at time.Time) bool {
	return (f.From.IsZero() || !at.Before(f.From)) && (f.Until.IsZero() || at.Before(f.Until))
}

// purchase is what is left to return of one line of one sale.
type purchase struct {
	sale string
	sku  string
	left int64
}

type planner struct {
	plan   *Plan
	prices Prices
	bought map[string][]*purchase // by customer, oldest first
}

func (p *planner) invoice(rows []onlineretail.Row) {
	if strings.HasPrefix(strings.ToUpper(rows[0].InvoiceNo), "C") {
		p.plan.Cancellations++
		p.cancellation(rows)
		return
	}
	p.plan.SaleInvoices++
	p.sale(rows)
}

// common applies the rules that sales and cancellations share; ok is false when the row is settled.
func (p *planner) common(row onlineretail.Row) (rule Rule, ok bool) {
	switch {
	case onlineretail.IsService(row.StockCode):
		return RuleService, false
	case row.PricePence <= 0:
		return RuleNoPrice, false
	case p.prices[row.StockCode] == 0:
		return RuleUnknownArticle, false
	default:
		return "", true
	}
}

func (p *planner) sale(rows []onlineretail.Row) {
	first := rows[0]
	var lines []Line
	for _, row := range rows {
		rule, ok := p.common(row)
		switch {
		case !ok:
			p.plan.Rows[rule]++
		case row.Quantity <= 0:
			p.plan.Rows[RuleWriteOff]++
		default:
			p.plan.Rows[RuleSold]++
			lines = addLine(lines, row.StockCode, row.Quantity)
		}
	}
	if len(lines) == 0 {
		p.plan.EmptySales++
		return
	}
	place, known := onlineretail.PlaceOf(first.Country)
	if !known {
		p.plan.UnknownCountries++
	}
	if len(lines) > maxCartLines {
		p.plan.SplitInvoices++
	}
	for part := range slices.Chunk(lines, maxCartLines) {
		sale := &Sale{Key: first.InvoiceNo, Invoice: first.InvoiceNo, Customer: first.CustomerID, Place: place, At: first.InvoiceDate, Lines: part}
		if len(lines) > maxCartLines {
			sale.Key = first.InvoiceNo + "-" + part[0].SKU
		}
		p.plan.Steps = append(p.plan.Steps, Step{Sale: sale, Customer: first.CustomerID})
		p.remember(sale)
	}
}

func addLine(lines []Line, sku string, quantity int64) []Line {
	for i := range lines {
		if lines[i].SKU == sku {
			lines[i].Quantity += quantity
			return lines
		}
	}
	return append(lines, Line{SKU: sku, Quantity: quantity})
}

func (p *planner) remember(sale *Sale) {
	if sale.Customer == "" {
		return
	}
	for _, line := range sale.Lines {
		p.bought[sale.Customer] = append(p.bought[sale.Customer], &purchase{sale: sale.Key, sku: line.SKU, left: line.Quantity})
	}
}

func (p *planner) cancellation(rows []onlineretail.Row) {
	var refunds []Refund
	for _, row := range rows {
		rule, ok := p.common(row)
		switch {
		case !ok:
		case row.Quantity >= 0:
			rule = RuleWriteOff
		case row.CustomerID == "":
			rule = RuleReturnUnknownBuyer
		default:
			refunds, rule = p.takeBack(refunds, row)
		}
		p.plan.Rows[rule]++
	}
	if len(refunds) == 0 {
		p.plan.EmptyCancellations++
		return
	}
	p.plan.Steps = append(p.plan.Steps, Step{Refunds: refunds, Customer: rows[0].CustomerID})
}

// takeBack returns units from the customer's newest purchases of the article first.
func (p *planner) takeBack(refunds []Refund, row onlineretail.Row) ([]Refund, Rule) {
	wanted := -row.Quantity
	taken := int64(0)
	list := p.bought[row.CustomerID]
	for i := len(list) - 1; i >= 0 && taken < wanted; i-- {
		if list[i].sku != row.StockCode || list[i].left == 0 {
			continue
		}
		units := min(list[i].left, wanted-taken)
		list[i].left -= units
		taken += units
		refunds = addRefund(refunds, row.InvoiceNo, list[i].sale, Line{SKU: row.StockCode, Quantity: units})
	}
	switch taken {
	case 0:
		return refunds, RuleReturnNeverBought
	case wanted:
		return refunds, RuleReturned
	default:
		return refunds, RuleReturnedPart
	}
}

func addRefund(refunds []Refund, invoice, sale string, line Line) []Refund {
	for i := range refunds {
		if refunds[i].Sale == sale {
			refunds[i].Lines = addLine(refunds[i].Lines, line.SKU, line.Quantity)
			return refunds
		}
	}
	return append(refunds, Refund{Invoice: invoice, Sale: sale, Lines: []Line{line}})
}
