package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Gates returns all gates in the order in which they are run.
func Gates() []Gate {
	return []Gate{
		{Name: "secrets", steps: secrets},
		{Name: "lint", steps: lint},
		{Name: "vet", steps: vet},
		{Name: "static", steps: static},
		{Name: "contract", steps: contract},
		{Name: "unit", steps: tests("unit")},
		{Name: "integration", steps: tests("integration")},
		{Name: "skew", steps: skew},
		{Name: "vulnerabilities", steps: vulnerabilities},
		{Name: "dependencies", steps: dependencies},
		{Name: "image", AfterImage: true, steps: image},
	}
}

// Named returns the gate of a name.
func Named(name string) (Gate, error) {
	gates := Gates()
	i := slices.IndexFunc(gates, func(g Gate) bool { return g.Name == name })
	if i < 0 {
		return Gate{}, fmt.Errorf("there is no gate %q", name)
	}
	return gates[i], nil
}

func module(b *Build) string { return filepath.Join("services", b.Service) }

// secrets looks for keys and passwords in the files of the commit.
func secrets(context.Context, *Build) ([]step, error) {
	return []step{{argv: []string{"gitleaks", "dir", ".", "--no-banner", "--redact", "--exit-code", "10"}, found: []int{10}}}, nil
}

func lint(_ context.Context, b *Build) ([]step, error) {
	return []step{{argv: []string{"make", "lint/" + b.Service}}}, nil
}

func vet(_ context.Context, b *Build) ([]step, error) {
	return []step{{dir: module(b), argv: []string{"go", "vet", "./..."}}, {dir: module(b), argv: []string{"go", "mod", "verify"}}}, nil
}

// static holds the rules of the repository, of this pipeline and of what it is deployed with.
func static(context.Context, *Build) ([]step, error) {
	return []step{
		{dir: "deploy", argv: []string{"go", "test", "-count=1", "./architecture", "./migrationlint", "./released"}},
		{dir: "deploy", argv: []string{"go", "run", "./pipeline/cmd/check", "-root", ".."}},
	}, nil
}

func tests(kind string) func(context.Context, *Build) ([]step, error) {
	return func(_ context.Context, b *Build) ([]step, error) {
		report := filepath.Join(".local", "reports", kind+".xml")
		return []step{{argv: []string{"go", "run", "./deploy/pipeline/cmd/gotests", "-module", module(b), "-kind", kind, "-report", report}}}, nil
	}
}

// skew runs the service beside what was released last, and on its schema.
func skew(_ context.Context, b *Build) ([]step, error) {
	program := filepath.Join(b.Root, ".local", "bin", "skew")
	return []step{
		{argv: []string{"go", "build", "-C", "deploy", "-buildvcs=false", "-o", program, "./skew/cmd/skew"}},
		{argv: []string{program, b.Service}, found: []int{1}},
	}, nil
}

// vulnerabilities looks for calls of code that is known to be vulnerable.
func vulnerabilities(_ context.Context, b *Build) ([]step, error) {
	return []step{{dir: module(b), argv: []string{"govulncheck", "./..."}, found: []int{3}}}, nil
}

// dependencies looks for modules that are known to be vulnerable, called or not.
func dependencies(_ context.Context, b *Build) ([]step, error) {
	return []step{{dir: module(b), argv: []string{"osv-scanner", "scan", "source", "--lockfile", "go.mod"}, found: []int{1}}}, nil
}

// image looks for what is known to be vulnerable in the bill of materials that was made of the image.
func image(_ context.Context, b *Build) ([]step, error) {
	for _, format := range []string{"spdx", "cdx"} {
		bill := filepath.Join(".local", "image", b.Service+"."+format+".json")
		if _, err := os.Stat(filepath.Join(b.Root, bill)); err == nil {
			return []step{{argv: []string{"osv-scanner", "scan", "source", "--lockfile", bill}, found: []int{1}}}, nil
		}
	}
	return nil, unable("there is no bill of materials of the image in .local/image")
}

// contract compares the contracts of the service with those that are in use.
func contract(ctx context.Context, b *Build) ([]step, error) {
	revision := b.Against
	if revision == "" {
		read, err := b.deployed(ctx)
		if err != nil {
			return nil, err
		}
		revision = read
	}
	if revision == Nothing {
		fmt.Fprintf(b.Output, "nothing of %s is deployed: there is nobody whose calls could break\n", b.Service)
		return nil, nil
	}
	if err := b.checkout(ctx, revision); err != nil {
		return nil, err
	}
	// Compiled contracts are compared: buf takes no paths for two folders.
	now, before := filepath.Join(deployedDir, "now.binpb"), filepath.Join(deployedDir, "before.binpb")
	argv := []string{"buf", "breaking", now, "--against", before, "--config", `{"version":"v2","breaking":{"use":["FILE"]}}`}
	for _, folder := range contractsOf(b.Service) {
		argv = append(argv, "--path", "cartwright/"+folder)
	}
	return []step{
		{argv: []string{"buf", "build", "proto", "--output", now}, found: []int{100}},
		{argv: []string{"buf", "build", filepath.Join(deployedDir, "proto"), "--output", before}, found: []int{100}},
		{argv: argv, found: []int{100}},
	}, nil
}

// contractsOf names the folders of contracts that others call a service by.
func contractsOf(service string) []string {
	if service == "gateway" {
		return []string{"storefront", "admin", "type"}
	}
	return []string{service, "type"}
}

// Nothing is what stands for the revision of a service that was never deployed.
const Nothing = "none"

// deployedDir holds the contracts of the deployed revision while they are compared.
const deployedDir = ".local/deployed"

// deployed reads which revision is in use. Whoever cannot find that out must not call it "none".
func (b *Build) deployed(ctx context.Context) (string, error) {
	if b.Parameter == "" {
		return "", unable("nobody said which revision is deployed: set DEPLOYED_PARAMETER or AGAINST")
	}
	argv := []string{"aws", "ssm", "get-parameter", "--name", b.Parameter, "--query", "Parameter.Value", "--output", "text"}
	command := b.command(ctx, step{argv: argv})
	command.Stdout = nil
	output, err := command.Output()
	if err != nil {
		return "", unable("read %s, which names the deployed revision: %v", b.Parameter, err)
	}
	revision := strings.TrimSpace(string(output))
	if revision == "" || strings.HasPrefix(revision, "-") || strings.ContainsAny(revision, " \n") {
		return "", unable("%s does not name a revision: %q", b.Parameter, revision)
	}
	return revision, nil
}

// checkout writes the contracts of a revision beside those of the commit.
func (b *Build) checkout(ctx context.Context, revision string) error {
	dir := filepath.Join(b.Root, deployedDir)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	archive := filepath.Join(deployedDir, "proto.tar")
	for _, argv := range [][]string{
		{"git", "archive", "--format=tar", "--output", archive, revision, "proto"},
		{"tar", "-xf", archive, "-C", deployedDir},
	} {
		if err := b.command(ctx, step{argv: argv}).Run(); err != nil {
			return unable("read the contracts of %s: %s: %v", revision, strings.Join(argv, " "), err)
		}
	}
	return nil
}
