package image

import (
	"context"
	"errors"
	"path/filepath"
)

// Scan looks for known vulnerabilities in the code of a program and in what its image is made of, and for secrets in its sources. It
// runs every scanner, also after one found something; the error joins what failed and what could not run.
//
// GOVULNDB names a copy of the vulnerability database of Go, where the public one cannot be reached.
func (s Store) Scan(ctx context.Context, t Tools, p Program) error {
	if _, err := s.Digest(p.Name); err != nil {
		return err
	}
	if _, err := s.Bill(p.Name); err != nil {
		return err
	}
	var problems []error
	for _, one := range append([]step{s.vulnerabilities(t, p), s.materials(t, p)}, secrets(t, p)...) {
		problems = append(problems, t.run(ctx, one))
	}
	return errors.Join(problems...)
}

// vulnerabilities finds calls of code that is known to be vulnerable.
func (s Store) vulnerabilities(t Tools, p Program) step {
	argv := []string{"govulncheck"}
	if database := t.Getenv("GOVULNDB"); database != "" {
		argv = append(argv, "-db", database)
	}
	return step{
		what: "vulnerabilities in the code of " + p.Name, dir: filepath.Join(t.Root, filepath.FromSlash(p.Module)),
		argv: append(argv, p.Package()), found: []int{3},
	}
}

// materials looks up everything that is in the image, called or not, with the scanner that is there.
func (s Store) materials(t Tools, p Program) step {
	bill := s.BillFile(p.Name)
	scanners := [][]string{
		{"osv-scanner", "scan", "source", "--lockfile", bill},
		{"trivy", "sbom", "--exit-code", "1", "--severity", "HIGH,CRITICAL", bill},
		{"grype", "--fail-on", "high", "sbom:" + bill},
	}
	codes := [][]int{{1}, {1}, {2}}
	what := "vulnerabilities in the image of " + p.Name
	for i, argv := range scanners {
		if t.path(argv[0]) != "" {
			return step{what: what, argv: argv, found: codes[i]}
		}
	}
	return step{what: what, argv: scanners[0], found: codes[0]}
}

// secrets finds keys and passwords in what the image is built from.
func secrets(t Tools, p Program) []step {
	var steps []step
	for _, dir := range []string{p.Module, "services/platform", "proto"} {
		steps = append(steps, step{
			what: "secrets in " + dir, dir: t.Root, argv: []string{"gitleaks", "dir", dir, "--no-banner", "--redact", "--exit-code", "10"}, found: []int{10},
		})
	}
	return steps
}
