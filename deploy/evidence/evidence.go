// Package evidence collects what a person needs to understand a sick process into one archive: what it says about itself at its ops port
// and, on a cluster, what the cluster says about its pods. It changes nothing. What cannot be had is listed in the archive and is no
// reason to end: sick processes do not answer everything.
package evidence

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
)

// partTime bounds one answer, besides the time that a profile runs; partSize how much of it is kept.
const (
	partTime = 20 * time.Second
	partSize = 64 << 20
)

// part is something that a process is asked for at its ops port.
type part struct {
	file, path string
	runs       time.Duration
	// unwell says that a status other than 200 is an answer, too.
	unwell bool
}

// parts begin with what goes away when a process is killed. Metrics are read before and after the profile, so that rates can be told.
func parts(profile time.Duration) []part {
	seconds := fmt.Sprintf("%d", max(1, int(profile/time.Second)))
	return []part{
		{file: "goroutines.txt", path: "/debug/pprof/goroutine?debug=2"},
		{file: "metrics-1.txt", path: "/metrics"},
		{file: "version.txt", path: "/"},
		{file: "readyz.txt", path: "/readyz", unwell: true},
		{file: "loglevel.json", path: "/loglevel"},
		{file: "heap.pprof", path: "/debug/pprof/heap"},
		{file: "cpu.pprof", path: "/debug/pprof/profile?seconds=" + seconds, runs: profile},
		{file: "metrics-2.txt", path: "/metrics"},
	}
}

// Archive is a bundle that is being written, as a gzipped tar.
type Archive struct {
	gzip    *gzip.Writer
	tar     *tar.Writer
	now     time.Time
	files   int
	missing []string
}

// Open begins an archive.
func Open(w io.Writer, now time.Time) *Archive {
	zip := gzip.NewWriter(w)
	return &Archive{gzip: zip, tar: tar.NewWriter(zip), now: now}
}

// Missing are the files that could not be had, and why.
func (a *Archive) Missing() []string { return slices.Clone(a.missing) }

// Files is how many files were collected.
func (a *Archive) Files() int { return a.files }

// Close writes the list of what is missing and ends the archive.
func (a *Archive) Close() error {
	var err error
	if len(a.missing) > 0 {
		err = a.add("missing.txt", []byte(strings.Join(a.missing, "\n")+"\n"))
	}
	return errors.Join(err, a.tar.Close(), a.gzip.Close())
}

func (a *Archive) add(name string, content []byte) error {
	header := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: a.now, Typeflag: tar.TypeReg}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

// keep adds what was found, and notes why something is missing. Only an archive that cannot be written is an error.
func (a *Archive) keep(name string, content []byte, failed error) error {
	if failed != nil {
		a.missing = append(a.missing, fmt.Sprintf("%s: %v", name, failed))
	}
	if len(content) == 0 {
		return nil
	}
	a.files++
	return a.add(name, content)
}

// Process asks one process at its ops port and keeps the answers in a folder.
func (a *Archive) Process(ctx context.Context, folder, url string, profile time.Duration) error {
	for _, p := range parts(profile) {
		content, err := get(ctx, url, p)
		if err := a.keep(folder+"/"+p.file, content, err); err != nil {
			return err
		}
	}
	return nil
}

func get(ctx context.Context, url string, p part) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, partTime+p.runs)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+p.path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, partSize))
	if err == nil && answer.StatusCode != http.StatusOK && !p.unwell {
		err = errors.New(answer.Status)
	}
	return content, err
}

// Cluster is what is asked about a service on Kubernetes.
type Cluster interface {
	// Pods lists the servers of all services.
	Pods(ctx context.Context) ([]kube.Pod, error)
	// Kubectl returns what kubectl prints.
	Kubectl(ctx context.Context, input []byte, arguments ...string) ([]byte, error)
	// Helm returns what helm prints.
	Helm(ctx context.Context, arguments ...string) ([]byte, error)
	// Forward opens a way to a port of a pod.
	Forward(ctx context.Context, pod string, port int) (*kube.Way, error)
}

const opsPort = 9090

// ErrNoPod means that no pod was asked: none runs of a service of that name, or the cluster does not tell.
var ErrNoPod = errors.New("no pod was asked")

// question is what kubectl is asked, and the file that keeps the answer.
type question struct {
	file      string
	arguments []string
}

func (a *Archive) ask(ctx context.Context, cluster Cluster, folder string, questions []question) error {
	for _, q := range questions {
		content, err := cluster.Kubectl(ctx, nil, q.arguments...)
		if err := a.keep(folder+"/"+q.file, content, err); err != nil {
			return err
		}
	}
	return nil
}

const kinds = "deployments,replicasets,services,endpointslices,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,jobs"

// Service asks a cluster about a service, and every pod of it that answers. Secrets and the values of the release are left out. After
// ErrNoPod the archive has everything else.
func (a *Archive) Service(ctx context.Context, cluster Cluster, service string, profile time.Duration) error {
	selector := "app.kubernetes.io/name=" + service
	err := a.ask(ctx, cluster, "cluster", []question{
		{"objects.yaml", []string{"get", kinds, "--selector", selector, "--output", "yaml"}},
		{"pods.txt", []string{"get", "pods", "--output", "wide"}},
		{"events.txt", []string{"get", "events", "--sort-by=.lastTimestamp"}},
		{"top.txt", []string{"top", "pods", "--selector", selector}},
	})
	if err != nil {
		return err
	}
	content, err := cluster.Helm(ctx, "history", service)
	if err := a.keep("cluster/history.txt", content, err); err != nil {
		return err
	}
	pods, err := podsOf(ctx, cluster, service)
	if err != nil {
		return errors.Join(err, a.keep("pods", nil, err))
	}
	for _, pod := range pods {
		if err := a.pod(ctx, cluster, pod, profile); err != nil {
			return err
		}
	}
	return nil
}

// podsOf returns the names of a service's pods, or ErrNoPod and why there are none.
func podsOf(ctx context.Context, cluster Cluster, service string) ([]string, error) {
	pods, err := cluster.Pods(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPod, err)
	}
	var names []string
	for _, pod := range pods {
		if pod.Service == service {
			names = append(names, pod.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: no pod of %s runs", ErrNoPod, service)
	}
	return names, nil
}

func (a *Archive) pod(ctx context.Context, cluster Cluster, pod string, profile time.Duration) error {
	err := a.ask(ctx, cluster, pod, []question{
		{"describe.txt", []string{"describe", "pod", pod}},
		{"log.jsonl", []string{"logs", pod, "--tail=5000"}},
		{"log-before.jsonl", []string{"logs", pod, "--tail=5000", "--previous"}},
	})
	if err != nil {
		return err
	}
	way, err := cluster.Forward(ctx, pod, opsPort)
	if err != nil {
		return a.keep(pod+"/ops port", nil, err)
	}
	defer func() { _ = way.Close() }()
	return a.Process(ctx, pod, "http://"+way.Address, profile)
}
