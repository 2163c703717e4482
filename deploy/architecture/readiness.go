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

// checkReadiness wants every question once, in order, with something that answers it or the words that it is not done.
func checkReadiness(t *Tree) (breaches []string) {
	page := t.files[readiness]
	if page == nil {
		return []string{readiness + ": is not there"}
	}
	asked := 0
	for i, line := range strings.Split(page.text, "\n") {
		row := question.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		asked++
		if row[1] != strconv.Itoa(asked) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: question %s stands where %d is due", readiness, i+1, row[1], asked))
		}
		if !answered(line) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: nothing answers question %s, and it does not say that it is not done", readiness, i+1, row[1]))
		}
	}
	if asked != questions {
		breaches = append(breaches, fmt.Sprintf("%s: %d questions of %d", readiness, asked, questions))
	}
	return breaches
}

// checkNamed wants the tests, the rules of charts and the targets of make that pages below docs name to be there. The tests of the
// page of regressions are looked for by its own rule.
func checkNamed(t *Tree) (breaches []string) {
	there := []struct {
		pattern *regexp.Regexp
		names   map[string]bool
		lack    string
	}{
		{heldBy, t.testNames(), "no test %s"},
		{byRule, t.chartRuleNames(), "charts have no rule %q"},
		{byMake, t.targets(), "there is no make %s"},
	}
	for _, f := range t.sorted() {
		if path.Ext(f.path) != ".md" || !under(f.path, "docs") || f.path == regressions {
			continue
		}
		for _, kind := range there {
			for _, match := range kind.pattern.FindAllStringSubmatchIndex(f.text, -1) {
				if name := f.text[match[2]:match[len(match)-1]]; !kind.names[name] {
					breaches = append(breaches, fmt.Sprintf("%s:%d: "+kind.lack, f.path, lineOf(1, f.text, match[0]), name))
				}
			}
		}
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
