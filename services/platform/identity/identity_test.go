package identity_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// A principal that changes on the way gives a caller somebody else's rights.
func TestPrincipalsSurviveEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringN(1, 10, -1), 0, 4)
		p := identity.Principal{
			Kind: identity.Kind(rapid.IntRange(0, 3).Draw(t, "kind")), Subject: rapid.StringN(1, 20, -1).Draw(t, "subject"),
			Email: rapid.String().Draw(t, "email"), Groups: list.Draw(t, "groups"), Scopes: list.Draw(t, "scopes"),
		}
		if len(p.Groups) == 0 {
			p.Groups = nil
		}
		if len(p.Scopes) == 0 {
			p.Scopes = nil
		}
		text := p.Encode()
		for i := range len(text) {
			if text[i] < 0x20 || text[i] > 0x7e {
				t.Fatalf("%q cannot be metadata", text)
			}
		}
		got, err := identity.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		require.Equal(t, p, got)
	})
}

// A damaged identity must not become an anonymous or a wider one.
func TestDamagedPrincipalsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "customer", "customer;;;;", "root;1;;;", "staff;%zz;;;", "staff;a;;%zz;", "customer;a;b;c;d;e"} {
		_, err := identity.Decode(text)
		require.Error(t, err, text)
	}
}

// Limits and idempotency keys are kept per key; two callers with one key would share them.
func TestKeysTellPrincipalsApart(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, p := range []identity.Principal{
		{}, {Subject: "a"}, {Kind: identity.Customer, Subject: "a"}, {Kind: identity.Staff, Subject: "a"}, {Kind: identity.Service, Subject: "a"},
	} {
		require.False(t, keys[p.Key()], p.Key())
		keys[p.Key()] = true
	}
	require.True(t, keys["anonymous"])
}

// Code that asks a context without identity must see a visitor without rights.
func TestContextsWithoutIdentityAreAnonymous(t *testing.T) {
	t.Parallel()
	p := identity.From(context.Background())
	require.True(t, p.IsZero())
	require.False(t, p.HasScope("orders"))
	require.Empty(t, identity.RequestID(context.Background()))
	ctx := identity.WithRequestID(identity.With(context.Background(), identity.Principal{Kind: identity.Staff, Subject: "s", Scopes: []string{"orders"}}), "r")
	require.True(t, identity.From(ctx).HasScope("orders"))
	require.Equal(t, "r", identity.RequestID(ctx))
}

// A request id ends up in logs and headers, so it must not be able to forge either.
func TestRequestIDsAreShortAndPrintable(t *testing.T) {
	t.Parallel()
	require.True(t, identity.ValidRequestID("0190-abc"))
	for _, id := range []string{"", "a b", "a\nb", "é", strings.Repeat("a", identity.MaxRequestID+1)} {
		require.False(t, identity.ValidRequestID(id), id)
	}
}
