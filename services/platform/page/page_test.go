package page_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

type cursor struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
	N  int64     `json:"n"`
}

// When it fails, the second page of a list starts at the wrong row.
func TestTokensComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scope := rapid.String().Draw(t, "scope")
		want := cursor{
			At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 123456000).UTC(),
			ID: rapid.StringMatching(`[ -~é€]{0,40}`).Draw(t, "id"),
			N:  rapid.Int64().Draw(t, "n"),
		}
		token, err := page.Encode(scope, want)
		require.NoError(t, err)
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, token)
		var got cursor
		require.NoError(t, page.Decode(scope, token, &got))
		require.Equal(t, want, got)
	})
}

// When it fails, a list skips rows because a token of another list or a damaged one was taken for its own.
func TestForeignAndDamagedTokensAreRefused(t *testing.T) {
	t.Parallel()
	token, err := page.Encode("channel=uk-web", cursor{ID: "a", N: 1})
	require.NoError(t, err)
	other, err := page.Encode("channel=uk-web", struct{ Title string }{"x"})
	require.NoError(t, err)
	bad := []string{"x", "!", token + "A", token[:len(token)-1], strings.Repeat("A", 5000), other, "AAAAAAAAAAAA", token + "=", token + "\n"}
	for i := range token {
		flipped := []byte(token)
		flipped[i] = map[bool]byte{true: 'A', false: 'B'}[flipped[i] != 'A']
		bad = append(bad, string(flipped))
	}
	for _, b := range bad {
		var into cursor
		err := page.Decode("channel=uk-web", b, &into)
		require.True(t, errs.Has(err, errs.PageTokenInvalid), "%q", b)
		require.Equal(t, "pageToken", errs.FieldsOf(err)[0].Path)
	}
	var into cursor
	require.True(t, errs.Has(page.Decode("channel=eu-web", token, &into), errs.PageTokenInvalid))
}

// When it fails, the first page cannot be asked for.
func TestEmptyTokenIsTheFirstPage(t *testing.T) {
	t.Parallel()
	into := cursor{N: 7}
	require.NoError(t, page.Decode("any", "", &into))
	require.Equal(t, cursor{N: 7}, into)
}

// When it fails, one request reads a whole table.
func TestSize(t *testing.T) {
	t.Parallel()
	for requested, want := range map[int32]int{0: 24, 1: 1, 200: 200, 201: 200, 1 << 30: 200} {
		got, err := page.Size(requested, 24, 200)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := page.Size(-1, 24, 200)
	require.Equal(t, "PAGE_SIZE_INVALID", errs.ReasonOf(err))
}

// FuzzDecode finds tokens that break the decoder.
func FuzzDecode(f *testing.F) {
	f.Add("scope", "token")
	f.Fuzz(func(t *testing.T, scope, token string) {
		var into cursor
		if err := page.Decode(scope, token, &into); err != nil {
			require.True(t, errs.Has(err, errs.PageTokenInvalid))
		}
	})
}
