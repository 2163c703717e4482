package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// endTime is how long pods may take to end: what they are given for it, and the time that it takes to notice.
const endTime = 2 * time.Minute

// linkNotice is what Helm says of every link in a chart.
var linkNotice = regexp.MustCompile(`(?m)^.*found symbolic link.*\n`)

// tools run kubectl and helm on one cluster.
type tools struct{ config string }

func (k tools) command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+k.config)
	return command
}

// run returns what a command prints; an error has the end of what it complained of.
func (k tools) run(ctx context.Context, input []byte, name string, arguments ...string) ([]byte, error) {
	command := k.command(ctx, name, arguments...)
	var output, problems bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &problems
	if err := command.Run(); err != nil {
		text := strings.TrimSpace(linkNotice.ReplaceAllString(problems.String(), ""))
		return output.Bytes(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments[:min(4, len(arguments))], " "), err, text[max(0, len(text)-800):])
	}
	return output.Bytes(), nil
}

func (k tools) kubectl(ctx context.Context, arguments ...string) ([]byte, error) {
	return k.run(ctx, nil, "kubectl", arguments...)
}

func (k tools) apply(ctx context.Context, objects ...any) error {
	list, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		return err
	}
	_, err = k.run(ctx, list, "kubectl", "apply", "-f", "-")
	return err
}

// pod is what the proof has to know of one.
type pod struct {
	Metadata struct {
		Name              string            `json:"name"`
		UID               string            `json:"uid"`
		Labels            map[string]string `json:"labels"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase      string `json:"phase"`
		PodIP      string `json:"podIP"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		ContainerStatuses []struct {
			Name         string `json:"name"`
			ContainerID  string `json:"containerID"`
			RestartCount int    `json:"restartCount"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

func (p pod) ready() bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True" && !p.ending()
		}
	}
	return false
}

func (p pod) ending() bool { return p.Metadata.DeletionTimestamp != "" }

func (p pod) restarts() int {
	n := 0
	for _, c := range p.Status.ContainerStatuses {
		n += c.RestartCount
	}
	return n
}

// container is the id of its container, without the name of the runtime.
func (p pod) container() string {
	if len(p.Status.ContainerStatuses) == 0 {
		return ""
	}
	_, id, _ := strings.Cut(p.Status.ContainerStatuses[0].ContainerID, "://")
	return id
}

// pods lists the shop's servers of a service that are not about to end; of all services when it is empty.
func (k tools) pods(ctx context.Context, service string) ([]pod, error) {
	all, err := k.allPods(ctx, service)
	return slices.DeleteFunc(all, pod.ending), err
}

// ended waits until no pod of a service is about to end: until then it may serve, and fail.
func (k tools) ended(ctx context.Context, service string) error {
	return waitFor(ctx, endTime, "the end of the pods of "+service+" that were replaced", func(ctx context.Context) (bool, error) {
		all, err := k.allPods(ctx, service)
		return !slices.ContainsFunc(all, pod.ending), err
	})
}

func (k tools) allPods(ctx context.Context, service string) ([]pod, error) {
	selector := "app.kubernetes.io/component=server"
	if service != "" {
		selector += ",app.kubernetes.io/name=" + service
	}
	text, err := k.kubectl(ctx, "-n", shopNamespace, "get", "pods", "-l", selector, "-o", "json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []pod `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

// rolledOut waits until a Deployment is what it should be.
func (k tools) rolledOut(ctx context.Context, namespace, name string) error {
	_, err := k.kubectl(ctx, "-n", namespace, "rollout", "status", "deployment/"+name, "--timeout=4m")
	return err
}

// nodes are the names of those that take pods, those with the control plane first.
func (k tools) nodes(ctx context.Context) ([]string, error) {
	text, err := k.kubectl(ctx, "get", "nodes", "-o", "json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var first, rest []string
	for _, n := range list.Items {
		if _, control := n.Metadata.Labels["node-role.kubernetes.io/control-plane"]; control {
			first = append(first, n.Metadata.Name)
			continue
		}
		rest = append(rest, n.Metadata.Name)
	}
	return append(first, rest...), nil
}
