package charts

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Manifest is what a chart renders, decoded.
type Manifest struct {
	// Objects are in the order of the text.
	Objects []metav1.Object
}

// constructors make an empty object of every kind that a chart may render. A kind that is not here is refused: roles, cluster roles
// and webhooks among them.
func constructors() map[string]func() metav1.Object {
	return map[string]func() metav1.Object{
		"apps/v1/Deployment":                      func() metav1.Object { return &appsv1.Deployment{} },
		"autoscaling/v2/HorizontalPodAutoscaler":  func() metav1.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
		"batch/v1/Job":                            func() metav1.Object { return &batchv1.Job{} },
		"cert-manager.io/v1/Certificate":          func() metav1.Object { return &Certificate{} },
		"external-secrets.io/v1/ExternalSecret":   func() metav1.Object { return &ExternalSecret{} },
		"gateway.networking.k8s.io/v1/HTTPRoute":  func() metav1.Object { return &HTTPRoute{} },
		"monitoring.coreos.com/v1/ServiceMonitor": func() metav1.Object { return &ServiceMonitor{} },
		"networking.k8s.io/v1/Ingress":            func() metav1.Object { return &networkingv1.Ingress{} },
		"networking.k8s.io/v1/NetworkPolicy":      func() metav1.Object { return &networkingv1.NetworkPolicy{} },
		"policy/v1/PodDisruptionBudget":           func() metav1.Object { return &policyv1.PodDisruptionBudget{} },
		"scheduling.k8s.io/v1/PriorityClass":      func() metav1.Object { return &schedulingv1.PriorityClass{} },
		"v1/Namespace":                            func() metav1.Object { return &corev1.Namespace{} },
		"v1/Pod":                                  func() metav1.Object { return &corev1.Pod{} },
		"v1/Secret":                               func() metav1.Object { return &corev1.Secret{} },
		"v1/Service":                              func() metav1.Object { return &corev1.Service{} },
		"v1/ServiceAccount":                       func() metav1.Object { return &corev1.ServiceAccount{} },
	}
}

// Decode reads manifests as strictly as `kubectl apply --validate=strict`: a field that the API does not know is an error.
func Decode(text string) (*Manifest, error) {
	m := &Manifest{}
	for part := range strings.SplitSeq(text, "\n---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(part), &kind); err != nil {
			return nil, fmt.Errorf("%w:\n%s", err, part)
		}
		build, known := constructors()[kind.APIVersion+"/"+kind.Kind]
		if !known {
			return nil, fmt.Errorf("no chart may have a %s of %s", kind.Kind, kind.APIVersion)
		}
		o := build()
		if err := yaml.UnmarshalStrict([]byte(part), o); err != nil {
			return nil, fmt.Errorf("%s %s: %w", kind.Kind, o.GetName(), err)
		}
		m.Objects = append(m.Objects, o)
	}
	return m, nil
}

// all are the objects of one type.
func all[T metav1.Object](m *Manifest) []T {
	var found []T
	for _, o := range m.Objects {
		if one, ok := o.(T); ok {
			found = append(found, one)
		}
	}
	return found
}

// pod is a pod that the manifests lead to.
type pod struct {
	// name says whose pod it is: "Deployment cart".
	name string
	// server tells the pods of a Deployment from those that end.
	server bool
	meta   metav1.ObjectMeta
	spec   corev1.PodSpec
}

func (m *Manifest) pods() []pod {
	var pods []pod
	for _, o := range m.Objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			pods = append(pods, podOf(o))
		case *batchv1.Job:
			pods = append(pods, pod{"Job " + o.Name, false, o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		case *corev1.Pod:
			pods = append(pods, pod{"Pod " + o.Name, false, o.ObjectMeta, o.Spec})
		}
	}
	return pods
}

func podOf(d *appsv1.Deployment) pod {
	return pod{"Deployment " + d.Name, true, d.Spec.Template.ObjectMeta, d.Spec.Template.Spec}
}

// container is the first container of a pod, the only one that our charts have.
func (p pod) container() corev1.Container { return p.spec.Containers[0] }

// env is the value of a variable of a pod's container.
func (p pod) env(name string) string {
	for _, v := range p.container().Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// matches tells whether a selector of labels selects them. An empty one selects everything.
func matches(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// Names are the kinds and names of all objects.
func (m *Manifest) Names() []string {
	names := make([]string, len(m.Objects))
	for i, o := range m.Objects {
		names[i] = kindOf(o) + " " + o.GetName()
	}
	return names
}

// Environment are the names of all variables of all pods.
func (m *Manifest) Environment() []string {
	var names []string
	for _, p := range m.pods() {
		for _, v := range p.container().Env {
			names = append(names, v.Name)
		}
	}
	return names
}
