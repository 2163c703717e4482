package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
)

// How long a release is watched in the proof: shorter than in production, and long enough for what the thresholds want to see.
const (
	baselineTime = 45 * time.Second
	watchTime    = 2 * time.Minute
	lookTime     = 10 * time.Second
	leaseTime    = time.Minute
	releaseTime  = 3 * time.Minute
)

// alerts is where the release tool tells people that it took a version back.
type alerts struct {
	server *http.Server
	url    string
	told   atomic.Int64
}

func listenForAlerts(ctx context.Context) (*alerts, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &alerts{url: "http://" + listener.Addr().String()}
	a.server = &http.Server{ReadHeaderTimeout: webTime, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { a.told.Add(1) })}
	go func() { _ = a.server.Serve(listener) }()
	return a, nil
}

// release releases an image of a service with the release tool, watched under load, and says how that ended and how many were told.
func (p *Proof) release(ctx context.Context, service, digest string) (*release.Report, int64, error) {
	if err := p.install(ctx, service, nil); err != nil { // what was released before, and its values
		return nil, 0, err
	}
	thresholds, err := watch.LoadThresholds(filepath.Join(p.Root, "deploy", "pipeline", "thresholds", service+".yaml"))
	if err != nil {
		return nil, 0, err
	}
	alerts, err := listenForAlerts(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = alerts.server.Close() }()
	alert, err := release.ParseAlert("webhook=" + alerts.url)
	if err != nil {
		return nil, 0, err
	}
	log, err := os.OpenFile(filepath.Join(p.Dir, "release.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = log.Close() }()
	cluster := kube.Cluster{Namespace: shopNamespace}
	source := &watch.Pods{Cluster: cluster, Service: service}
	report := release.Run(ctx, release.Options{
		Service: service, Name: service, Chart: p.chart(service), Values: []string{filepath.Join(p.Dir, service+"-0.json")}, Image: digest,
		Environment: "proof", Cluster: cluster, Timeout: releaseTime, Lease: leaseTime, Baseline: baselineTime, Watch: watchTime,
		Every: lookTime, Window: lookTime, Thresholds: thresholds, Source: source, Smoke: []string{service}, Alerts: []release.Alert{alert}, Marker: log, Log: log,
	})
	return report, alerts.told.Load(), source.Close()
}

// badRelease releases a version that misbehaves. It must be taken back, somebody told, and the version before be what runs.
func (p *Proof) badRelease(ctx context.Context, v variant) (outcome, error) {
	told := outcome{mayFail: true}
	if err := p.spoil(ctx, v); err != nil {
		return told, err
	}
	report, alerted, err := p.release(ctx, v.service, p.state.Digests[v.name])
	if err != nil {
		return told, err
	}
	took := report.Ended.Sub(report.Began)
	told.note = fmt.Sprintf("%s after %.0f s: %s", report.Verdict, took.Seconds(), report.Reason)
	switch {
	case report.Verdict != release.RolledBack:
		return told, errors.New("it should have been rolled back")
	case alerted == 0:
		return told, errors.New("nobody was told")
	}
	if _, err := p.whole(ctx, v.service, p.Replicas); err != nil {
		return told, err
	}
	if err := p.kube.ended(ctx, v.service); err != nil {
		return told, err
	}
	return told, p.runs(ctx, v.service, p.state.Digests[v.service])
}

// runs wants a Deployment to have an image.
func (p *Proof) runs(ctx context.Context, service, digest string) error {
	text, err := p.kube.kubectl(ctx, "-n", shopNamespace, "get", "deployment", service, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if err == nil && !strings.HasSuffix(string(text), digest) {
		err = fmt.Errorf("%s runs %s, not %s", service, text, digest)
	}
	return err
}

// goodRelease releases a version with which nothing is wrong. It must stay.
func (p *Proof) goodRelease(ctx context.Context) (outcome, error) {
	const service = "payment"
	if err := p.good(ctx, service); err != nil {
		return outcome{}, err
	}
	report, alerted, err := p.release(ctx, service, p.state.Digests["good"])
	if err != nil {
		return outcome{}, err
	}
	told := outcome{note: fmt.Sprintf("%s %s after %.0f s", service, report.Verdict, report.Ended.Sub(report.Began).Seconds())}
	if report.Verdict != release.Released || alerted > 0 {
		return told, fmt.Errorf("it should have stayed: %s %s, %d alerts", report.Reason, strings.Join(report.Problems, "; "), alerted)
	}
	return told, p.runs(ctx, service, p.state.Digests["good"])
}
