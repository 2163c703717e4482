// Package authtest is an OpenID Connect issuer for tests: it signs tokens, publishes its keys over HTTP, counts who asks
// for them, and can be down, slow or change its keys.
package authtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// Audience is whom the tokens are made for.
const Audience = "cartwright"

// Issuer is an issuer that runs until the test ends.
type Issuer struct {
	// URL is the issuer's name and address.
	URL string

	t       testing.TB
	mu      sync.Mutex
	key     *ecdsa.PrivateKey
	kid     string
	extra   []any
	old     []jose.JSONWebKey
	down    bool
	hold    chan struct{}
	fetches int
}

// New starts an issuer with one key.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t}
	i.Rotate(false)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		i.fetches++
		i.mu.Unlock()
		i.answer(w, map[string]any{"keys": i.published()})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

func (i *Issuer) answer(w http.ResponseWriter, document any) {
	i.mu.Lock()
	down, hold := i.down, i.hold
	i.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	_ = json.NewEncoder(w).Encode(document)
}

func (i *Issuer) published() []any {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := append([]any{}, i.extra...)
	for _, key := range i.old {
		list = append(list, key)
	}
	return append(list, jose.JSONWebKey{Key: i.key.Public(), KeyID: i.kid, Algorithm: string(jose.ES256), Use: "sig"})
}

// Publish adds a document to the published keys, such as a key of a kind that nobody knows.
func (i *Issuer) Publish(key any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.extra = append(i.extra, key)
}

// Rotate signs with a new key from now on. The old one is still published when keep says so.
func (i *Issuer) Rotate(keep bool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(i.t, err)
	i.mu.Lock()
	defer i.mu.Unlock()
	if keep && i.key != nil {
		i.old = append(i.old, jose.JSONWebKey{Key: i.key.Public(), KeyID: i.kid, Algorithm: string(jose.ES256), Use: "sig"})
	}
	i.key, i.kid = key, fmt.Sprintf("key-%d", time.Now().UnixNano())
}

// SetDown makes the issuer answer with an error, or well again.
func (i *Issuer) SetDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Hold lets no answer out until release is called.
func (i *Issuer) Hold() (release func()) {
	hold := make(chan struct{})
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hold = hold
	return sync.OnceFunc(func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.hold = nil
		close(hold)
	})
}

// Fetches is how often the keys were asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Key returns the key that signs now, and its id.
func (i *Issuer) Key() (*ecdsa.PrivateKey, string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.key, i.kid
}

// Claims returns good claims for a subject at a moment.
func (i *Issuer) Claims(subject string, now time.Time) map[string]any {
	return map[string]any{
		"iss": i.URL, "aud": Audience, "sub": subject, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

// Token returns a good access token for a subject with scopes, written as one text.
func (i *Issuer) Token(subject, scopes string) string {
	claims := i.Claims(subject, time.Now())
	claims["email"] = subject + "@example.com"
	if scopes != "" {
		claims["scope"] = scopes
	}
	return i.Sign(claims, nil)
}

// Sign signs claims with the issuer's key. Headers are added to those of a good access token, and replace them.
func (i *Issuer) Sign(claims any, headers map[jose.HeaderKey]any) string {
	i.t.Helper()
	key, kid := i.Key()
	return Sign(i.t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, kid, claims, headers)
}

// Sign signs claims with any key. An empty kid leaves the header out.
func Sign(t testing.TB, key jose.SigningKey, kid string, claims any, headers map[jose.HeaderKey]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("at+jwt")
	if kid != "" {
		options = options.WithHeader(jose.HeaderKey("kid"), kid)
	}
	for name, value := range headers {
		options = options.WithHeader(name, value)
	}
	signer, err := jose.NewSigner(key, options)
	require.NoError(t, err)
	payload, ok := claims.([]byte)
	if !ok {
		payload, err = json.Marshal(claims)
		require.NoError(t, err)
	}
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	text, err := signed.CompactSerialize()
	require.NoError(t, err)
	return text
}
