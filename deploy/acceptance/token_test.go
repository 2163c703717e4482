package acceptance_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// jwt writes a token of a header and claims with whatever signature sign makes.
func jwt(t *testing.T, header, body map[string]any, sign func([]byte) []byte) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

// staffClaims are what a token with rights holds.
func (s *shop) staffClaims() map[string]any {
	now := time.Now().Unix()
	return map[string]any{"iss": s.issuer, "aud": "cartwright", "sub": "eve", "scope": "orders:read", "iat": now, "nbf": now, "exp": now + 600}
}

// publicKey is the issuer's key as everybody can read it.
func (s *shop) publicKey(t *testing.T) (id string, key ed25519.PublicKey) {
	t.Helper()
	answer, err := http.Get(s.issuer + "/keys")
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var set struct {
		Keys []struct{ Kid, X string }
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&set))
	x, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	require.NoError(t, err)
	return set.Keys[0].Kid, x
}

// When this fails somebody writes their own ticket to the back office.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	kid, public := theShop.publicKey(t)
	_, foreign, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	byForeign := func(text []byte) []byte { return ed25519.Sign(foreign, text) }
	claims := theShop.staffClaims()
	header := func(algorithm, key string) map[string]any {
		return map[string]any{"alg": algorithm, "kid": key, "typ": "at+jwt"}
	}
	for name, token := range map[string]string{
		"no signature":                 jwt(t, header("none", kid), claims, func([]byte) []byte { return nil }),
		"a signature of somebody else": jwt(t, header("EdDSA", kid), claims, byForeign),
		"the public key as a secret": jwt(t, header("HS256", kid), claims, func(text []byte) []byte {
			mac := hmac.New(sha256.New, public)
			mac.Write(text)
			return mac.Sum(nil)
		}),
		"a key from a file":  jwt(t, header("EdDSA", "../../etc/passwd"), claims, byForeign),
		"a key with a quote": jwt(t, header("EdDSA", "' OR 1=1 --"), claims, byForeign),
		"its own key inside": jwt(t, map[string]any{"alg": "EdDSA", "typ": "at+jwt", "jwk": map[string]string{
			"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(foreign.Public().(ed25519.PublicKey)),
		}}, claims, byForeign),
		"9 KiB":    strings.Repeat("a", 9<<10),
		"no token": "eyJhbGciOiJFZERTQSJ9",
		"nothing":  ".",
	} {
		refusal := problemOf(t, (&caller{t: t, shop: theShop, client: theShop.web.WithToken(token)}).try(shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/orders"}, nil))
		require.Equal(t, http.StatusUnauthorized, refusal.Status, name)
		require.Equal(t, "TOKEN_INVALID", refusal.Reason, name)
	}
}

// When this fails a token is good for longer, for other shops or for other uses than it was made for. The issuer signs none
// of these by itself, so this needs its key.
func TestTokensOutOfPlace(t *testing.T) {
	t.Parallel()
	if theShop.own == nil {
		theShop.leaveOut(t, "needs the issuer's private key")
		return
	}
	text, err := os.ReadFile(filepath.Join(theShop.options.Dir, "secrets.json"))
	require.NoError(t, err)
	var secrets struct{ IssuerSeed string }
	require.NoError(t, json.Unmarshal(text, &secrets))
	seed, err := hex.DecodeString(secrets.IssuerSeed)
	require.NoError(t, err)
	private := ed25519.NewKeyFromSeed(seed)
	kid, _ := theShop.publicKey(t)
	now := time.Now().Unix()
	for _, c := range []struct {
		name, claim string
		value       any
		kind        string
		status      int
		reason      string
	}{
		{"as it should be", "sub", "ann", "at+jwt", 200, ""},
		{"for another shop", "aud", "somebody-else", "at+jwt", 401, "TOKEN_INVALID"},
		{"by another issuer", "iss", "https://issuer.example.com", "at+jwt", 401, "TOKEN_INVALID"},
		{"by the issuer with a slash", "iss", theShop.issuer + "/", "at+jwt", 401, "TOKEN_INVALID"},
		{"for nobody", "sub", "", "at+jwt", 401, "TOKEN_INVALID"},
		{"for ever", "exp", nil, "at+jwt", 401, "TOKEN_INVALID"},
		{"of yesterday", "exp", now - 65, "at+jwt", 401, "TOKEN_EXPIRED"},
		{"of tomorrow", "nbf", now + 90, "at+jwt", 401, "TOKEN_NOT_YET"},
		{"that tells who somebody is, not what they may do", "sub", "ann", "JWT", 401, "TOKEN_INVALID"},
	} {
		claims := theShop.staffClaims()
		claims[c.claim] = c.value
		if c.value == nil {
			delete(claims, c.claim)
		}
		token := jwt(t, map[string]any{"alg": "EdDSA", "kid": kid, "typ": c.kind}, claims, func(text []byte) []byte { return ed25519.Sign(private, text) })
		err := (&caller{t: t, shop: theShop, client: theShop.web.WithToken(token)}).try(shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/orders?pageSize=1"}, nil)
		if c.status == http.StatusOK {
			require.NoError(t, err, c.name)
			continue
		}
		refusal := problemOf(t, err)
		require.Equal(t, fmt.Sprintf("%d %s", c.status, c.reason), fmt.Sprintf("%d %s", refusal.Status, refusal.Reason), c.name)
	}
}
