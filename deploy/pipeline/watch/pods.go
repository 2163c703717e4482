package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// Pods reads the ops port of every pod of the shop, through kubectl's port forwarding: it enters the pod by its node, so network policies
// that close the port do not stand in its way, and no metrics server is needed.
type Pods struct {
	Cluster kube.Cluster
	// Service is the one whose calls are told apart by those who make them.
	Service string
	history history

	mu   sync.Mutex
	ways map[string]*kube.Way
}

// opsPort is where pods tell their metrics.
const opsPort = 9090

// scrapeTime bounds one look at one pod.
const scrapeTime = 10 * time.Second

// Read looks at the named pods, and at those of all services that are ready: they call it, and tell of the shop. When one of them does not answer, nothing was seen: the counts of a part
// of them say nothing.
func (p *Pods) Read(ctx context.Context, pods []string, since ...time.Time) ([]Window, error) {
	all, err := p.Cluster.Pods(ctx)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("there are no pods to look at")
	}
	var names, alive []string
	for _, pod := range all {
		alive = append(alive, pod.Name)
		if slices.Contains(pods, pod.Name) || slices.Contains(released.Services(), pod.Service) && pod.Ready {
			names = append(names, pod.Name)
		}
	}
	now, err := p.look(ctx, names)
	if err != nil {
		return nil, err
	}
	p.forget(func(name string) bool { return !slices.Contains(alive, name) })
	return p.history.windows(now, p.Service, pods, since), nil
}

// atOnce is how many pods are looked at side by side.
const atOnce = 4

// look reads pods, all of them or none.
func (p *Pods) look(ctx context.Context, names []string) (snapshot, error) {
	now := snapshot{at: time.Now(), pods: map[string]map[string]series{}}
	errs, lists := make([]error, len(names)), make([][]series, len(names))
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			var err error
			if lists[i], err = p.scrape(ctx, name); err != nil {
				errs[i] = fmt.Errorf("pod %s: %w", name, err)
			}
		})
	}
	all.Wait()
	for i, name := range names {
		now.pods[name] = map[string]series{}
		for _, one := range lists[i] {
			now.pods[name][one.key()] = one
		}
	}
	return now, errors.Join(errs...)
}

// forget ends ways.
func (p *Pods) forget(which func(name string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, w := range p.ways {
		if which(name) {
			_ = w.Close()
			delete(p.ways, name)
		}
	}
}

func (p *Pods) scrape(ctx context.Context, pod string) ([]series, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	list, err := p.try(ctx, pod)
	if err == nil || ctx.Err() != nil {
		return list, err
	}
	// A way ends with the container that it leads to.
	p.forget(func(name string) bool { return name == pod })
	return p.try(ctx, pod)
}

func (p *Pods) try(ctx context.Context, pod string) ([]series, error) {
	p.mu.Lock()
	w := p.ways[pod]
	p.mu.Unlock()
	if w == nil {
		var err error
		if w, err = p.Cluster.Forward(ctx, pod, opsPort); err != nil {
			return nil, err
		}
		p.mu.Lock()
		if p.ways == nil {
			p.ways = map[string]*kube.Way{}
		}
		p.ways[pod] = w
		p.mu.Unlock()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.Address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics: %s", response.Status)
	}
	return parse(text)
}

// Close ends all forwarding.
func (p *Pods) Close() error {
	p.forget(func(string) bool { return true })
	return nil
}
