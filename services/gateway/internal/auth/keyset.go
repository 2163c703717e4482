package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/go-jose/go-jose/v4"
)

const (
	// refetchAfter bounds how often the issuer is asked, so that forged key ids make no storm.
	refetchAfter = 30 * time.Second
	// firstAfter is refetchAfter while the issuer has never answered and no token can be verified at all.
	firstAfter = time.Second
	// renewAfter is the age at which keys are read again: a key that the issuer has taken back stops working then.
	renewAfter = 10 * time.Minute
	// maxDocument bounds what is read from the issuer.
	maxDocument = 1 << 20
	// fetchTimeout bounds one fetch, discovery included.
	fetchTimeout = 5 * time.Second
)

var errDowngrade = errors.New("the issuer is https and its jwks_uri is not")

// KeySet holds the issuer's public keys. Keys that are known keep working while the issuer is down, and a slow issuer
// never delays a token whose key is known.
type KeySet struct {
	issuer  string
	client  *http.Client
	clock   clock.Clock
	current atomic.Pointer[keys]

	mu      sync.Mutex
	triedAt time.Time
	running *fetch
}

// keys is what the issuer said at one moment.
type keys struct {
	set       jose.JSONWebKeySet
	fetchedAt time.Time
}

// fetch is one try to read the keys; err is set once done is closed.
type fetch struct {
	done chan struct{}
	err  error
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

// Find returns the public key with an id for an algorithm. An unknown id leads to at most one fetch in 30 seconds, and
// everybody who needs its result waits for the same one.
func (k *KeySet) Find(ctx context.Context, id, algorithm string) (any, error) {
	known := k.current.Load()
	if key, ok := known.lookup(id, algorithm); ok {
		if k.clock.Now().Sub(known.fetchedAt) >= renewAfter {
			k.fetchOnce(refetchAfter)
		}
		return key, nil
	}
	pause := refetchAfter
	if known == nil {
		pause = firstAfter
	}
	var cause error
	for started := false; !started; {
		var try *fetch
		if try, started = k.fetchOnce(pause); try == nil {
			break
		}
		select {
		case <-try.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the issuer's keys: %w", ctx.Err())
		}
		if key, ok := k.current.Load().lookup(id, algorithm); ok {
			return key, nil
		}
		// A fetch that ran already may have asked before the key was there: then one more is worth its while.
		cause = try.err
	}
	return nil, k.missing(cause)
}

// fetchOnce returns the fetch that runs, or starts one when the last was tried at least pause ago, else nil. It tells
// whether it has started one.
func (k *KeySet) fetchOnce(pause time.Duration) (try *fetch, started bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running != nil {
		return k.running, false
	}
	now := k.clock.Now()
	if !k.triedAt.IsZero() && now.Sub(k.triedAt) < pause {
		return nil, false
	}
	k.triedAt = now
	try = &fetch{done: make(chan struct{})}
	k.running = try
	go k.run(try)
	return try, true
}

func (k *KeySet) run(try *fetch) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	set, err := k.fetch(ctx)
	if err == nil {
		k.current.Store(&keys{set: set, fetchedAt: k.clock.Now()})
	}
	k.mu.Lock()
	try.err, k.running = err, nil
	k.mu.Unlock()
	close(try.done)
}

// missing tells a token with an unknown key from an issuer that never answered.
func (k *KeySet) missing(cause error) error {
	if k.current.Load() == nil {
		return ErrIssuerDown.New("The token issuer's keys cannot be fetched.").RetryAfter(time.Second).Because(cause)
	}
	return invalid(cause)
}

// lookup binds the key to the algorithm: a key made for one is never used with another (RFC 8725 section 3.1).
func (s *keys) lookup(id, algorithm string) (any, bool) {
	if s == nil {
		return nil, false
	}
	for _, key := range s.set.Keys {
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
	if address, err := url.Parse(discovery.JWKSURI); err != nil || strings.HasPrefix(k.issuer, "https:") && address.Scheme != "https" {
		return jose.JSONWebKeySet{}, errors.Join(errDowngrade, err)
	}
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(ctx, discovery.JWKSURI, &document); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	var set jose.JSONWebKeySet
	for _, text := range document.Keys {
		// A key of a kind that is not known here is of no use, and no reason to refuse the others (RFC 7517 section 5).
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) == nil {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

func (k *KeySet) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask the issuer: %w", err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the issuer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", address, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", address, err)
	}
	return nil
}
