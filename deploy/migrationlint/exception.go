package migrationlint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/released"
)

// allow begins a comment that excuses the statement below it:
//
//	-- allow MIG-2: the table has 40 rows, so the scan takes a millisecond
//	-- allow MIG-1 since 0.4.0: no release from there on reads the column
const allow = "allow MIG-"

var (
	exceptionPattern = regexp.MustCompile(`^allow (MIG-[1-4])(?: since (\d+\.\d+\.\d+))?: (.+)$`)
	releaseNumber    = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)`)
)

// leastReason is how many words a reason has at least.
const leastReason = 4

// exception reads a comment. What excuses a step back (MIG-1) names the release since which nobody needs what goes, and only a
// release that is out can have stopped needing it: the binaries of the one before may run as long as it is not.
func (l *linter) exception(r remark, places map[Rule]int) {
	if !strings.HasPrefix(r.text, allow) {
		return
	}
	match := exceptionPattern.FindStringSubmatch(r.text)
	if match == nil {
		l.add(finding{Expand, r.line, fmt.Sprintf("the exception %q cannot be read", r.text), "write -- allow MIG-2: why, with MIG-1 to MIG-4; MIG-5 and MIG-6 have none"})
		return
	}
	rule, since, reason := Rule(match[1]), match[2], match[3]
	switch {
	case len(strings.Fields(reason)) < leastReason:
		l.add(finding{rule, r.line, fmt.Sprintf("%q is no reason", reason), "say why no request waits, fails or reads something else"})
	case rule == Expand && since == "":
		l.add(finding{rule, r.line, "the exception does not say since which release nobody needs this", "write -- allow MIG-1 since 1.4.0: why"})
	case rule == Expand && !out(since, l.last):
		l.add(finding{rule, r.line, fmt.Sprintf("%s is not released, so the release before it may run", since), "remove what uses it now, and this in a later release"})
	default:
		l.allowed[rule] = true
		places[rule] = r.line
	}
}

// out tells whether a version is at most the one that was released last.
func out(version string, last released.Release) bool {
	wanted, there := numbers(version), numbers(last.Version)
	return there != nil && slices.Compare(wanted, there) <= 0
}

func numbers(version string) []int {
	match := releaseNumber.FindStringSubmatch(version)
	if match == nil {
		return nil
	}
	list := make([]int, 0, len(match)-1)
	for _, part := range match[1:] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}
