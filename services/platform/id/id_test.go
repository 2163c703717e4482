package id_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When it fails, two things share an id, or inserts scatter over the whole index.
func TestNewIsUniqueAndAscends(t *testing.T) {
	t.Parallel()
	last := ""
	for range 10_000 {
		next := id.New()
		require.True(t, id.Valid(next))
		require.Equal(t, byte('7'), next[14], "version 7")
		require.Greater(t, next, last)
		last = next
	}
}

// When it fails, a malformed id reaches the database and comes back as an internal error.
func TestValid(t *testing.T) {
	t.Parallel()
	require.True(t, id.Valid("00000000-0000-0000-0000-000000000000"))
	for _, s := range []string{"", "x", "0190A6F4-0000-7000-8000-000000000000", "{0190a6f4-0000-7000-8000-00000000000}", "0190a6f4-0000-7000-8000-00000000000g"} {
		require.False(t, id.Valid(s), s)
	}
}

// When it fails, carts and orders of guests can be guessed.
func TestSecret(t *testing.T) {
	t.Parallel()
	pattern, seen := regexp.MustCompile(`^[a-z2-7]{26}$`), map[string]bool{}
	for range 10_000 {
		secret := id.Secret()
		require.Regexp(t, pattern, secret)
		require.False(t, seen[secret])
		seen[secret] = true
	}
}

// When it fails, people cannot type a gift card's code.
func TestCode(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	for range 1000 {
		require.Regexp(t, pattern, id.Code(4, 4))
	}
}
