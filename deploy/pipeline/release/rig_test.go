package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
)

// program is the real command, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cartwright-release-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "release")
	command := exec.Command("go", "build", "-o", file, "../cmd/release")
	command.Env = append(os.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, output)
	}
	return file, nil
})

// TestMain is also kubectl, helm and aws: under one of these names the program asks the test what to answer.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains([]string{"kubectl", "helm", "aws", "auditor"}, name) {
		os.Exit(standIn(name))
	}
	code := m.Run()
	if file, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

type call struct {
	Name  string
	Args  []string
	Input string
}

type answer struct {
	Output, Complaint string
	Code              int
	// Stay keeps it running until it is asked to end.
	Stay bool
}

func standIn(name string) int {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	input, _ := io.ReadAll(os.Stdin)
	text, _ := json.Marshal(call{Name: name, Args: os.Args[1:], Input: string(input)})
	response, err := http.Post(os.Getenv("RIG_URL"), "application/json", bytes.NewReader(text))
	if err != nil {
		return 99
	}
	defer response.Body.Close()
	var a answer
	if json.NewDecoder(response.Body).Decode(&a) != nil {
		return 98
	}
	fmt.Fprint(os.Stdout, a.Output)
	fmt.Fprint(os.Stderr, a.Complaint)
	if a.Stay {
		<-ended
	}
	return a.Code
}

// rig is a cluster with a shop in it, as kubectl and helm tell of it.
type rig struct {
	*testing.T
	dir, url string

	mu      sync.Mutex
	calls   []call
	history []map[string]any
	images  map[int]string // by revision
	lease   map[string]any
	version int
	pods    map[string]*pod
	// on answers a call in place of the rig, when it says so.
	on func(c call) (answer, bool)
	// bad is how pods of the new version behave.
	bad behaviour
}

// behaviour is what one pod tells, look by look. What is not given is good.
type behaviour struct {
	faults   func(look int) int // of 200 calls
	idle     bool
	silent   func(look int) bool
	slow     bool // 300 ms more
	leak     bool
	lost     int // of 200 calls that never arrive
	sagas    float64
	drift    float64
	restarts func(look int) int
	stumbles bool // one of the pods was started again, once
	waiting  string
}

type pod struct {
	service, hash string
	server        *httptest.Server
	behaviour     *behaviour
	looks         int
	calls, failed int
	slow          bool
	restarts      int
	begun, ended  int
	unheard       int
}

const (
	oldImage = "registry.test/cart@sha256:1111111111111111111111111111111111111111111111111111111111111111"
	digest   = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
	newImage = "registry.test/cart@" + digest
)

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, dir: t.TempDir(), images: map[int]string{}, pods: map[string]*pod{}}
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.url = server.URL
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(r.dir, "tools"), 0o755))
	for _, name := range []string{"kubectl", "helm", "aws", "auditor"} {
		require.NoError(t, os.Symlink(self, filepath.Join(r.dir, "tools", name)))
	}
	r.write("chart/Chart.yaml", "name: cart\n")
	r.write("values.yaml", "{}\n")
	r.write("thresholds.yaml", `{errors: 0.01, p99: 2.5s, slower: 150ms, restarts: 1, sagaAge: 60s, held: 0.3, attention: 0, violations: 0,
breaches: 3, missing: 4, calls: 30, reservations: 30}`)
	good := &behaviour{}
	r.deploy(oldImage, "Install complete")
	r.add("inventory-1", "inventory", "i", good)
	r.add("gateway-1", "gateway", "g", good)
	return r
}

func (r *rig) write(name, text string) {
	file := filepath.Join(r.dir, name)
	require.NoError(r.T, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(r.T, os.WriteFile(file, []byte(text), 0o644))
}

// deploy makes a revision whose pods replace those before.
func (r *rig) deploy(image, description string) {
	for _, h := range r.history {
		if h["status"] == "deployed" {
			h["status"] = "superseded"
		}
	}
	revision := len(r.history) + 1
	r.history = append(r.history, map[string]any{"revision": revision, "status": "deployed", "description": description})
	r.images[revision] = image
	for name, p := range r.pods {
		if p.service == "cart" {
			p.server.Close()
			delete(r.pods, name)
		}
	}
	how := &behaviour{}
	if image == newImage {
		how = &r.bad
	}
	for n := range 2 {
		r.add(fmt.Sprintf("cart-%d-%d", revision, n), "cart", fmt.Sprintf("h%d", revision), how)
	}
}

func (r *rig) add(name, service, hash string, how *behaviour) {
	p := &pod{service: service, hash: hash, behaviour: how}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		p.tell(w, r)
	}))
	r.Cleanup(p.server.Close)
	r.pods[name] = p
}

// current is the image in place.
func (r *rig) current() string {
	for i := len(r.history) - 1; i >= 0; i-- {
		if r.history[i]["status"] == "deployed" {
			return r.images[i+1]
		}
	}
	return ""
}

// tell prints metrics; each look finds 200 calls more.
func (p *pod) tell(w io.Writer, r *rig) {
	p.looks++
	b := p.behaviour
	if b.silent != nil && b.silent(p.looks) {
		fmt.Fprint(w, "no metrics")
		return
	}
	if !b.idle {
		p.calls += 200
		if b.faults != nil {
			p.failed += b.faults(p.looks)
		}
		p.begun += 40
		p.ended += 39
		if r.current() == newImage && r.bad.leak {
			p.ended -= 38
		}
	}
	p.slow = b.slow
	fmt.Fprintln(w, "# TYPE rpc_server_requests_total counter")
	fmt.Fprintf(w, "rpc_server_requests_total{code=\"OK\",rpc=\"/a/Get\"} %d\n", p.calls-p.failed)
	fmt.Fprintf(w, "rpc_server_requests_total{code=\"Unavailable\",rpc=\"/a/Get\"} %d\n", p.failed)
	for _, le := range []string{"0.01", "0.05", "0.1", "0.25", "0.5", "2.5", "+Inf"} {
		count := p.calls
		if p.slow && (le < "0.5") && le != "+Inf" {
			count = 0
		}
		fmt.Fprintf(w, "rpc_server_duration_seconds_bucket{rpc=\"/a/Get\",le=\"%s\"} %d\n", le, count)
	}
	if p.service == "inventory" {
		fmt.Fprintf(w, "inventory_reservations_total{outcome=\"ok\",step=\"reserve\"} %d\n", p.begun)
		fmt.Fprintf(w, "inventory_reservations_total{outcome=\"ok\",step=\"commit\"} %d\n", p.ended)
		fmt.Fprintf(w, "inventory_reservations_expired_total 0\n")
	}
	if p.service == "gateway" {
		if r.current() == newImage {
			p.unheard += r.bad.lost
		}
		fmt.Fprintf(w, "rpc_client_requests_total{peer=\"cart\",code=\"OK\",rpc=\"/a/Get\"} %d\n", p.calls-p.unheard)
		fmt.Fprintf(w, "rpc_client_requests_total{peer=\"cart\",code=\"ResourceExhausted\",rpc=\"/a/Get\"} %d\n", p.unheard)
	}
	if p.service == "cart" {
		fmt.Fprintf(w, "cartwright_saga_oldest_seconds{kind=\"checkout\",state=\"running\"} %g\n", b.sagas)
		fmt.Fprintf(w, "cartwright_saga_oldest_seconds{kind=\"checkout\",state=\"waiting\"} 5000\n")
		fmt.Fprintf(w, "payment_ledger_drift_minor_units %g\n", b.drift)
	}
}

func (r *rig) serve(w http.ResponseWriter, request *http.Request) {
	var c call
	if json.NewDecoder(request.Body).Decode(&c) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	var a answer
	answered := false
	if r.on != nil {
		a, answered = r.on(c)
	}
	if !answered {
		a = r.answer(c)
	}
	_ = json.NewEncoder(w).Encode(a)
}

func (r *rig) answer(c call) answer {
	args := strings.Join(c.Args, " ")
	switch {
	case c.Name == "helm" && strings.Contains(args, "history"):
		if len(r.history) == 0 {
			return answer{Complaint: "Error: release: not found", Code: 1}
		}
		return printed(r.history)
	case c.Name == "helm" && strings.Contains(args, " upgrade "):
		r.deploy(newImage, "Upgrade complete")
	case c.Name == "helm" && strings.Contains(args, " rollback "):
		var to int
		_, _ = fmt.Sscan(c.Args[slices.Index(c.Args, "rollback")+2], &to)
		r.deploy(r.images[to], fmt.Sprintf("Rollback to %d", to))
	case strings.Contains(args, "get lease"):
		if r.lease != nil {
			return printed(r.lease)
		}
	case strings.Contains(args, "delete lease"):
		r.lease = nil
	case strings.Contains(args, "create --filename"), strings.Contains(args, "replace --filename"):
		return r.writeLease(c)
	case strings.Contains(args, "get deployment cart"):
		return r.deployment()
	case strings.Contains(args, "get replicasets"):
		return r.sets()
	case strings.Contains(args, "get pods"):
		return r.listed()
	case strings.Contains(args, "port-forward"):
		if p := r.pods[strings.TrimPrefix(c.Args[len(c.Args)-2], "pod/")]; p != nil {
			return answer{Output: "Forwarding from " + strings.TrimPrefix(p.server.URL, "http://") + " -> 9090\n", Stay: true}
		}
		return answer{Complaint: "no such pod", Code: 1}
	}
	return answer{}
}

func printed(v any) answer {
	text, _ := json.Marshal(v)
	return answer{Output: string(text)}
}

func (r *rig) writeLease(c call) answer {
	var lease map[string]any
	if err := json.Unmarshal([]byte(c.Input), &lease); err != nil {
		return answer{Code: 1}
	}
	meta, _ := lease["metadata"].(map[string]any)
	given, _ := meta["resourceVersion"].(string)
	if slices.Contains(c.Args, "create") && r.lease != nil {
		return answer{Complaint: "Error from server (AlreadyExists): leases already exists", Code: 1}
	}
	if slices.Contains(c.Args, "replace") && given != fmt.Sprint(r.version) {
		return answer{Complaint: "Error from server (Conflict): the object has been modified", Code: 1}
	}
	r.version++
	meta["resourceVersion"] = fmt.Sprint(r.version)
	r.lease = lease
	return printed(lease)
}

func (r *rig) deployment() answer {
	image := r.current()
	if image == "" {
		return answer{}
	}
	return printed(map[string]any{"spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app.kubernetes.io/version": "1.0.0"}},
		"spec":     map[string]any{"containers": []any{map[string]any{"image": image}}},
	}}})
}

func (r *rig) sets() answer {
	var items []any
	for n := range r.history {
		items = append(items, map[string]any{"metadata": map[string]any{
			"labels":          map[string]any{"pod-template-hash": fmt.Sprintf("h%d", n+1)},
			"annotations":     map[string]any{"deployment.kubernetes.io/revision": fmt.Sprint(n + 1)},
			"ownerReferences": []any{map[string]any{"name": "cart"}},
		}})
	}
	return printed(map[string]any{"items": items})
}

func (r *rig) listed() answer {
	var items []any
	for name, p := range r.pods {
		if p.behaviour.restarts != nil {
			p.restarts = p.behaviour.restarts(p.looks)
		}
		if p.behaviour.stumbles && strings.HasSuffix(name, "-0") {
			p.restarts = 1
		}
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": name, "labels": map[string]any{"app.kubernetes.io/name": p.service, "pod-template-hash": p.hash}},
			"status": map[string]any{
				"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}},
				"containerStatuses": []any{map[string]any{"restartCount": p.restarts, "state": map[string]any{"waiting": map[string]any{"reason": p.behaviour.waiting}}}},
			},
		})
	}
	return printed(map[string]any{"items": items})
}

// command prepares the real program in front of the rig. What is in more counts last.
func (r *rig) command(more ...string) *exec.Cmd {
	r.Helper()
	file, err := program()
	require.NoError(r.T, err)
	arguments := append([]string{
		"cart", "--image", digest, "--values", filepath.Join(r.dir, "values.yaml"), "--chart", filepath.Join(r.dir, "chart"),
		"--thresholds", filepath.Join(r.dir, "thresholds.yaml"), "--report", filepath.Join(r.dir, "report.json"), "--namespace", "shop",
		"--baseline", "20ms", "--every", "20ms", "--watch", "400ms", "--timeout", "20s",
	}, more...)
	command := exec.Command(file, arguments...)
	command.Env = []string{"PATH=" + filepath.Join(r.dir, "tools") + ":" + os.Getenv("PATH"), "HOME=" + r.dir, "RIG_URL=" + r.url}
	return command
}

// run runs it to its end.
func (r *rig) run(more ...string) (release.Report, int, string) {
	r.Helper()
	_ = os.Remove(filepath.Join(r.dir, "report.json"))
	command := r.command(more...)
	var output, log bytes.Buffer
	command.Stdout, command.Stderr = &output, &log
	_ = command.Run() // the exit code is what is looked at
	return r.report(log.String()), command.ProcessState.ExitCode(), output.String()
}

func (r *rig) report(log string) release.Report {
	r.Helper()
	var report release.Report
	text, err := os.ReadFile(filepath.Join(r.dir, "report.json"))
	require.NoError(r.T, err, log)
	require.NoError(r.T, json.Unmarshal(text, &report))
	return report
}

// called counts calls whose command line has all of these parts, and begins with the first.
func (r *rig) called(parts ...string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.calls {
		line := c.Name + " " + strings.Join(c.Args, " ")
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) && strings.HasPrefix(line, parts[0]) {
			n++
		}
	}
	return n
}
