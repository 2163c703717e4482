// Package issuer is a small OpenID Connect issuer for the local shop: it signs access tokens for whoever may reach it.
// Never run it where strangers can: a shop in production trusts its own identity provider instead.
package issuer

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	keyID = "local-1"
	// Lifetime is how long tokens last: a day, so that a developer's shell keeps working.
	Lifetime = 24 * time.Hour
)

// StaffScopes are all scopes of the admin API.
var StaffScopes = []string{
	"catalog:read", "catalog:write", "pricing:read", "pricing:write", "inventory:read", "inventory:write", "payments:read",
	"payments:write", "giftcards:read", "giftcards:write", "orders:read", "orders:write", "orders:refund", "sagas:read", "sagas:write",
	"settings:read", "settings:write",
}

// Issuer signs tokens with a key of its own.
type Issuer struct {
	url      string
	audience string
	public   jose.JSONWebKey
	signer   jose.Signer
}

// New returns an issuer that will be served at url. seed of 32 bytes gives the same key again, so that tokens outlive
// restarts; nil makes a fresh key.
func New(url, audience string, seed []byte) (*Issuer, error) {
	if seed == nil {
		seed = make([]byte, ed25519.SeedSize)
		if _, err := rand.Read(seed); err != nil {
			return nil, err
		}
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("issuer: seed has %d bytes, not %d", len(seed), ed25519.SeedSize)
	}
	private := ed25519.NewKeyFromSeed(seed)
	key := jose.JSONWebKey{Key: private, KeyID: keyID, Algorithm: string(jose.EdDSA), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, err
	}
	return &Issuer{url: url, audience: audience, public: key.Public(), signer: signer}, nil
}

// Claims is whom a token is for.
type Claims struct {
	Subject string   `json:"sub"`
	Email   string   `json:"email,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	Scope   string   `json:"scope,omitempty"`
}

// Token signs a token that is valid from now on.
func (i *Issuer) Token(c Claims) (string, error) {
	now := time.Now()
	return jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer: i.url, Audience: jwt.Audience{i.audience}, Subject: c.Subject, IssuedAt: jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(Lifetime)),
	}).Claims(map[string]any{"email": c.Email, "groups": c.Groups, "scope": c.Scope}).Serialize()
}

// StaffToken signs a token with every scope.
func (i *Issuer) StaffToken() (string, error) {
	return i.Token(Claims{Subject: "staff-local", Email: "staff@example.com", Scope: strings.Join(StaffScopes, " ")})
}

// Handler serves discovery, keys and POST /token, which takes Claims as JSON and answers with a token.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": i.url, "jwks_uri": i.url + "/keys", "token_endpoint": i.url + "/token",
			"id_token_signing_alg_values_supported": []string{string(jose.EdDSA)},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
	})
	mux.HandleFunc("POST /token", i.token)
	return mux
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	var c Claims
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&c); err != nil || c.Subject == "" {
		http.Error(w, `send {"sub": "...", "email": "...", "groups": [], "scope": "..."}`, http.StatusBadRequest)
		return
	}
	token, err := i.Token(c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(Lifetime.Seconds())})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
