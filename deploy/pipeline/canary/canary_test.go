package canary_test

import (
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/canary"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const rendered = `
apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {selector: {app.kubernetes.io/name: cart}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, labels: {app.kubernetes.io/name: cart}}
spec:
  replicas: 3
  selector: {matchLabels: {app.kubernetes.io/name: cart}}
  template:
    metadata: {labels: {app.kubernetes.io/name: cart, app.kubernetes.io/version: 1.2.3}}
    spec: {serviceAccountName: cart, containers: [{name: cart, image: "registry/cart@sha256:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: cart-migrate, annotations: {"helm.sh/hook": "pre-install,pre-upgrade"}}
spec: {template: {spec: {serviceAccountName: cart-migrate}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: cart-migrate, annotations: {"helm.sh/hook": "pre-install,pre-upgrade"}}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-test, annotations: {"helm.sh/hook": test}}
`

// A canary that no Service selects gets no calls, and is promoted on no evidence; one without a label of its own cannot be judged.
func TestMake(t *testing.T) {
	t.Parallel()
	made, err := canary.Make([]byte(rendered), "cart")
	require.NoError(t, err)
	decoder := yaml.NewDecoder(strings.NewReader(string(made)))
	var kinds []string
	var deployment struct {
		Metadata struct {
			Name   string
			Labels map[string]string
		}
		Spec struct {
			Replicas int
			Selector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			}
			Template struct {
				Metadata struct{ Labels map[string]string }
			}
		}
	}
	for {
		var node yaml.Node
		if decoder.Decode(&node) != nil {
			break
		}
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		require.NoError(t, node.Decode(&head))
		kinds = append(kinds, head.Kind+" "+head.Metadata.Name)
		if head.Kind == "Deployment" {
			require.NoError(t, node.Decode(&deployment))
		}
	}
	require.Equal(t, []string{"Deployment cart-canary", "Job cart-migrate-canary", "ServiceAccount cart-migrate"}, kinds)
	require.Equal(t, 1, deployment.Spec.Replicas)
	require.Equal(t, map[string]string{"app.kubernetes.io/name": "cart", canary.Label: canary.Track}, deployment.Spec.Selector.MatchLabels)
	labels := deployment.Spec.Template.Metadata.Labels
	require.Equal(t, map[string]string{"app.kubernetes.io/name": "cart", "app.kubernetes.io/version": "1.2.3", canary.Label: canary.Track}, labels)
	require.Contains(t, string(made), "registry/cart@sha256:1")
}

// A chart whose Deployment has another name would otherwise ship a canary without pods.
func TestMakeRefusesWhatHasNoDeployment(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "kind: Service\n", strings.Replace(rendered, "metadata: {name: cart, labels", "metadata: {name: other, labels", 1)} {
		_, err := canary.Make([]byte(text), "cart")
		require.ErrorContains(t, err, "0 Deployments")
	}
	_, err := canary.Make([]byte("kind: Deployment\nmetadata: {name: cart}\nspec: {}\n"), "cart")
	require.ErrorContains(t, err, "labels")
	_, err = canary.Make([]byte("a: b: c"), "cart")
	require.Error(t, err)
}
