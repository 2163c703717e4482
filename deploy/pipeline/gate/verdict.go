package gate

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// verdictDir is where verdicts are kept until the release stage asks for them. A build must not cache it.
const verdictDir = ".local/gates"

// reportFile lists all verdicts for whoever shows test reports.
const reportFile = ".local/reports/gates.xml"

func (b *Build) verdictFile(name string) string {
	return filepath.Join(b.Root, verdictDir, b.Service, name+".json")
}

// Keep writes a verdict down, and all of them as a report.
func (b *Build) Keep(v Verdict) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	file := b.verdictFile(v.Gate)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return b.report()
}

// Verdict reads what came of a gate. A gate without a verdict, or with one of another commit, was not run.
func (b *Build) Verdict(name string) (Verdict, error) {
	missing := Verdict{Gate: name, Service: b.Service, Commit: b.Commit, Status: NotRun, Reason: "nobody ran it"}
	text, err := os.ReadFile(b.verdictFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	var v Verdict
	if err := json.Unmarshal(text, &v); err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", b.verdictFile(name), err)
	}
	if v.Commit != b.Commit || v.Service != b.Service || v.Gate != name {
		missing.Reason = fmt.Sprintf("it was run for %s at %s only", v.Service, v.Commit)
		return missing, nil
	}
	return v, nil
}

// Missing returns the verdicts that stand between the commit and a release: those of all gates that did not pass, those that
// need the image among them or not.
func (b *Build) Missing(afterImage bool) ([]Verdict, error) {
	var missing []Verdict
	for _, g := range Gates() {
		if g.AfterImage && !afterImage {
			continue
		}
		v, err := b.Verdict(g.Name)
		if err != nil {
			return nil, err
		}
		if v.Status != Passed {
			missing = append(missing, v)
		}
	}
	return missing, nil
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    float64    `xml:"time,attr"`
	Failure *junitText `xml:"failure"`
	Error   *junitText `xml:"error"`
}

type junitText struct {
	Message string `xml:"message,attr"`
}

// report lists the verdicts there are. What could not run is an error there, not a skipped test: nobody looks at those.
func (b *Build) report() error {
	suite := junitSuite{Name: "gates of " + b.Service}
	for _, g := range Gates() {
		v, err := b.Verdict(g.Name)
		if err != nil {
			return err
		}
		if v.Status == NotRun && v.Seconds == 0 {
			continue
		}
		one := junitCase{Class: b.Service, Name: g.Name, Time: v.Seconds}
		switch v.Status {
		case Failed:
			suite.Failures++
			one.Failure = &junitText{v.Reason}
		case NotRun:
			suite.Errors++
			one.Error = &junitText{"NOT RUN: " + v.Reason}
		case Passed:
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, one)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(b.Root, reportFile)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), text...), 0o644)
}
