// Package architecture holds the repository to its own rules: who may import whom, how large things may grow, what must be
// documented, what SQL and contracts may say. It reads the sources as they are and builds nothing, so its tests need neither
// network nor database and run in seconds.
//
// Rules lists every rule. Each is shown to fail by a small tree in the tests; a rule without one is itself a failure.
package architecture

import "slices"

// module is the path that every module of the repository starts with.
const module = "github.com/cartwright-shop/cartwright"

// Rule is one thing that every commit keeps.
type Rule struct {
	// Name identifies the rule in test output.
	Name string
	// Why says what is lost when the rule is broken.
	Why string
	// Check returns a line per breach, starting with the place.
	Check func(*Tree) []string
}

// Rules returns every rule.
func Rules() []Rule {
	return slices.Concat(importRules(), callRules(), sizeRules(), wordRules(), codeRules(), testRules(), moduleRules(), sqlRules(), contractRules(), pageRules())
}
