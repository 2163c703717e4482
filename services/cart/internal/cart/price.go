package cart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Price works out what a cart costs now: the catalogue and pricing are asked, whatever is remembered. It must not be called
// while a transaction is open. The caller of ctx decides the customer groups. A line that cannot be bought is marked and costs
// nothing; Ready tells whether all is well.
func (s *Service) Price(ctx context.Context, c *Cart) (*Priced, error) {
	facts, err := s.ask(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.workOut(ctx, c, facts)
}

// reprice is Price, except that answers younger than Freshness to the same questions are used again. Only what is
// looked up in this service's own tables is then worked out anew.
func (s *Service) reprice(ctx context.Context, c *Cart) (*Priced, error) {
	p := c.Priced
	if p == nil || p.Demand != s.demand(ctx, c) {
		return s.Price(ctx, c)
	}
	if s.fresh(p) {
		return s.workOut(ctx, c, p.facts())
	}
	priced, err := s.Price(ctx, c)
	if err != nil && transient(err) { // a change that no other service has a say in is taken also while they are down
		s.Metrics.stale()
		return s.workOut(ctx, c, p.facts())
	}
	return priced, err
}

// facts are the answers of other services that a price is worked out from.
type facts struct {
	variants map[string]Variant
	basket   Basket
	quote    Quote
	demand   string
	from     *Priced // whose answers they are, when they were remembered
}

func (s *Service) ask(ctx context.Context, c *Cart) (facts, error) {
	s.Metrics.asked()
	f := facts{demand: s.demand(ctx, c)}
	if len(c.Lines) == 0 {
		f.basket = s.basket(ctx, c, nil)
		return f, nil
	}
	skus := make([]string, len(c.Lines))
	for i, line := range c.Lines {
		skus[i] = line.SKU
	}
	var err error
	if f.variants, err = s.Catalogue.Variants(ctx, c.Channel, c.Locale, skus); err != nil {
		return facts{}, fmt.Errorf("read the catalogue: %w", err)
	}
	f.basket = s.basket(ctx, c, f.variants)
	if len(f.basket.Lines) == 0 {
		return f, nil
	}
	if f.quote, err = s.Pricing.Quote(ctx, f.basket); err != nil {
		return facts{}, tooLarge(fmt.Errorf("quote the cart: %w", err))
	}
	return f, nil
}

// basket is what pricing is asked: the lines that are on sale.
func (s *Service) basket(ctx context.Context, c *Cart, variants map[string]Variant) Basket {
	b := Basket{
		Channel: c.Channel, Currency: c.Currency, Country: c.Place().Country,
		Groups: groups(ctx, c), CustomerKey: c.customerKey(), Coupons: c.Coupons,
	}
	for _, line := range c.Lines {
		variant, ok := variants[line.SKU]
		if !ok || !variant.Published {
			continue
		}
		b.Lines = append(b.Lines, BasketLine{
			LineID: line.ID, SKU: line.SKU, Quantity: line.Quantity,
			ProductID: variant.ProductID, CategoryIDs: variant.CategoryIDs, Tags: variant.Tags,
		})
	}
	return b
}

// groups are the customer groups of the buyer. Staff who look at a customer's cart are not the buyer: what was known
// when the buyer last changed it counts then.
func groups(ctx context.Context, c *Cart) []string {
	caller := identity.From(ctx)
	if caller.Kind == identity.Customer && c.ownedBy(caller) {
		return slices.Sorted(slices.Values(caller.Groups))
	}
	if c.CustomerID != "" && c.Priced != nil {
		return c.Priced.Basket.Groups
	}
	return nil
}

// customerKey is who limits per customer are counted for: the customer, else a digest of the e-mail address.
func (c *Cart) customerKey() string {
	if c.CustomerID != "" {
		return "customer:" + digest(c.CustomerID)
	}
	if c.Email != "" {
		return "email:" + digest(strings.ToLower(c.Email))
	}
	return ""
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// demand digests all that the answers of other services depend on.
func (s *Service) demand(ctx context.Context, c *Cart) string {
	text, _ := json.Marshal([]any{ // strings and numbers always marshal; lists that are nil and empty must digest alike
		c.Channel, c.Currency, c.Place().Country, c.Locale, c.customerKey(),
		append([]string{}, groups(ctx, c)...), append([]Line{}, c.Lines...), append([]string{}, c.Coupons...),
	})
	return digest(string(text))
}

// facts are the answers a price was worked out from.
func (p *Priced) facts() facts {
	f := facts{variants: make(map[string]Variant, len(p.Lines)), basket: p.Basket, quote: p.Quote, demand: p.Demand, from: p}
	for _, line := range p.Lines {
		if line.Problem == Unavailable {
			continue
		}
		f.variants[line.SKU] = Variant{
			SKU: line.SKU, ProductID: line.ProductID, Handle: line.Handle, Title: line.Title, VariantTitle: line.VariantTitle,
			ImageURL: line.ImageURL, CategoryIDs: line.CategoryIDs, Tags: line.Tags, TaxClass: line.TaxClass,
			Published: true, RequiresShipping: line.RequiresShipping, WeightGrams: line.WeightGrams,
		}
	}
	return f
}

// tooLarge names an amount that does not fit as the state of the cart that it is, and not as a wrong request.
func tooLarge(err error) error {
	if errs.Has(err, ErrAmount) {
		return ErrAmount.New("An amount of the cart gets too large.").Because(err)
	}
	return err
}

// problems are the lines that cannot be bought, as one error; nil when all can.
func (p *Priced) problems() error {
	var failure *errs.Error
	for i, line := range p.Lines {
		kind, message := ErrUnavailable, "is not sold here any more."
		switch line.Problem {
		case "":
			continue
		case Unpriced:
			kind, message = ErrPriceMissing, "has no price in this currency."
		}
		if failure == nil {
			failure = kind.New("%s %s", line.SKU, message)
		}
		failure = failure.Field(fmt.Sprintf("lines[%d].sku", i), kind.Reason(), line.SKU+" "+message)
	}
	if failure == nil {
		return nil
	}
	return failure
}
