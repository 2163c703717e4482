package payment

import (
	"context"
	"errors"
	"slices"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// maxAmount bounds a payment, in minor units: the books stay far from what an integer can hold.
const maxAmount = 1_000_000_000_000_000

// AuthorizeRequest asks for an amount by one method.
type AuthorizeRequest struct {
	// PaymentID is the caller's id and the idempotency key.
	PaymentID string
	// RequestID is for the audit trail.
	RequestID string
	// OrderID, CartID and CustomerReference say for what and whom.
	OrderID           string
	CartID            string
	CustomerReference string
	// Amount is 0 or more.
	Amount money.Money
	// Method, Channel and Country choose how.
	Method  string
	Channel string
	Country string
	// Token is the payer's means, for methods that need one.
	Token string
	// ReturnURL is where the buyer comes back to.
	ReturnURL string
}

// errTaken ends a transaction that found the payment's id taken.
var errTaken = errors.New("the payment exists")

// Authorize opens a payment. The same request again answers the payment as it is now.
func (s *Service) Authorize(ctx context.Context, r AuthorizeRequest) (*Payment, error) {
	if _, err := money.New(r.Amount.Currency, r.Amount.Minor); err != nil {
		return nil, err
	}
	if r.Amount.Minor < 0 {
		return nil, money.ErrRange.At("amount.minorUnits", "The amount must be 0 or more.")
	}
	if r.Amount.Minor > maxAmount {
		return nil, money.ErrRange.At("amount.minorUnits", "The amount must be at most %d minor units.", int64(maxAmount))
	}
	p, capabilities, err := s.open(ctx, r)
	if err != nil {
		// A repeated request is answered even if it would be refused now.
		if known, getErr := s.store.Get(ctx, r.PaymentID); getErr == nil {
			return s.repeat(ctx, known, r)
		}
		return nil, err
	}
	switch err := s.admit(ctx, p, capabilities); {
	case errors.Is(err, errTaken):
		known, err := s.store.Get(ctx, r.PaymentID)
		if err != nil {
			return nil, err
		}
		return s.repeat(ctx, known, r)
	case err != nil:
		return nil, err
	case len(p.Operations) == 0:
		return p, nil
	}
	return s.refuseToken(s.send(ctx, p, p.Operations[0], false))
}

// open makes the payment that a request asks for, or says what is wrong with it.
func (s *Service) open(ctx context.Context, r AuthorizeRequest) (*Payment, Capabilities, error) {
	p := &Payment{
		ID: r.PaymentID, OrderID: r.OrderID, CartID: r.CartID, CustomerReference: r.CustomerReference,
		Channel: r.Channel, Country: r.Country, Method: r.Method, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		SeparatesCapture: true, Token: r.Token, ReturnURL: r.ReturnURL, RequestID: r.RequestID, Actor: actor(ctx), Version: 1,
	}
	if err := checkReturnURL(r.ReturnURL, s.cfg.ReturnHosts); err != nil {
		return nil, Capabilities{}, err
	}
	if r.Amount.IsZero() {
		p.Summary = Derive(p)
		return p, Capabilities{}, nil
	}
	provider, capabilities, err := s.choose(ctx, r)
	if err != nil {
		return nil, Capabilities{}, err
	}
	if capabilities.NeedsToken && r.Token == "" {
		return nil, Capabilities{}, errs.InvalidField.New("The method %s needs a token.", r.Method).Field("token", "FIELD_REQUIRED", "Send the provider's token.")
	}
	if capabilities.NeedsReturnURL && r.ReturnURL == "" {
		return nil, Capabilities{}, errs.InvalidField.New("The method %s needs a return_url.", r.Method).Field("returnUrl", "FIELD_REQUIRED", "Say where the buyer comes back to.")
	}
	if !capabilities.NeedsToken {
		p.Token = ""
	}
	p.Provider, p.SeparatesCapture = provider.Name(), capabilities.SeparatesCapture
	p.Operations = []Operation{{
		ID: id.New(), PaymentID: p.ID, OrderID: p.OrderID, Provider: p.Provider, Kind: Authorize, Status: Sending, Attempts: 1,
		Amount: p.Amount, Currency: p.Currency, CallerID: p.ID, RequestID: p.RequestID, Actor: p.Actor,
	}}
	p.Summary = Derive(p)
	return p, capabilities, nil
}

// choose finds the provider of a method that is offered for the request.
func (s *Service) choose(ctx context.Context, r AuthorizeRequest) (Provider, Capabilities, error) {
	if _, ok := iso.Country(r.Country); r.Country != "" && !ok {
		return nil, Capabilities{}, ErrCountry.At("countryCode", "%q is not an ISO 3166-1 country code.", r.Country)
	}
	settings, err := s.store.Settings(ctx, r.Channel)
	if err != nil {
		return nil, Capabilities{}, err
	}
	provider, capabilities, ok := s.carrier(r.Method)
	i := slices.IndexFunc(effective(settings), func(m MethodSetting) bool { return m.Method == r.Method })
	if !ok || i < 0 {
		return nil, Capabilities{}, ErrMethod.At("method", "The method %q is not offered.", r.Method)
	}
	setting := effective(settings)[i]
	if r.Country == "" {
		setting.Countries = nil // an order without a country was accepted by its owner
	}
	if !setting.Takes(r.Country, r.Amount.Currency) {
		return nil, Capabilities{}, ErrMethod.At("method", "The method %q is not offered for %s in %s.", r.Method, r.Amount.Currency, r.Country)
	}
	if least := setting.Minimums[r.Amount.Currency]; r.Amount.Minor < least {
		return nil, Capabilities{}, ErrTooSmall.At("amount", "The smallest amount is %s.", money.Money{Currency: r.Amount.Currency, Minor: least})
	}
	return provider, capabilities, nil
}

// admit stores a new payment, if the buyer has attempts left. It fails with errTaken when the id exists.
func (s *Service) admit(ctx context.Context, p *Payment, c Capabilities) error {
	if c.LimitsAttempts {
		p.AttemptScopes = p.scopes()
	}
	return s.store.Tx(ctx, func(ctx context.Context) error {
		inserted, err := s.store.Insert(ctx, p, s.cfg.lease())
		if err != nil {
			return err
		}
		if !inserted {
			return errTaken
		}
		if len(p.AttemptScopes) == 0 {
			return nil
		}
		limits := make([]Limit, len(p.AttemptScopes))
		for i, scope := range p.AttemptScopes {
			limits[i] = Limit{Scope: scope, Max: s.cfg.MaxDeclines}
		}
		if p.CustomerReference != "" {
			limits[len(limits)-1].Max = s.cfg.MaxCustomerDeclines
		}
		ok, err := s.store.TakeAttempts(ctx, limits, s.cfg.AttemptWindow)
		if err == nil && !ok {
			err = ErrCardAttempts.New("Too many card payments were refused.").RetryAfter(s.cfg.AttemptWindow)
		}
		return err
	})
}

// scopes are what refused attempts are counted by; the customer, if there is one, is the last.
func (p *Payment) scopes() []string {
	scopes := []string{"order:" + p.OrderID}
	if p.CartID != "" {
		scopes = append(scopes, "cart:"+p.CartID)
	}
	if p.CustomerReference != "" {
		scopes = append(scopes, "customer:"+p.CustomerReference)
	}
	return scopes
}

// repeat answers a request whose payment exists.
func (s *Service) repeat(ctx context.Context, p *Payment, r AuthorizeRequest) (*Payment, error) {
	auth := p.Authorization()
	if auth == nil && p.VoidRequested && p.Method == "" && p.Channel == "" {
		return nil, ErrState.New("The payment was voided before it was authorized.").Meta("state", string(p.State))
	}
	same := p.OrderID == r.OrderID && p.Channel == r.Channel && p.Method == r.Method && p.ReturnURL == r.ReturnURL &&
		p.Amount == r.Amount.Minor && p.Currency == r.Amount.Currency && (p.Token == r.Token || p.Token == "")
	if !same {
		return nil, reused("payment")
	}
	if auth == nil || auth.Status != Sending {
		return s.refuseToken(p, nil)
	}
	after, claimed, err := s.resolve(ctx, p, auth.ID, false)
	if err != nil {
		return nil, err
	}
	if !claimed {
		return nil, inProgress()
	}
	return s.refuseToken(after, nil)
}

// refuseToken turns a payment whose token the provider does not know into the error that it is.
func (s *Service) refuseToken(p *Payment, err error) (*Payment, error) {
	if err != nil {
		return nil, err
	}
	if auth := p.Authorization(); auth != nil && auth.Status == Failed && auth.FailureReason == ReasonTokenRejected {
		return nil, ErrToken.At("token", "The provider does not know the token.")
	}
	return p, nil
}
