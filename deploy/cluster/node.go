package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// hook runs a command that was given for what Kubernetes cannot do.
func (p *Proof) hook(ctx context.Context, name string, environment ...string) error {
	command := exec.CommandContext(ctx, "sh", "-c", p.Hooks[name])
	command.Env = append(os.Environ(), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, tail(output))
	}
	return nil
}

// need refuses to go on without commands.
func (p *Proof) need(hooks ...string) error {
	for _, name := range hooks {
		if p.Hooks[name] == "" {
			return notRunError{name + " is not set"}
		}
	}
	return nil
}

// spare is a node that the shop can do without: not the one of the companion.
func (p *Proof) spare(ctx context.Context) (string, error) {
	nodes, err := p.kube.nodes(ctx)
	if err != nil {
		return "", err
	}
	if len(nodes) < 2 {
		return "", notRunError{"the cluster has one node"}
	}
	return nodes[len(nodes)-1], nil
}

// populate sees to it that a node has a pod of every service. No request may fail for that, whatever may fail afterwards.
func (p *Proof) populate(ctx context.Context, node string) error {
	before, err := p.figures(ctx)
	if err != nil {
		return err
	}
	if err := p.settle(ctx, node); err != nil {
		return err
	}
	after, err := p.figures(ctx)
	if err == nil && after.Failed > before.Failed {
		err = fmt.Errorf("%d requests failed while pods were spread over the nodes", after.Failed-before.Failed)
	}
	return err
}

// settle rolls the services that have no pod on a node.
func (p *Proof) settle(ctx context.Context, node string) error {
	for _, service := range services {
		pods, err := p.whole(ctx, service, p.Replicas)
		if err != nil {
			return err
		}
		there := 0
		for _, one := range pods {
			if one.Spec.NodeName == node {
				there++
			}
		}
		if there > 0 {
			continue
		}
		if err := p.roll(ctx, service); err != nil {
			return err
		}
	}
	return nil
}

// drain empties a node as an upgrade of it does.
func (p *Proof) drain(ctx context.Context) (outcome, error) {
	node, err := p.spare(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := p.populate(ctx, node); err != nil {
		return outcome{}, err
	}
	began := time.Now()
	_, err = p.kube.kubectl(ctx, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=4m")
	took := time.Since(began)
	for _, service := range services {
		if err == nil {
			_, err = p.whole(ctx, service, p.Replicas)
		}
	}
	if _, again := p.kube.kubectl(context.WithoutCancel(ctx), "uncordon", node); err == nil {
		err = again
	}
	return outcome{note: fmt.Sprintf("the drain took %.0f s", took.Seconds())}, err
}

// loseNode has a node vanish. Requests to its pods fail until the cluster notices; then every service is whole on what is left.
func (p *Proof) loseNode(ctx context.Context) (outcome, error) {
	told := outcome{mayFail: true}
	if err := p.need("NODE_KILL", "NODE_START"); err != nil {
		return told, err
	}
	node, err := p.spare(ctx)
	if err != nil {
		return told, err
	}
	if err := p.populate(ctx, node); err != nil {
		return told, err
	}
	began := time.Now()
	if err := p.hook(ctx, "NODE_KILL", "NODE="+node); err != nil {
		return told, err
	}
	for _, service := range services {
		if err == nil {
			err = p.elsewhere(ctx, service, node)
		}
	}
	took := time.Since(began)
	if again := p.hook(context.WithoutCancel(ctx), "NODE_START", "NODE="+node); err == nil {
		err = again
	}
	told.note = fmt.Sprintf("every service whole elsewhere after %.0f s", took.Seconds())
	if err != nil {
		return told, err
	}
	_, err = p.kube.kubectl(ctx, "wait", "--for=condition=Ready", "node/"+node, "--timeout=3m")
	for _, service := range services {
		if err == nil {
			_, err = p.whole(ctx, service, p.Replicas)
		}
	}
	return told, err
}

// elsewhere waits until a service has all its pods on other nodes.
func (p *Proof) elsewhere(ctx context.Context, service, node string) error {
	return waitFor(ctx, backTime, service+" is whole elsewhere", func(ctx context.Context) (bool, error) {
		pods, err := p.kube.pods(ctx, service)
		ready := 0
		for _, one := range pods {
			if one.ready() && one.Spec.NodeName != node {
				ready++
			}
		}
		return ready >= p.Replicas, err
	})
}
