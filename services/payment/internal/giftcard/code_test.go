package giftcard

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A holder types the code as people do and is understood: fails when case, grouping or a look-alike letter matters.
func TestTypedCodes(t *testing.T) {
	t.Parallel()
	codes, err := NewCodes([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	code := codes.Derive("card", "staff:1", "request")
	require.Len(t, code, codeLength)
	for _, typed := range []string{code, Format(code), strings.ToLower(code), " " + Format(code) + " ", strings.ReplaceAll(code, "0", "O"), strings.ReplaceAll(code, "1", "l")} {
		canonical, ok := Canonical(typed)
		require.True(t, ok, typed)
		require.Equal(t, code, canonical)
	}
	for _, typed := range []string{"", "-", code[1:], code + "0", strings.Repeat("U", codeLength), strings.Repeat("Ä", codeLength), strings.Repeat("ſ", codeLength)} {
		_, ok := Canonical(typed)
		require.False(t, ok, typed)
	}
}

// A code follows from its request alone and from nothing that can be guessed: fails when two cards share one or another key
// makes the same.
func TestCodesAreKeyed(t *testing.T) {
	t.Parallel()
	_, err := NewCodes([]byte("short"))
	require.Error(t, err)
	one, err := NewCodes([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	two, err := NewCodes([]byte(strings.Repeat("l", 32)))
	require.NoError(t, err)
	seen := map[string]bool{
		one.Derive("a", "b", "c"): true, one.Derive("a", "bc", ""): true, one.Derive("ab", "", "c"): true, two.Derive("a", "b", "c"): true,
	}
	require.Len(t, seen, 4)
	require.True(t, seen[one.Derive("a", "b", "c")], "again the same")
	require.NotEqual(t, one.Hash("X"), two.Hash("X"))
}
