// Package glob matches paths as the triggers of CodePipeline do, so that what a trigger would do can be tested before it is
// deployed. The language is that of Java's file globs: * and ? stay within one folder, ** crosses folders, {a,b} chooses, groups
// are not nested.
package glob

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Set is patterns of which one must match.
type Set []*regexp.Regexp

// New compiles patterns. It refuses what CodePipeline would refuse or read in another way: groups that are nested or not
// closed, brackets and backslashes.
func New(patterns ...string) (Set, error) {
	set := make(Set, len(patterns))
	for i, pattern := range patterns {
		expression, err := compile(pattern)
		if err != nil {
			return nil, err
		}
		set[i] = expression
	}
	return set, nil
}

// Match tells whether a path matches one of the patterns.
func (s Set) Match(path string) bool {
	return slices.ContainsFunc(s, func(e *regexp.Regexp) bool { return e.MatchString(path) })
}

// compile makes an expression for whole paths.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	group := false
	b.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*' && i+1 < len(pattern) && pattern[i+1] == '*':
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '{' && !group:
			group = true
			b.WriteString("(?:")
		case c == '}' && group:
			group = false
			b.WriteString(")")
		case c == ',' && group:
			b.WriteString("|")
		case strings.IndexByte("{}[]\\", c) >= 0:
			return nil, fmt.Errorf("pattern %q: %q at %d is not supported", pattern, c, i)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if group {
		return nil, fmt.Errorf("pattern %q: a group is not closed", pattern)
	}
	return regexp.Compile(b.String() + "$")
}
