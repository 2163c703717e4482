package charts

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Release is a chart as it would be installed, for rules to look at.
type Release struct {
	*Manifest
	// Chart is the name of the chart.
	Chart string
	// Graph is who calls whom.
	Graph Graph
	// Production says that it has the values of a production environment, where more is asked for.
	Production bool
	// LongestCall is how many seconds a call through the shop may take when no setting says otherwise.
	LongestCall int64
}

// Rule is one thing that every release of a service keeps, and of the auditor.
type Rule struct {
	// Name identifies the rule in test output.
	Name string
	// Why says what is lost when the rule is broken.
	Why string
	// StandIns tells that the rule also holds for the sandbox provider, which is no service.
	StandIns bool
	// Check returns a line per breach.
	Check func(r *Release) []string
}

// Rules returns every rule.
func Rules() []Rule {
	return slices.Concat(workloadRules(), podRules(), networkRules(), dataRules(), certificateRules())
}

// critical are the services that take orders and money.
func critical(chart string) bool {
	return slices.Contains([]string{"gateway", "cart", "payment", "inventory"}, chart)
}

// hasDatabase tells the services with a schema of their own.
func (r *Release) hasDatabase() bool {
	return r.Chart != "gateway" && slices.Contains(Services(), r.Chart)
}

// single tells the release of which there is one pod, that nobody calls and that keeps nothing.
func (r *Release) single() bool { return r.Chart == Auditor }

func (r *Release) deployments() []*appsv1.Deployment { return all[*appsv1.Deployment](r.Manifest) }

// complain collects breaches.
type complain struct{ lines []string }

func (c *complain) when(wrong bool, format string, args ...any) {
	if wrong {
		c.lines = append(c.lines, fmt.Sprintf(format, args...))
	}
}

// hook tells whether an object is applied by a hook, and by which ones.
func hook(o metav1.Object) string { return o.GetAnnotations()["helm.sh/hook"] }

// isHook tells whether an object belongs to one of the events of a hook.
func isHook(o metav1.Object, event string) bool {
	return slices.Contains(strings.Split(hook(o), ","), event)
}
