package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// backTime is how long a service may take until all its pods are ready again.
const backTime = 4 * time.Minute

// whole waits until a service has all its pods, ready, and returns them.
func (p *Proof) whole(ctx context.Context, service string, replicas int) ([]pod, error) {
	var pods []pod
	err := waitFor(ctx, backTime, fmt.Sprintf("%s has %d ready pods", service, replicas), func(ctx context.Context) (bool, error) {
		var err error
		pods, err = p.kube.pods(ctx, service)
		ready := 0
		for _, one := range pods {
			if one.ready() {
				ready++
			}
		}
		return ready == replicas && len(pods) == replicas, err
	})
	return pods, err
}

// deletePods takes a pod of every service away, as an operator or an autoscaler does.
func (p *Proof) deletePods(ctx context.Context) (outcome, error) {
	for _, service := range services {
		pods, err := p.whole(ctx, service, p.Replicas)
		if err != nil {
			return outcome{}, err
		}
		if _, err := p.kube.kubectl(ctx, "-n", shopNamespace, "delete", "pod", pods[0].Metadata.Name, "--wait=false"); err != nil {
			return outcome{}, err
		}
		if _, err := p.whole(ctx, service, p.Replicas); err != nil {
			return outcome{}, err
		}
	}
	return outcome{note: "one pod of each of six services"}, nil
}

// kill sends SIGKILL to the server in a pod and waits until its container runs again.
func (p *Proof) kill(ctx context.Context, service string, victim pod) error {
	before := victim.restarts()
	reapers, err := p.reaper(ctx, victim.Spec.NodeName)
	if err != nil {
		return err
	}
	address, err := p.way.listen(ctx, 0, reapers)
	if err != nil {
		return err
	}
	query := url.Values{"container": {victim.container()}, "program": {service}}
	if _, err := fetch(ctx, http.MethodPost, "http://"+address+"/kill?"+query.Encode(), nil); err != nil {
		return err
	}
	return waitFor(ctx, backTime, service+" is started again", func(ctx context.Context) (bool, error) {
		pods, err := p.kube.pods(ctx, service)
		for _, one := range pods {
			if one.Metadata.UID == victim.Metadata.UID {
				return one.restarts() > before && one.ready(), err
			}
		}
		return false, err
	})
}

// reaper is the address of the reaper on a node.
func (p *Proof) reaper(ctx context.Context, node string) (string, error) {
	ip, err := p.kube.kubectl(ctx, "-n", watchNamespace, "get", "pods", "-l", "app=reaper", "--field-selector", "spec.nodeName="+node,
		"-o", "jsonpath={.items[0].status.podIP}")
	if err != nil {
		return "", err
	}
	return string(ip) + ":" + reaperPort, nil
}

// killProcesses kills a server of each inner service: the gateway, or whoever called, has to find another one.
func (p *Proof) killProcesses(ctx context.Context) (outcome, error) {
	for _, service := range withDatabase() {
		pods, err := p.whole(ctx, service, p.Replicas)
		if err != nil {
			return outcome{}, err
		}
		if err := p.kill(ctx, service, pods[len(pods)-1]); err != nil {
			return outcome{}, err
		}
	}
	return outcome{note: "SIGKILL of one process of each of five inner services"}, nil
}

// killGateway kills every gateway, one after the other. Requests that were under way break, which no server can help; buyers send them
// again with their key.
func (p *Proof) killGateway(ctx context.Context) (outcome, error) {
	told := outcome{note: "SIGKILL of each gateway process; buyers try again with their key", mayFail: true}
	pods, err := p.whole(ctx, "gateway", p.Replicas)
	if err != nil {
		return told, err
	}
	for _, victim := range pods {
		if err := p.kill(ctx, "gateway", victim); err != nil {
			return told, err
		}
	}
	return told, nil
}
