package architecture

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

const (
	// readiness is the page of questions before a service goes live. The last column of each row names what answers it.
	readiness = "docs/readiness.md"
	// questions is how many there are.
	questions = 60
	// chartRules is where the rules of charts are, each beginning with its name.
	chartRules = "deploy/charts"
	makefile   = "Makefile"
)

var (
	question = regexp.MustCompile(`^\| (\d+) \|`)
	byRule   = regexp.MustCompile("rule `([^`]+)`")
	byMake   = regexp.MustCompile("`make ([\\w-]+)")
	ruleName = regexp.MustCompile(`(?m)^\t\t\{"([^"]+)", "`)
	target   = regexp.MustCompile(`(?m)^([\w-]+):`)
)

// checkReadiness wants every question once, in order, with something that answers it or the words that it is not done, and what is
// named to be there: tests, rules of charts, targets of make.
func checkReadiness(t *Tree) (breaches []string) {
	page := t.files[readiness]
	if page == nil {
		return []string{readiness + ": is not there"}
	}
	tests, rules, targets := t.testNames(), t.chartRuleNames(), t.targets()
	asked := 0
	for i, line := range strings.Split(page.text, "\n") {
		complain := func(format string, args ...any) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: ", readiness, i+1)+fmt.Sprintf(format, args...))
		}
		for _, one := range heldBy.FindAllStringSubmatch(line, -1) {
			if !tests[one[1]+" "+one[2]] {
				complain("%s has no %s", one[1], one[2])
			}
		}
		for _, one := range byRule.FindAllStringSubmatch(line, -1) {
			if !rules[one[1]] {
				complain("charts have no rule %q", one[1])
			}
		}
		for _, one := range byMake.FindAllStringSubmatch(line, -1) {
			if !targets[one[1]] {
				complain("there is no make %s", one[1])
			}
		}
		row := question.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		asked++
		if row[1] != strconv.Itoa(asked) {
			complain("question %s stands where %d is due", row[1], asked)
		}
		if !answered(line) {
			complain("nothing answers question %s, and it does not say that it is not done", row[1])
		}
	}
	if asked != questions {
		breaches = append(breaches, fmt.Sprintf("%s: %d questions of %d", readiness, asked, questions))
	}
	return breaches
}

func answered(line string) bool {
	return heldBy.MatchString(line) || byRule.MatchString(line) || byMake.MatchString(line) || link.MatchString(line) || strings.Contains(line, "**Not done**")
}

// testNames are all tests, as "folder TestName".
func (t *Tree) testNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range t.source(true) {
		for _, test := range testsOf(f) {
			names[path.Dir(f.path)+" "+test.Name.Name] = true
		}
	}
	return names
}

func (t *Tree) chartRuleNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range t.source(false) {
		if path.Dir(f.path) != chartRules {
			continue
		}
		for _, match := range ruleName.FindAllStringSubmatch(f.text, -1) {
			names[match[1]] = true
		}
	}
	return names
}

func (t *Tree) targets() map[string]bool {
	names := map[string]bool{}
	if f := t.files[makefile]; f != nil {
		for _, match := range target.FindAllStringSubmatch(f.text, -1) {
			names[match[1]] = true
		}
	}
	return names
}
