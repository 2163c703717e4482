// Package canary makes the first pod of a new version out of a service's chart: a Deployment of one replica beside the one that
// runs, whose pods carry the same labels, so that the same Services send them their share of the calls and the same policies hold
// for them. It is told apart by a label of its own.
package canary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Label marks the pods of a canary; those of the running version have none.
const (
	Label = "cartwright.shop/track"
	Track = "canary"
)

type object = map[string]any

// Make returns the manifests of the canary of a service: its Deployment, and what the chart runs before an upgrade, such as the
// migration. All else (accounts, secrets, policies) it shares with the version that runs, which must be installed.
func Make(rendered []byte, service string) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	decoder := yaml.NewDecoder(bytes.NewReader(rendered))
	deployments := 0
	for {
		var manifest object
		if err := decoder.Decode(&manifest); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the rendered chart: %w", err)
		}
		switch kind := text(manifest, "kind"); {
		case kind == "Deployment" && text(manifest, "metadata", "name") == service:
			deployments++
			if err := deployment(manifest); err != nil {
				return nil, err
			}
		case hook(manifest, "pre-upgrade"):
			rename(manifest)
		default:
			continue
		}
		if err := encoder.Encode(manifest); err != nil {
			return nil, err
		}
	}
	if deployments != 1 {
		return nil, fmt.Errorf("the chart has %d Deployments named %s, not one", deployments, service)
	}
	return out.Bytes(), encoder.Close()
}

// deployment turns the Deployment of a version into that of its canary.
func deployment(manifest object) error {
	rename(manifest)
	spec := at(manifest, "spec")
	if spec == nil {
		return errors.New("the Deployment has no spec")
	}
	spec["replicas"] = 1
	for _, path := range [][]string{{"metadata", "labels"}, {"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		labels := at(manifest, path...)
		if labels == nil {
			return fmt.Errorf("the Deployment has no %s", strings.Join(path, "."))
		}
		labels[Label] = Track
	}
	return nil
}

// rename keeps names that others refer to: only workloads get one of their own.
func rename(manifest object) {
	if kind := text(manifest, "kind"); kind == "Deployment" || kind == "Job" {
		metadata := at(manifest, "metadata")
		metadata["name"] = text(metadata, "name") + "-" + Track
	}
}

// hook tells whether Helm runs a manifest at a time of its own.
func hook(manifest object, when string) bool {
	for name := range strings.SplitSeq(text(manifest, "metadata", "annotations", "helm.sh/hook"), ",") {
		if strings.TrimSpace(name) == when {
			return true
		}
	}
	return false
}

func at(manifest object, path ...string) object {
	for _, key := range path {
		manifest, _ = manifest[key].(object)
	}
	return manifest
}

func text(manifest object, path ...string) string {
	last := len(path) - 1
	value, _ := at(manifest, path[:last]...)[path[last]].(string)
	return value
}
