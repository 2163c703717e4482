package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// settings are the options, and what the flags say about where they come from.
type settings struct {
	release.Options
	root, signals, metricsCluster, smoke, audit, thresholds string
	report, record                                          string
	alerts, marks                                           []string
}

func parse(ctx context.Context, arguments []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	s.places(flags)
	s.judgement(flags)
	if len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		s.Service, arguments = arguments[0], arguments[1:]
	}
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	rest := flags.Args()
	if s.Service == "" && len(rest) > 0 {
		s.Service, rest = rest[0], rest[1:]
	}
	switch {
	case len(rest) > 0:
		return s, fmt.Errorf("unexpected argument %q", rest[0])
	case !slices.Contains(released.Services(), s.Service):
		return s, fmt.Errorf("there is no service %q: name one of %s", s.Service, strings.Join(released.Services(), ", "))
	}
	return s, s.complete(ctx)
}

// places are flags that say what is put where.
func (s *settings) places(flags *flag.FlagSet) {
	list := func(into *[]string) func(string) error {
		return func(value string) error { *into = append(*into, value); return nil }
	}
	flags.StringVar(&s.Image, "image", "", "digest of the image, sha256:..., or the whole reference REGISTRY/REPOSITORY@sha256:...")
	flags.StringVar(&s.Environment, "env", "", "environment: deploy/env/<env>/<service>.yaml has its values")
	flags.StringVar(&s.Version, "version", "", "version of the image, for labels, logs and the record")
	flags.StringVar(&s.Commit, "commit", "", "full hash of the commit that the image was made of")
	flags.StringVar(&s.root, "root", ".", "root of the repository")
	flags.StringVar(&s.Chart, "chart", "", "folder of the chart (charts/<service>)")
	flags.Func("values", "file with more values, which count before those of the environment; may be given again", list(&s.Values))
	flags.Func("set", "one more value, as for helm; may be given again", list(&s.Set))
	flags.StringVar(&s.Name, "name", "", "name of the Helm release (the service's)")
	flags.StringVar(&s.Cluster.Namespace, "namespace", "cartwright", "namespace of the shop")
	flags.StringVar(&s.Cluster.Context, "context", "", "entry of the kubeconfig (the current one)")
	flags.DurationVar(&s.Timeout, "timeout", 10*time.Minute, "how long helm may take, the migration included")
	flags.DurationVar(&s.Lease, "lease", time.Minute, "how long a release that died keeps others from beginning")
	flags.BoolVar(&s.Recover, "recover", false, "first take back what helm was left in the middle of")
	flags.StringVar(&s.report, "report", "", "file that gets the report, as JSON")
	flags.StringVar(&s.record, "record", "", "file with the record of releases that a good one is written to ("+released.File+")")
	flags.Func("alert", "who is told when a version is taken back: sns=ARN or webhook=URL; may be given again", list(&s.alerts))
	flags.Func("mark", "what notes the release for graphs: cloudwatch=CLUSTER or grafana=URL, with GRAFANA_TOKEN; may be given again", list(&s.marks))
}

// judgement are flags that say how a version is looked at.
func (s *settings) judgement(flags *flag.FlagSet) {
	flags.StringVar(&s.signals, "signals", "pods", "where figures come from: pods, prometheus=URL (with PROMETHEUS_TOKEN) or cloudwatch=NAMESPACE")
	flags.StringVar(&s.metricsCluster, "metrics-cluster", "", "dimension cluster of the figures in CloudWatch")
	flags.StringVar(&s.thresholds, "thresholds", "", "file with thresholds (deploy/pipeline/thresholds/<service>.yaml)")
	flags.DurationVar(&s.Baseline, "baseline", time.Minute, "how long the version before is looked at")
	flags.DurationVar(&s.Watch, "watch", 5*time.Minute, "how long the new version is looked at")
	flags.DurationVar(&s.Every, "every", 0, "time between two looks (15s; 30s with Prometheus, 1m with CloudWatch)")
	flags.DurationVar(&s.Window, "window", 0, "what each look looks back on (as long as between two; 3m with CloudWatch): longer ones see one moment at several looks")
	flags.StringVar(&s.smoke, "smoke", "auto", "Helm releases whose tests are run, comma-separated; auto: the service and the gateway; none")
	flags.StringVar(&s.audit, "audit", "", "command of the auditor: 0 says sound, 1 says violated")
}

// complete makes the options out of what the flags say.
func (s *settings) complete(ctx context.Context) error {
	s.Log, s.Marker = os.Stderr, os.Stdout
	if s.Name == "" {
		s.Name = s.Service
	}
	if s.Chart == "" {
		s.Chart = filepath.Join(s.root, "charts", s.Service)
	}
	if s.thresholds == "" {
		s.thresholds = filepath.Join(s.root, "deploy", "pipeline", "thresholds", s.Service+".yaml")
	}
	if s.Environment == "" && len(s.Values) == 0 {
		return errors.New("give --env, or --values")
	}
	if s.Environment != "" {
		s.Values = append([]string{filepath.Join(s.root, "deploy", "env", s.Environment, s.Service+".yaml")}, s.Values...)
	}
	if place, digest, whole := strings.Cut(s.Image, "@"); whole {
		registry, repository, found := strings.Cut(place, "/")
		if !found {
			return fmt.Errorf("image %q names no registry", s.Image)
		}
		s.Image, s.Set = digest, append(s.Set, "image.registry="+registry, "image.repository="+repository)
	}
	s.Audit = strings.Fields(s.audit)
	var err error
	if s.Thresholds, err = watch.LoadThresholds(s.thresholds); err != nil {
		return err
	}
	return errors.Join(s.chooseSource(), s.chooseTargets(), s.chooseSmoke(ctx), s.chooseRecord(ctx))
}

func (s *settings) chooseSource() error {
	every, window := 15*time.Second, time.Duration(0)
	switch kind, target, _ := strings.Cut(s.signals, "="); {
	case s.signals == "pods":
		s.Source = &watch.Pods{Cluster: s.Cluster, Service: s.Service}
	case kind == "prometheus" && target != "":
		s.Source = &watch.Prometheus{URL: target, Namespace: s.Cluster.Namespace, Service: s.Service, Token: os.Getenv("PROMETHEUS_TOKEN")}
		every = 30 * time.Second
	case kind == "cloudwatch" && target != "" && s.metricsCluster != "":
		s.Source = &watch.CloudWatch{Namespace: target, Cluster: s.metricsCluster, Service: s.Service, Now: time.Now}
		every, window = time.Minute, 3*time.Minute
	default:
		return fmt.Errorf("signals %q are neither pods, prometheus=URL nor cloudwatch=NAMESPACE with --metrics-cluster", s.signals)
	}
	if s.Every == 0 {
		s.Every = every
	}
	if s.Window == 0 {
		s.Window = max(window, s.Every)
	}
	return nil
}

func (s *settings) chooseTargets() error {
	for _, text := range s.alerts {
		target, err := release.ParseAlert(text)
		if err != nil {
			return err
		}
		s.Alerts = append(s.Alerts, target)
	}
	for _, text := range s.marks {
		target, err := release.ParseMark(text, os.Getenv("GRAFANA_TOKEN"))
		if err != nil {
			return err
		}
		s.Marks = append(s.Marks, target)
	}
	return nil
}

// chooseSmoke takes the gateway's test too where there is one: it goes through every service.
func (s *settings) chooseSmoke(ctx context.Context) error {
	switch s.smoke {
	case "none":
		return nil
	case "auto":
		s.Smoke = []string{s.Name}
		if s.Service == "gateway" {
			return nil
		}
		_, there, err := s.Cluster.Deployed(ctx, "gateway")
		if there {
			s.Smoke = append(s.Smoke, "gateway")
		}
		return err
	}
	s.Smoke = strings.Split(s.smoke, ",")
	return nil
}

func (s *settings) chooseRecord(ctx context.Context) error {
	if s.record == "" {
		return nil
	}
	if s.Version == "" || s.Commit == "" {
		return errors.New("a release that is recorded needs --version and --commit")
	}
	r := release.Recording{Root: s.root, File: s.record, Service: s.Service, Version: s.Version, Commit: s.Commit, Digest: s.Image}
	s.Record = func() error { return r.Save(context.WithoutCancel(ctx)) }
	return r.Check(ctx)
}
