package buildspec

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/gate"
)

// commands of the build of a release, as they begin. Later ones must not come before earlier ones.
const (
	gateCommand    = "go run ./deploy/pipeline/cmd/gate "
	succeeding     = `test "$CODEBUILD_BUILD_SUCCEEDING" = 1`
	requireSources = gateCommand + "require sources"
	requireAll     = gateCommand + "require all"
	imageGate      = gateCommand + "run image"
)

// stages of a release: what each command begins with, in the order that keeps a bad version from being published.
var stages = []string{succeeding, requireSources, "make image ", "make sbom ", imageGate, requireAll, "make push ", "make sign ", "make chart "}

// Check finds mistakes in the specification of a release: those of CheckShape, and whatever would publish a version that did not
// pass all gates. golang is the version of Go that the repository asks for, such as 1.26.
func (s *Spec) Check(golang string) (breaches []string) {
	breaches = s.CheckShape()
	for _, name := range order {
		if _, ok := s.Phase(name); !ok {
			breaches = append(breaches, fmt.Sprintf("there is no phase %s", name))
		}
	}
	if install, ok := s.Phase("install"); ok && install.Runtimes["golang"] != golang {
		breaches = append(breaches, fmt.Sprintf("install: golang is %q, the repository asks for %s", install.Runtimes["golang"], golang))
	}
	breaches = append(breaches, s.checkGates()...)
	breaches = append(breaches, s.checkStages()...)
	return append(breaches, s.checkFiles()...)
}

func (s *Spec) checkGates() (breaches []string) {
	run := map[string]string{}
	for _, p := range s.Phases {
		for _, command := range p.Commands {
			names, ok := strings.CutPrefix(command, gateCommand+"run ")
			if !ok {
				continue
			}
			for _, name := range strings.Fields(names) {
				if _, err := gate.Named(name); err != nil {
					breaches = append(breaches, fmt.Sprintf("%s: %v", p.Name, err))
				}
				run[name] = p.Name
			}
		}
	}
	for _, g := range gate.Gates() {
		switch where := run[g.Name]; {
		case where == "":
			breaches = append(breaches, fmt.Sprintf("gate %s is never run", g.Name))
		case (where == "post_build") != g.AfterImage:
			breaches = append(breaches, fmt.Sprintf("gate %s is run in %s", g.Name, where))
		}
	}
	return breaches
}

var publishing = regexp.MustCompile(`\bmake (image|sbom|push|sign|chart)\b|\bdocker (buildx|push)|\bcosign\b|\bhelm push\b|\baws ecr put-image\b`)

// checkStages wants each stage once, in order, and nothing that publishes anywhere else.
func (s *Spec) checkStages() (breaches []string) {
	post, _ := s.Phase("post_build")
	last := -1
	for _, stage := range stages {
		at := slices.IndexFunc(post.Commands, func(command string) bool { return strings.HasPrefix(command+" ", stage) })
		switch {
		case at < 0:
			breaches = append(breaches, fmt.Sprintf("post_build: %q is missing", strings.TrimSpace(stage)))
			continue
		case at < last:
			breaches = append(breaches, fmt.Sprintf("post_build: %q comes too early or too late", post.Commands[at]))
		}
		last = max(last, at)
		if strings.HasPrefix(stage, "make ") && !strings.Contains(post.Commands[at], `SERVICE="$SERVICE"`) {
			breaches = append(breaches, fmt.Sprintf("post_build: %q is not for the SERVICE that is built", post.Commands[at]))
		}
	}
	for _, p := range s.Phases {
		commands := p.Finally
		if p.Name != "post_build" {
			commands = slices.Concat(p.Commands, p.Finally)
		}
		for _, command := range commands {
			if publishing.MatchString(command) {
				breaches = append(breaches, fmt.Sprintf("%s: %q publishes where the gates do not stand before it", p.Name, command))
			}
		}
	}
	return breaches
}

// checkFiles looks at what the build leaves: reports, the bundle, the cache.
func (s *Spec) checkFiles() (breaches []string) {
	reported := map[string]bool{}
	for _, report := range s.Reports {
		if !slices.Contains(formats, report.Format) {
			breaches = append(breaches, fmt.Sprintf("reports.%s: unknown file-format %q", report.Name, report.Format))
		}
		for _, file := range report.Files {
			reported[path.Join(report.BaseDirectory, file)] = true
		}
	}
	for _, file := range []string{"gates.xml", "unit.xml", "integration.xml"} {
		if !reported[".local/reports/"+file] {
			breaches = append(breaches, fmt.Sprintf("reports: .local/reports/%s is written and not shown", file))
		}
	}
	if s.ArtifactsBase != ".local/release" || len(s.Artifacts) == 0 {
		breaches = append(breaches, "artifacts: the bundle in .local/release is not kept, there is nothing to deploy")
	}
	for _, name := range []string{"VERSION", "IMAGE_DIGEST"} {
		if !slices.Contains(s.Exported, name) {
			breaches = append(breaches, fmt.Sprintf("env.exported-variables: %s is missing, the stages after it cannot name the release", name))
		}
	}
	for _, cached := range s.Cache {
		if !strings.HasPrefix(cached, ".cache/") {
			breaches = append(breaches, fmt.Sprintf("cache: %s would bring verdicts or images of other commits along", cached))
		}
	}
	return breaches
}
