package affected

import (
	"slices"
	"strings"
)

// The limits of a filter of CodePipeline V2. CloudFormation accepts more and the pipeline then fails to deploy.
const (
	MaxTriggers      = 8
	MaxTriggerLength = 255
)

// roots are folders whose children share one trigger: root{a,b}tail. Longer ones come first.
var roots = []string{"proto/gen/cartwright/", "proto/cartwright/", thirdParty, platform + "/", "charts/"}

// coarse are what triggers become, one after the other, when there would be too many: a pipeline then starts more often than
// it must, never less.
var coarse = []string{thirdParty, "proto/", platform + "/"}

// Triggers returns globs that match what a closure matches, few and short enough for a filter. As long as they fit they match
// nothing else.
func Triggers(patterns []string) []string {
	triggers := join(patterns)
	for _, root := range coarse {
		if len(triggers) <= MaxTriggers {
			break
		}
		patterns = slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return strings.HasPrefix(p, root) })
		patterns = append(patterns, root+"**")
		triggers = join(patterns)
	}
	return triggers
}

// family is patterns that differ in their middle only.
type family struct{ root, tail string }

func join(patterns []string) []string {
	middles := map[family][]string{}
	var order []family
	for _, pattern := range patterns {
		f, middle := split(pattern)
		if middles[f] == nil {
			order = append(order, f)
		}
		middles[f] = append(middles[f], middle)
	}
	var triggers []string
	for _, f := range order {
		triggers = append(triggers, f.join(middles[f])...)
	}
	slices.Sort(triggers)
	return triggers
}

// split takes a pattern apart. Files without a family of their own form one: a choice of whole paths.
func split(pattern string) (family, string) {
	for _, tail := range []string{"/**", "/*"} {
		stem, ok := strings.CutSuffix(pattern, tail)
		if !ok {
			continue
		}
		for _, root := range roots {
			if middle, below := strings.CutPrefix(stem, root); below {
				return family{root, tail}, middle
			}
		}
		return family{"", pattern}, ""
	}
	return family{}, pattern
}

func (f family) join(middles []string) []string {
	var triggers []string
	for start := 0; start < len(middles); {
		end, trigger := start+1, f.root+middles[start]+f.tail
		for end < len(middles) {
			longer := f.root + "{" + strings.Join(middles[start:end+1], ",") + "}" + f.tail
			if len(longer) > MaxTriggerLength {
				break
			}
			end, trigger = end+1, longer
		}
		triggers = append(triggers, trigger)
		start = end
	}
	return triggers
}
