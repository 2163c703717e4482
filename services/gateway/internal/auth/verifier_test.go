package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/auth"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/authtest"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a verifier that trusts one issuer, and the clock it goes by.
type fixture struct {
	t        *testing.T
	issuer   *authtest.Issuer
	clock    *clocktest.Fake
	verifier *auth.Verifier
}

func newFixture(t *testing.T, change ...func(*auth.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, issuer: authtest.New(t), clock: clocktest.New(time.Now().Truncate(time.Second))}
	config := auth.Config{
		Issuer: f.issuer.URL, Audience: authtest.Audience, RequireAccessToken: true, StaffScopes: []string{"orders:read", "catalog:write"},
	}
	for _, c := range change {
		c(&config)
	}
	f.verifier = auth.NewVerifier(config, auth.NewKeySet(f.issuer.URL, f.clock), f.clock)
	return f
}

func (f *fixture) claims() map[string]any { return f.issuer.Claims("ada", f.clock.Now()) }

func (f *fixture) reason(token string) string {
	_, err := f.verifier.Verify(f.t.Context(), token)
	return errs.ReasonOf(err)
}

// with returns good claims with changes; a nil value takes the claim away.
func (f *fixture) with(changes map[string]any) map[string]any {
	claims := f.claims()
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
	return claims
}

func segment(t *testing.T, document any) string {
	t.Helper()
	text, ok := document.(string)
	if !ok {
		raw, err := json.Marshal(document)
		require.NoError(t, err)
		text = string(raw)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// A shop is anybody's when one of these tokens opens it.
func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, kid := f.issuer.Key()
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	thiefRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := f.issuer.Sign(f.claims(), nil)
	parts := strings.Split(good, ".")
	hs := func(secret []byte) string {
		return authtest.Sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: secret}, kid, f.claims(), nil)
	}
	by := func(kid string, headers map[jose.HeaderKey]any) string {
		return authtest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: thief}, kid, f.claims(), headers)
	}
	claimed := func(changes map[string]any) string { return f.issuer.Sign(f.with(changes), nil) }
	headed := func(name jose.HeaderKey, value any) string {
		return f.issuer.Sign(f.claims(), map[jose.HeaderKey]any{name: value})
	}
	none := map[string]any{"alg": "none", "typ": "at+jwt", "kid": kid}
	twice := `{"iss":"` + f.issuer.URL + `","aud":"cartwright","sub":"ada","sub":"admin","exp":` + jsonNumber(f.clock.Now().Add(time.Hour)) + `}`
	for name, forged := range map[string]struct{ token, reason string }{
		"alg none":                    {segment(t, none) + "." + parts[1] + ".", "TOKEN_INVALID"},
		"alg none with signature":     {segment(t, none) + "." + parts[1] + "." + parts[2], "TOKEN_INVALID"},
		"alg NoNe":                    {segment(t, map[string]any{"alg": "NoNe", "typ": "at+jwt"}) + "." + parts[1] + ".", "TOKEN_INVALID"},
		"HS256 with the public key":   {hs(publicPEM), "TOKEN_INVALID"},
		"HS256 with the key as DER":   {hs(public), "TOKEN_INVALID"},
		"HS256 with an empty secret":  {hs(make([]byte, 32)), "TOKEN_INVALID"},
		"another key, known kid":      {by(kid, nil), "TOKEN_INVALID"},
		"another key, unknown kid":    {by("other", nil), "TOKEN_INVALID"},
		"no kid":                      {by("", nil), "TOKEN_INVALID"},
		"kid is a path":               {by("../../etc/passwd", nil), "TOKEN_INVALID"},
		"kid is SQL":                  {by("' OR '1'='1", nil), "TOKEN_INVALID"},
		"embedded jwk":                {by(kid, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: thief.Public()}}), "TOKEN_INVALID"},
		"embedded jwk, no kid":        {by("", map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: thief.Public()}}), "TOKEN_INVALID"},
		"jku":                         {by("other", map[jose.HeaderKey]any{"jku": "http://127.0.0.1:1/keys"}), "TOKEN_INVALID"},
		"x5u":                         {by("other", map[jose.HeaderKey]any{"x5u": "http://127.0.0.1:1/cert"}), "TOKEN_INVALID"},
		"RS256 with a key of another": {authtest.Sign(t, jose.SigningKey{Algorithm: jose.RS256, Key: thiefRSA}, kid, f.claims(), nil), "TOKEN_INVALID"},
		"empty signature":             {parts[0] + "." + parts[1] + ".", "TOKEN_INVALID"},
		"signature of another token":  {parts[0] + "." + parts[1] + "." + strings.Split(claimed(map[string]any{"sub": "eve"}), ".")[2], "TOKEN_INVALID"},
		"changed claims":              {parts[0] + "." + segment(t, f.with(map[string]any{"sub": "eve"})) + "." + parts[2], "TOKEN_INVALID"},
		"wrong audience":              {claimed(map[string]any{"aud": "another-shop"}), "TOKEN_INVALID"},
		"audience as a prefix":        {claimed(map[string]any{"aud": "cartwright-test"}), "TOKEN_INVALID"},
		"no audience":                 {claimed(map[string]any{"aud": nil}), "TOKEN_INVALID"},
		"issuer with a slash":         {claimed(map[string]any{"iss": f.issuer.URL + "/"}), "TOKEN_INVALID"},
		"another issuer":              {claimed(map[string]any{"iss": "https://issuer.example.com"}), "TOKEN_INVALID"},
		"no issuer":                   {claimed(map[string]any{"iss": nil}), "TOKEN_INVALID"},
		"no subject":                  {claimed(map[string]any{"sub": nil}), "TOKEN_INVALID"},
		"subject of 256 characters":   {claimed(map[string]any{"sub": strings.Repeat("a", 256)}), "TOKEN_INVALID"},
		"no expiry":                   {claimed(map[string]any{"exp": nil}), "TOKEN_INVALID"},
		"expired 61 s ago":            {claimed(map[string]any{"exp": f.clock.Now().Add(-61 * time.Second).Unix()}), "TOKEN_EXPIRED"},
		"valid in 61 s":               {claimed(map[string]any{"nbf": f.clock.Now().Add(61 * time.Second).Unix()}), "TOKEN_NOT_YET"},
		"issued in the future":        {claimed(map[string]any{"iat": f.clock.Now().Add(61 * time.Second).Unix()}), "TOKEN_NOT_YET"},
		"expiry is text":              {claimed(map[string]any{"exp": "tomorrow"}), "TOKEN_INVALID"},
		"id token by type":            {headed(jose.HeaderType, "JWT"), "TOKEN_INVALID"},
		"no type":                     {headed(jose.HeaderType, ""), "TOKEN_INVALID"},
		"id token by nonce":           {claimed(map[string]any{"nonce": "n-0S6_WzA2Mj"}), "TOKEN_INVALID"},
		"id token by at_hash":         {claimed(map[string]any{"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), "TOKEN_INVALID"},
		"unknown crit":                {segment(t, map[string]any{"alg": "ES256", "kid": kid, "typ": "at+jwt", "crit": []string{"exp"}}) + "." + parts[1] + "." + parts[2], "TOKEN_INVALID"},
		"crit that libraries know":    {f.issuer.Sign(f.claims(), map[jose.HeaderKey]any{"crit": []string{"b64"}, "b64": true}), "TOKEN_INVALID"},
		"nested":                      {f.issuer.Sign([]byte(good), map[jose.HeaderKey]any{"cty": "JWT"}), "TOKEN_INVALID"},
		"encrypted form":              {good + ".a.b", "TOKEN_INVALID"},
		"duplicate claims":            {f.issuer.Sign([]byte(twice), nil), "TOKEN_INVALID"},
		"claims are a list":           {f.issuer.Sign([]byte(`[1]`), nil), "TOKEN_INVALID"},
		"9 KiB":                       {claimed(map[string]any{"pad": strings.Repeat("a", 9<<10)}), "TOKEN_INVALID"},
		"no token at all":             {"a", "TOKEN_INVALID"},
		"dots":                        {"..", "TOKEN_INVALID"},
		"not base64":                  {"!!.!!.!!", "TOKEN_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, forged.reason, f.reason(forged.token))
		})
	}
}

func jsonNumber(at time.Time) string {
	text, _ := json.Marshal(at.Unix())
	return string(text)
}

// A buyer with a good token is locked out when a limit is a second too tight.
func TestGoodTokensAreAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.issuer.Publish(map[string]string{"kty": "AKP", "kid": "post-quantum", "alg": "ML-DSA-44", "pub": "AAAA"})
	f.issuer.Publish("no key")
	for name, changes := range map[string]map[string]any{
		"plain":              {},
		"expired 60 s ago":   {"exp": f.clock.Now().Add(-60 * time.Second).Unix()},
		"valid in 60 s":      {"nbf": f.clock.Now().Add(60 * time.Second).Unix()},
		"several audiences":  {"aud": []string{"other", authtest.Audience}},
		"groups of any form": {"groups": map[string]any{"a": 1}},
		"null groups":        {"groups": nil, "scp": []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, f.reason(f.issuer.Sign(f.with(changes), nil)))
		})
	}
	require.Empty(t, f.reason(f.issuer.Sign(f.claims(), map[jose.HeaderKey]any{jose.HeaderType: "application/AT+JWT"})))
	lax := newFixture(t, func(c *auth.Config) { c.RequireAccessToken = false })
	require.Empty(t, lax.reason(lax.issuer.Sign(lax.claims(), map[jose.HeaderKey]any{jose.HeaderType: "JWT"})))
}

// Staff lose their rights, or customers gain some, when claims are read wrongly.
func TestPrincipalsAreReadFromClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		changes map[string]any
		want    identity.Principal
	}{
		"customer": {
			map[string]any{"email": "ada@example.com", "groups": []string{"trade"}},
			identity.Principal{Kind: identity.Customer, Subject: "ada", Email: "ada@example.com", Groups: []string{"trade"}},
		},
		"unverified e-mail": {
			map[string]any{"email": "ada@example.com", "email_verified": false}, identity.Principal{Kind: identity.Customer, Subject: "ada"},
		},
		"one group as text": {
			map[string]any{"groups": "trade"}, identity.Principal{Kind: identity.Customer, Subject: "ada", Groups: []string{"trade"}},
		},
		"staff by scope": {
			map[string]any{"scope": "openid orders:read"}, identity.Principal{Kind: identity.Staff, Subject: "ada", Scopes: []string{"orders:read"}},
		},
		"staff by scp as a list": {
			map[string]any{"scp": []string{"catalog:write", "x"}}, identity.Principal{Kind: identity.Staff, Subject: "ada", Scopes: []string{"catalog:write"}},
		},
		"staff by scp as text": {
			map[string]any{"scp": "orders:read catalog:write"},
			identity.Principal{Kind: identity.Staff, Subject: "ada", Scopes: []string{"orders:read", "catalog:write"}},
		},
		"scopes of nobody": {
			map[string]any{"scope": "orders:Read admin * orders:read:x"}, identity.Principal{Kind: identity.Customer, Subject: "ada"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := f.verifier.Verify(t.Context(), f.issuer.Sign(f.with(c.changes), nil))
			require.NoError(t, err)
			require.Equal(t, c.want, p)
		})
	}
}

// Forged key ids must not turn the gateway against the issuer.
func TestUnknownKeysAreAskedForOnceInThirtySeconds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)))
	require.Equal(t, 1, f.issuer.Fetches())
	thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	storm := func() {
		for n := range 200 {
			forged := authtest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: thief}, "kid-"+jsonNumber(time.Unix(int64(n), 0)), f.claims(), nil)
			require.Equal(t, "TOKEN_INVALID", f.reason(forged))
		}
	}
	storm()
	require.Equal(t, 1, f.issuer.Fetches(), "the first fetch was less than 30 s ago")
	f.clock.Advance(31 * time.Second)
	storm()
	storm()
	require.Equal(t, 2, f.issuer.Fetches())
}

// Buyers stay signed in while the issuer is down, and a key change costs nobody a request.
func TestKeysOutliveTheIssuerAndRotate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := f.issuer.Sign(f.claims(), nil)
	require.Empty(t, f.reason(old))
	f.issuer.SetDown(true)
	for range 6 {
		f.clock.Advance(10 * time.Minute)
		require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)), "an hour without the issuer")
	}
	f.issuer.SetDown(false)
	f.issuer.Rotate(true)
	f.clock.Advance(31 * time.Second)
	require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)), "the new key is found at once")
	f.issuer.Rotate(false)
	taken := f.issuer.Sign(f.claims(), nil)
	f.clock.Advance(31 * time.Second)
	require.Empty(t, f.reason(taken))
}

// A key that the issuer has taken back must stop working although nobody asks for another one.
func TestKeysTakenBackStopWorking(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stolen := f.issuer.Sign(f.with(map[string]any{"exp": f.clock.Now().Add(24 * time.Hour).Unix()}), nil)
	require.Empty(t, f.reason(stolen))
	f.issuer.Rotate(false)
	f.clock.Advance(11 * time.Minute)
	require.Eventually(t, func() bool { return f.reason(stolen) == "TOKEN_INVALID" }, 5*time.Second, time.Millisecond)
}

// One forged key id must not make every signed-in buyer wait for a slow issuer.
func TestASlowIssuerDelaysNobodyWhoseKeyIsKnown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)))
	f.clock.Advance(31 * time.Second)
	release := f.issuer.Hold()
	defer release()
	thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	forged := make(chan string, 1)
	token := authtest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: thief}, "other", f.claims(), nil)
	go func() { forged <- f.reason(token) }()
	for range 50 {
		require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)))
	}
	require.Empty(t, forged, "the forged one still waits")
	release()
	require.Equal(t, "TOKEN_INVALID", <-forged)
}

// Before the issuer has ever answered, nobody can be told that their token is wrong.
func TestAnIssuerThatNeverAnsweredIsAFailureOfOurs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.issuer.SetDown(true)
	_, err := f.verifier.Verify(t.Context(), f.issuer.Sign(f.claims(), nil))
	require.Equal(t, "ISSUER_UNAVAILABLE", errs.ReasonOf(err))
	require.Equal(t, errs.Unavailable, errs.CodeOf(err))
	require.Positive(t, errs.RetryAfterOf(err))
	f.issuer.SetDown(false)
	f.clock.Advance(time.Second)
	require.Empty(t, f.reason(f.issuer.Sign(f.claims(), nil)))
}
