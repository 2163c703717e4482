package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Upgrade tells what stops an upgrade from one release to another, or makes it an outage: a line for each field that the API lets
// nobody change, and for each object that is gone whose name others hold on to. A rollback is an upgrade the other way round.
func Upgrade(from, to *Manifest) []string {
	var c complain
	before, after := settled(from), settled(to)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		old, now := before[name], after[name]
		c.when(now == nil && known(old), "%s: is gone, and others know it by its name", name)
		if now == nil {
			continue
		}
		fields, changed := fixed(old), fixed(now)
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			c.when(fields[field] != changed[field], "%s: %s was %s and would be %s, which the API refuses", name, field, fields[field], changed[field])
		}
	}
	return c.lines
}

// Remains are the objects that an uninstall leaves behind, by kind and name: those that are to be kept, and what hooks made and do not
// take away when they have succeeded.
func (m *Manifest) Remains() []string {
	var names []string
	for _, o := range m.Objects {
		kept := o.GetAnnotations()["helm.sh/resource-policy"] == "keep"
		left := hook(o) != "" && !strings.Contains(o.GetAnnotations()["helm.sh/hook-delete-policy"], "hook-succeeded")
		if kept || left {
			names = append(names, kindOf(o)+" "+o.GetName())
		}
	}
	return names
}

// settled are the objects that stay between two upgrades, by kind and name. Hooks are made anew.
func settled(m *Manifest) map[string]metav1.Object {
	objects := map[string]metav1.Object{}
	for _, o := range m.Objects {
		if hook(o) == "" {
			objects[kindOf(o)+" "+o.GetName()] = o
		}
	}
	return objects
}

// known tells the objects that something outside of the release names: clients a Service, AWS an account for its roles, a release
// tool and the autoscaler a Deployment.
func known(o metav1.Object) bool {
	switch o.(type) {
	case *appsv1.Deployment, *corev1.Service, *corev1.ServiceAccount:
		return true
	}
	return false
}

// fixed are the fields of an object that no update may change, as JSON.
func fixed(o metav1.Object) map[string]string {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return map[string]string{"spec.selector": text(o.Spec.Selector)}
	case *batchv1.Job:
		return map[string]string{"spec.selector": text(o.Spec.Selector), "spec.template": text(o.Spec.Template), "spec.completionMode": text(o.Spec.CompletionMode)}
	case *corev1.Service:
		return map[string]string{"spec.clusterIP": text(o.Spec.ClusterIP), "spec.loadBalancerClass": text(o.Spec.LoadBalancerClass)}
	case *corev1.Secret:
		return map[string]string{"type": text(o.Type), "immutable": text(o.Immutable)}
	case *schedulingv1.PriorityClass:
		return map[string]string{"value": text(o.Value), "preemptionPolicy": text(o.PreemptionPolicy)}
	}
	return nil
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}
