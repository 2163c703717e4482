// Package kube asks a cluster by kubectl and helm, as a person with the same rights would: it needs no other access than they have.
package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Cluster is a namespace of one.
type Cluster struct {
	// Namespace is where the shop is, Context which entry of the kubeconfig is used; the current one when empty.
	Namespace, Context string
}

// Kubectl returns what kubectl prints. An error has the end of its complaints.
func (c Cluster) Kubectl(ctx context.Context, input []byte, arguments ...string) ([]byte, error) {
	return c.run(ctx, input, "kubectl", append(c.flags("--context"), arguments...)...)
}

// Helm is the same with helm.
func (c Cluster) Helm(ctx context.Context, arguments ...string) ([]byte, error) {
	return c.run(ctx, nil, "helm", append(c.flags("--kube-context"), arguments...)...)
}

func (c Cluster) flags(context string) []string {
	flags := []string{"--namespace", c.Namespace}
	if c.Context != "" {
		flags = append(flags, context, c.Context)
	}
	return flags
}

// Command prepares one that runs until its context ends. It is asked to end, and has time to: helm takes an upgrade back before it does. A
// key that is pressed in the terminal does not reach it.
func (c Cluster) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = patience
	return command
}

// patience is how long an interrupted command may take to leave things in order.
const patience = 2 * time.Minute

func (c Cluster) run(ctx context.Context, input []byte, name string, arguments ...string) ([]byte, error) {
	command := c.Command(ctx, name, arguments...)
	var output, complaints bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &complaints
	if err := command.Run(); err != nil {
		text := strings.TrimSpace(complaints.String())
		return output.Bytes(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, text[max(0, len(text)-800):])
	}
	return output.Bytes(), nil
}

// Pod is what has to be known of one.
type Pod struct {
	Name, Service string
	// Hash tells the pods of one version of a Deployment from those of another.
	Hash     string
	Ready    bool
	Restarts int
	// Waiting is why a container does not run, such as CrashLoopBackOff.
	Waiting string
}

type podObject struct {
	Metadata struct {
		Name              string            `json:"name"`
		Labels            map[string]string `json:"labels"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Status struct {
		Phase      string `json:"phase"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		ContainerStatuses []struct {
			RestartCount int `json:"restartCount"`
			State        struct {
				Waiting struct {
					Reason string `json:"reason"`
				} `json:"waiting"`
			} `json:"state"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

// Pods lists the servers of all services that are not about to end.
func (c Cluster) Pods(ctx context.Context) ([]Pod, error) {
	text, err := c.Kubectl(ctx, nil, "get", "pods", "--selector", "app.kubernetes.io/component=server", "--output", "json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []podObject `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read pods: %w", err)
	}
	var pods []Pod
	for _, o := range list.Items {
		if o.Metadata.DeletionTimestamp != "" || o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed" {
			continue
		}
		p := Pod{Name: o.Metadata.Name, Service: o.Metadata.Labels["app.kubernetes.io/name"], Hash: o.Metadata.Labels["pod-template-hash"]}
		for _, condition := range o.Status.Conditions {
			p.Ready = p.Ready || condition.Type == "Ready" && condition.Status == "True"
		}
		for _, status := range o.Status.ContainerStatuses {
			p.Restarts += status.RestartCount
			p.Waiting = status.State.Waiting.Reason
		}
		pods = append(pods, p)
	}
	return pods, nil
}

// Deployment is what is deployed of a service.
type Deployment struct {
	Name string `json:"name"`
	// Image is the whole reference, Digest the part that says which one it is; empty when it is named by tag.
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Version is the label of the release, Commit the annotation that the release tool leaves; empty when somebody else deployed.
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// CommitAnnotation is on pods: the commit that their image was made of.
const CommitAnnotation = "cartwright.shop/commit"

// Deployed returns what is deployed under a name; ok is false when nothing is.
func (c Cluster) Deployed(ctx context.Context, name string) (d Deployment, ok bool, err error) {
	text, err := c.Kubectl(ctx, nil, "get", "deployment", name, "--ignore-not-found", "--output", "json")
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return d, false, err
	}
	var object struct {
		Spec struct {
			Template struct {
				Metadata struct {
					Labels      map[string]string `json:"labels"`
					Annotations map[string]string `json:"annotations"`
				} `json:"metadata"`
				Spec struct {
					Containers []struct {
						Image string `json:"image"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return d, false, fmt.Errorf("read deployment %s: %w", name, err)
	}
	template := object.Spec.Template
	if len(template.Spec.Containers) == 0 {
		return d, false, fmt.Errorf("deployment %s has no container", name)
	}
	d = Deployment{
		Name: name, Image: template.Spec.Containers[0].Image,
		Version: template.Metadata.Labels["app.kubernetes.io/version"], Commit: template.Metadata.Annotations[CommitAnnotation],
	}
	if _, digest, named := strings.Cut(d.Image, "@"); named {
		d.Digest = digest
	}
	return d, true, nil
}

// Hash names the pods of the newest version of a Deployment: those of its newest ReplicaSet.
func (c Cluster) Hash(ctx context.Context, name string) (string, error) {
	text, err := c.Kubectl(ctx, nil, "get", "replicasets", "--selector", "app.kubernetes.io/component=server", "--output", "json")
	if err != nil {
		return "", err
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Labels          map[string]string `json:"labels"`
				Annotations     map[string]string `json:"annotations"`
				OwnerReferences []struct {
					Name string `json:"name"`
				} `json:"ownerReferences"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return "", fmt.Errorf("read replica sets: %w", err)
	}
	newest, hash := 0, ""
	for _, set := range list.Items {
		owners, revision := set.Metadata.OwnerReferences, 0
		if len(owners) != 1 || owners[0].Name != name {
			continue
		}
		if _, err := fmt.Sscan(set.Metadata.Annotations["deployment.kubernetes.io/revision"], &revision); err == nil && revision > newest {
			newest, hash = revision, set.Metadata.Labels["pod-template-hash"]
		}
	}
	if hash == "" {
		return "", fmt.Errorf("deployment %s has no replica set", name)
	}
	return hash, nil
}
