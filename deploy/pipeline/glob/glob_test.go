package glob_test

import (
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/glob"
	"github.com/stretchr/testify/require"
)

// A matcher that reads patterns in another way than CodePipeline proves triggers that do not work.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		matches       bool
	}{
		{"a/**", "a/b", true},
		{"a/**", "a/b/c.go", true},
		{"a/**", "a", false},
		{"a/**", "ab/c", false},
		{"a/*", "a/b.go", true},
		{"a/*", "a/b/c.go", false},
		{"a/{b,c/d}/**", "a/c/d/e", true},
		{"a/{b,c/d}/**", "a/c/e", false},
		{"{x.yml,env/*/s.yaml}", "env/staging/s.yaml", true},
		{"{x.yml,env/*/s.yaml}", "env/a/b/s.yaml", false},
		{"a.b", "axb", false},
		{"a?c", "abc", true},
		{"a?c", "a/c", false},
	} {
		set, err := glob.New("never", c.pattern)
		require.NoError(t, err)
		require.Equal(t, c.matches, set.Match(c.path), "%s %s", c.pattern, c.path)
	}
	for _, wrong := range []string{"{a,{b}}", "{a", "a}", "[ab]", `a\b`} {
		_, err := glob.New(wrong)
		require.Error(t, err, wrong)
	}
}
