// Package auth turns a bearer token of an OpenID Connect issuer into a principal, after RFC 8725 (best current practice
// for JWT) and RFC 9068 (access tokens). It keeps no session and issues nothing.
package auth

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// maxToken bounds a token before anything is parsed.
	maxToken = 8 << 10
	// leeway is how far the clocks of issuer and gateway may be apart.
	leeway = 60 * time.Second
)

// algorithms are the signature algorithms accepted; all are asymmetric, so a public key can never be used as a secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.ES256, jose.ES384, jose.EdDSA}

// Config names the issuer that the gateway trusts.
type Config struct {
	// Issuer is compared exactly with the token's iss.
	Issuer string
	// Audience must be among the token's aud.
	Audience string
	// RequireAccessToken refuses tokens whose typ header is not at+jwt (RFC 9068). Off only for issuers that do not set it.
	RequireAccessToken bool
	// StaffScopes are the scopes of the back office; a token with one of them belongs to staff.
	StaffScopes []string
}

// Verifier verifies tokens.
type Verifier struct {
	config Config
	keys   *KeySet
	clock  clock.Clock
}

// NewVerifier returns a verifier that finds the issuer's keys through keys.
func NewVerifier(config Config, keys *KeySet, clk clock.Clock) *Verifier {
	return &Verifier{config: config, keys: keys, clock: clk}
}

// claims are what the gateway reads from a token.
type claims struct {
	jwt.Claims
	Email         string          `json:"email"`
	EmailVerified *bool           `json:"email_verified"`
	Scope         string          `json:"scope"`
	Scp           json.RawMessage `json:"scp"`
	Groups        json.RawMessage `json:"groups"`
	// Nonce and AtHash stand in ID tokens only.
	Nonce  json.RawMessage `json:"nonce"`
	AtHash json.RawMessage `json:"at_hash"`
}

// Verify returns the principal of a token, or TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_NOT_YET or ISSUER_UNAVAILABLE.
func (v *Verifier) Verify(ctx context.Context, token string) (identity.Principal, error) {
	if len(token) > maxToken {
		return identity.Principal{}, ErrTokenInvalid.New("The bearer token is longer than %d bytes.", maxToken)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return identity.Principal{}, invalid(err)
	}
	header := parsed.Headers[0]
	// No extension that could be critical is understood here (RFC 8725 section 3.10), not even those the library knows.
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return identity.Principal{}, invalid(nil)
	}
	if v.config.RequireAccessToken && !isAccessToken(header) {
		return identity.Principal{}, invalid(nil)
	}
	key, err := v.keys.Find(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return identity.Principal{}, err
	}
	var c claims
	if err := parsed.Claims(key, &c); err != nil {
		return identity.Principal{}, invalid(err)
	}
	if c.Nonce != nil || c.AtHash != nil {
		return identity.Principal{}, invalid(nil)
	}
	if err := v.validate(c.Claims); err != nil {
		return identity.Principal{}, err
	}
	return v.principal(c), nil
}

func isAccessToken(header jose.Header) bool {
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return typ == "at+jwt"
}

func (v *Verifier) validate(c jwt.Claims) error {
	now := v.clock.Now()
	switch {
	case c.Issuer != v.config.Issuer, !slices.Contains(c.Audience, v.config.Audience), c.Subject == "", len(c.Subject) > 255, c.Expiry == nil:
		return invalid(nil)
	case now.After(c.Expiry.Time().Add(leeway)):
		return ErrTokenExpired.New("The bearer token expired at %s.", c.Expiry.Time().UTC().Format(time.RFC3339))
	case c.NotBefore != nil && now.Add(leeway).Before(c.NotBefore.Time()),
		c.IssuedAt != nil && now.Add(leeway).Before(c.IssuedAt.Time()):
		return ErrTokenNotYet.New("The bearer token is not valid yet.")
	}
	return nil
}

func (v *Verifier) principal(c claims) identity.Principal {
	p := identity.Principal{Kind: identity.Customer, Subject: c.Subject, Groups: listOf(c.Groups)}
	if c.EmailVerified == nil || *c.EmailVerified {
		p.Email = c.Email
	}
	for _, scope := range scopesOf(c) {
		if slices.Contains(v.config.StaffScopes, scope) {
			p.Kind = identity.Staff
			p.Scopes = append(p.Scopes, scope)
		}
	}
	return p
}

// scopesOf reads "scope" (RFC 8693, one string) or "scp", which some issuers send as a string or a list.
func scopesOf(c claims) []string {
	scopes := strings.Fields(c.Scope)
	for _, scope := range listOf(c.Scp) {
		scopes = append(scopes, strings.Fields(scope)...)
	}
	return scopes
}

// listOf reads a claim that is a list of strings or one string. Anything else counts as nothing: a claim that issuers
// shape as they like must not lock their users out.
func listOf(claim json.RawMessage) []string {
	var list []string
	var text string
	switch {
	case len(claim) == 0:
		return nil
	case json.Unmarshal(claim, &list) == nil:
		return list
	case json.Unmarshal(claim, &text) == nil:
		return []string{text}
	default:
		return nil
	}
}

func invalid(cause error) error {
	return ErrTokenInvalid.New("The bearer token is not one this shop accepts.").Because(cause)
}
