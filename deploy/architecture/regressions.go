package architecture

import (
	"fmt"
	"regexp"
	"strings"
)

// regressions is the list of what went wrong elsewhere. The last column of each row names tests by package and name.
const regressions = "docs/regressions.md"

var heldBy = regexp.MustCompile("`([\\w./-]+) (Test\\w+)`")

// checkRegressions wants every row to name a test, and every test that is named to be there.
func checkRegressions(t *Tree) (breaches []string) {
	page := t.files[regressions]
	if page == nil {
		return []string{regressions + ": is not there"}
	}
	tests := t.testNames()
	for i, line := range strings.Split(page.text, "\n") {
		row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| what")
		named := heldBy.FindAllStringSubmatch(line, -1)
		if row && len(named) == 0 {
			breaches = append(breaches, fmt.Sprintf("%s:%d: no test is named", regressions, i+1))
		}
		for _, test := range named {
			if !tests[test[1]+" "+test[2]] {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s has no %s", regressions, i+1, test[1], test[2]))
			}
		}
	}
	return breaches
}
