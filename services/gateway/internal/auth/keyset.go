package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/go-jose/go-jose/v4"
)

const (
	// refetchAfter bounds how often an unknown key id can cause a fetch, so that forged tokens make no storm.
	refetchAfter = 30 * time.Second
	// maxDocument bounds what is read from the issuer.
	maxDocument = 1 << 20
	// fetchTimeout bounds one fetch.
	fetchTimeout = 5 * time.Second
)

// KeySet holds the issuer's public keys. Keys that are known keep working while the issuer is down.
type KeySet struct {
	issuer string
	client *http.Client
	clock  clock.Clock

	mu        sync.Mutex
	keys      jose.JSONWebKeySet
	fetchedAt time.Time
	triedAt   time.Time
}

// NewKeySet returns the keys of an issuer, found through its discovery document (OpenID Connect Discovery 1.0). Nothing
// is fetched before the first token arrives.
func NewKeySet(issuer string, clk clock.Clock) *KeySet {
	client := &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &KeySet{issuer: issuer, client: client, clock: clk}
}

// Find returns the public key with an id for an algorithm. An unknown id leads to at most one fetch in 30 seconds.
func (k *KeySet) Find(ctx context.Context, id, algorithm string) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.lookup(id, algorithm); ok {
		return key, nil
	}
	now := k.clock.Now()
	if !k.triedAt.IsZero() && now.Sub(k.triedAt) < refetchAfter {
		if k.fetchedAt.IsZero() && now.Sub(k.triedAt) >= time.Second {
			return k.refresh(ctx, id, algorithm)
		}
		return nil, k.missing(nil)
	}
	return k.refresh(ctx, id, algorithm)
}

func (k *KeySet) refresh(ctx context.Context, id, algorithm string) (any, error) {
	k.triedAt = k.clock.Now()
	keys, err := k.fetch(context.WithoutCancel(ctx))
	if err != nil {
		return nil, k.missing(err)
	}
	k.keys, k.fetchedAt = keys, k.triedAt
	if key, ok := k.lookup(id, algorithm); ok {
		return key, nil
	}
	return nil, k.missing(nil)
}

// missing tells a token with an unknown key from an issuer that never answered.
func (k *KeySet) missing(cause error) error {
	if k.fetchedAt.IsZero() {
		return ErrIssuerDown.New("The token issuer's keys cannot be fetched.").RetryAfter(time.Second).Because(cause)
	}
	return invalid(cause)
}

// lookup binds the key to the algorithm: a key made for one is never used with another (RFC 8725 section 3.1).
func (k *KeySet) lookup(id, algorithm string) (any, bool) {
	for _, key := range k.keys.Keys {
		if key.KeyID == id && (key.Algorithm == "" || key.Algorithm == algorithm) && key.Use != "enc" && key.IsPublic() {
			return key.Key, true
		}
	}
	return nil, false
}

func (k *KeySet) fetch(ctx context.Context) (jose.JSONWebKeySet, error) {
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := k.get(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	if discovery.Issuer != k.issuer {
		return jose.JSONWebKeySet{}, fmt.Errorf("discovery document is of issuer %q", discovery.Issuer)
	}
	var keys jose.JSONWebKeySet
	if err := k.get(ctx, discovery.JWKSURI, &keys); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	return keys, nil
}

func (k *KeySet) get(ctx context.Context, url string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into)
}
