package architecture_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/architecture"
)

// repository is the tree that this test is part of.
var repository = sync.OnceValues(func() (*architecture.Tree, error) { return architecture.Load(os.DirFS("../..")) })

// When it fails, the repository has lost one of the properties that it promises to whoever works on it.
func TestRepositoryKeepsItsRules(t *testing.T) {
	t.Parallel()
	tree, err := repository()
	require.NoError(t, err)
	for _, rule := range architecture.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			if breaches := rule.Check(tree); len(breaches) > 0 {
				t.Errorf("%s:\n  %s", rule.Why, strings.Join(breaches, "\n  "))
			}
		})
	}
}
