package affected

import (
	"errors"
	"fmt"
	"strings"
)

// The lines between which the triggers of all pipelines stand in a template.
const (
	blockStart = "# triggers: written by make triggers"
	blockEnd   = "# end of triggers"
)

// Write puts the triggers of all services into a template, between the two lines that mark their place, as a mapping from
// service to globs.
func Write(template string, closures []Closure) (string, error) {
	before, rest, found := strings.Cut(template, blockStart+"\n")
	if !found {
		return "", errors.New("the template has no line \"" + blockStart + "\"")
	}
	_, after, found := strings.Cut(rest, blockEnd)
	if !found {
		return "", errors.New("the template has no line \"" + blockEnd + "\"")
	}
	indent := before[strings.LastIndexByte(before, '\n')+1:]
	var b strings.Builder
	for _, closure := range closures {
		fmt.Fprintf(&b, "%s%s:\n%s  Includes:\n", indent, closure.Service, indent)
		for _, trigger := range Triggers(closure.Patterns) {
			fmt.Fprintf(&b, "%s    - \"%s\"\n", indent, trigger)
		}
	}
	return before + blockStart + "\n" + b.String() + indent + blockEnd + after, nil
}
