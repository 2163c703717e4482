package alerts

import (
	"strconv"
	"strings"
	"time"
)

// SLO is what a set of calls of one service has to do, over 30 days. Sets of one service do not overlap: each call counts once.
type SLO struct {
	// Name is the service, and the set where it is not all that is left.
	Name, Service string
	// RPCs are the calls that count.
	RPCs Match
	// Failing is how many of a million calls may fail.
	Failing int
	// Within is the time in seconds, a bound of a bucket of rpc_server_duration_seconds, that all but Slow of a million calls keep to.
	// Empty: no time is promised.
	Within string
	Slow   int
	// Says is the promise in words.
	Says string
}

// period is how long an error budget has to last.
const period = 30 * 24 * time.Hour

// Burn is a speed at which an error budget ends, seen over two windows: the long one says that it matters, the short one that it has not
// stopped.
type Burn struct {
	Rate        string
	Long, Short time.Duration
	Severity    Severity
}

// Burns are the speeds that are told: 2 % of a month's budget in an hour, 5 % in six hours, 10 % in three days.
func Burns() []Burn {
	return []Burn{
		{"14.4", time.Hour, 5 * time.Minute, Page},
		{"6", 6 * time.Hour, 30 * time.Minute, Page},
		{"1", 72 * time.Hour, 6 * time.Hour, Ticket},
	}
}

func (b Burn) rate() float64 {
	rate, err := strconv.ParseFloat(b.Rate, 64)
	if err != nil {
		panic(err) // the table above is wrong
	}
	return rate
}

// of says which calls of a contract are meant.
func of(contract string, methods ...string) []string {
	var list []string
	for _, m := range methods {
		list = append(list, "/cartwright."+contract+"/"+m)
	}
	return list
}

func sets() []SLO {
	buys := of("storefront.v1.CheckoutService", "Checkout", "ResumeCheckout")
	browses := of("storefront.v1.CatalogService", "*")
	reads := of("product.v1.ProductService", "BatchGetVariants", "BatchGetProducts", "GetProduct", "ListProducts", "ListChannels", "GetChannel")
	quotes := of("pricing.v1.PricingService", "BatchGetPrices", "Quote", "ConfirmQuote")
	promises := of("inventory.v1.InventoryService", "Reserve", "CommitReservation", "ReleaseReservation")
	levels := of("inventory.v1.InventoryService", "BatchGetAvailability")
	moves := of("payment.v1.PaymentService", "AuthorizePayment", "CapturePayment")
	news := of("payment.v1.PaymentService", "ReceiveWebhook")
	orders := of("cart.v1.CheckoutService", "Checkout", "ResumeCheckout")
	changes := of("cart.v1.CartService", "CreateCart", "UpdateCart", "AddLines", "UpdateLine", "RemoveLine", "SetShippingOption", "ApplyCoupon", "RemoveCoupon")
	return []SLO{
		{"gateway-checkout", "gateway", is("rpc", buys...), 500, "2.5", 10_000, "99.95 % of checkouts work, 99 % within 2.5 s"},
		{"gateway-browse", "gateway", is("rpc", browses...), 1000, "0.25", 10_000, "99.9 % of catalogue pages work, 99 % within 250 ms"},
		{"gateway", "gateway", others(buys, browses), 1000, "", 0, "99.9 % of all other requests work"},
		{"product-reads", "product", is("rpc", reads...), 500, "0.05", 10_000, "99.95 % of reads work, 99 % within 50 ms"},
		{"product", "product", others(reads), 1000, "0.5", 10_000, "99.9 % of searches and changes work, 99 % within 500 ms"},
		{"pricing-quotes", "pricing", is("rpc", quotes...), 500, "0.05", 10_000, "99.95 % of prices and quotes work, 99 % within 50 ms"},
		{"pricing", "pricing", others(quotes), 1000, "", 0, "99.9 % of all other calls work"},
		{"cart-checkout", "cart", is("rpc", orders...), 500, "2.5", 10_000, "99.95 % of checkouts work, 99 % within 2.5 s"},
		{"cart-changes", "cart", is("rpc", changes...), 1000, "0.5", 1000, "99.9 % of changes of carts work, 99.9 % within 500 ms"},
		{"cart", "cart", others(orders, changes), 1000, "0.25", 10_000, "99.9 % of all other calls work, 99 % within 250 ms"},
		{"inventory-promises", "inventory", is("rpc", promises...), 1000, "0.25", 1000, "99.9 % of reservations, commits and releases work, 99.9 % within 250 ms"},
		{"inventory-levels", "inventory", is("rpc", levels...), 1000, "0.05", 10_000, "99.9 % of questions about what is there work, 99 % within 50 ms"},
		{"inventory", "inventory", others(promises, levels), 1000, "", 0, "99.9 % of all other calls work"},
		{"payment-moves", "payment", is("rpc", moves...), 1000, "2.5", 10_000, "99.9 % of authorizations and captures get an answer, 99 % within 2.5 s, the provider's time included"},
		{"payment-news", "payment", is("rpc", news...), 100, "0.25", 10_000, "99.99 % of providers' news are taken, 99 % within 250 ms"},
		{"payment", "payment", others(moves, news), 1000, "", 0, "99.9 % of all other calls work"},
	}
}

func others(sets ...[]string) Match {
	m := Match{Label: "rpc", Op: NotIn}
	for _, s := range sets {
		m.Values = append(m.Values, s...)
	}
	return m
}

// SLOs are those of one service.
func SLOs(service string) []SLO {
	var list []SLO
	for _, o := range sets() {
		if o.Service == service {
			list = append(list, o)
		}
	}
	return list
}

// faults are the gRPC codes that are the shop's fault. Whatever else a caller is told is an answer.
func faults() []string {
	return []string{"Internal", "Unknown", "Unavailable", "DeadlineExceeded", "DataLoss"}
}

// Objective is one half of an SLO: calls that do not fail, or calls that are not slow.
type Objective struct {
	SLO
	// Slowness tells the two apart.
	Slowness bool
}

// Objectives are the halves that there are.
func (o SLO) Objectives() []Objective {
	list := []Objective{{SLO: o}}
	if o.Within != "" {
		list = append(list, Objective{SLO: o, Slowness: true})
	}
	return list
}

func (o SLO) alerts() []string {
	var names []string
	for _, objective := range o.Objectives() {
		names = append(names, objective.Alert())
	}
	return names
}

// ID names the objective in labels.
func (o Objective) ID() string {
	if o.Slowness {
		return o.Name + "-slow"
	}
	return o.Name + "-errors"
}

// Alert is the name of the alert: CartCheckoutErrors, CartCheckoutSlow.
func (o Objective) Alert() string {
	var name strings.Builder
	for part := range strings.SplitSeq(o.ID(), "-") {
		name.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return name.String()
}

// budget is the share of calls that may be bad.
func (o Objective) budget() float64 { return float64(o.allowed()) / 1e6 }

func (o Objective) allowed() int {
	if o.Slowness {
		return o.Slow
	}
	return o.Failing
}

// target is the share of calls that have to be good, in percent.
func (o Objective) target() float64 { return float64(1_000_000-o.allowed()) / 1e4 }

// summary says what is wrong.
func (o Objective) summary() string {
	what := "fail"
	if o.Slowness {
		what = "are slow"
	}
	return "Too many calls of " + o.Service + " " + what + " (" + o.Says + ")."
}

// total selects the calls that count.
func (o Objective) total() Series {
	if o.Slowness {
		return Series{Metric: "rpc_server_duration_seconds_count", Match: []Match{o.RPCs}}
	}
	return Series{Metric: "rpc_server_requests_total", Match: []Match{o.RPCs}}
}

// part selects those that failed, or those that were in time.
func (o Objective) part() Series {
	if o.Slowness {
		return Series{Metric: "rpc_server_duration_seconds_bucket", Match: []Match{o.RPCs, is("le", o.Within)}}
	}
	return Series{Metric: "rpc_server_requests_total", Match: []Match{o.RPCs, is("code", faults()...)}}
}

// Budget is the share of calls that may be bad, as a decimal.
func (o Objective) Budget() string { return number(o.budget()) }
