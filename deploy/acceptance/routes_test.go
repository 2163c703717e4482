package acceptance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// When this fails a route of the public API does not do what its description says, or nobody ever tried it: every route of
// the description is called with success.
func TestEveryRouteWorks(t *testing.T) {
	t.Parallel()
	c := newCorpus(t, theShop)
	tried := map[string]bool{}
	for _, s := range c.seeds {
		answer := s.as.send(s.call())
		require.Equal(t, 2, answer.Status/100, "%s %s: %d %s", s.verb, s.path, answer.Status, answer.Body)
		tried[s.verb+" "+s.route] = true
	}
	var missing []string
	described := 0
	for path, verbs := range c.described.Paths {
		for verb := range verbs {
			described++
			if route := strings.ToUpper(verb) + " " + path; !tried[route] {
				missing = append(missing, route)
			}
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing, "routes of the description that were never called")
	require.Len(t, tried, described, "routes that were called are described")
}
