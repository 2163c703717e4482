package release

import (
	"encoding/json"
	"os"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
)

// Report is all that is known of a release afterwards.
type Report struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Namespace   string `json:"namespace"`
	Version     string `json:"version,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Image       string `json:"image"`
	// Before is what was deployed, BackTo the revision to return to; 0 when the service was new.
	Before *kube.Deployment `json:"before,omitempty"`
	BackTo int              `json:"backTo"`
	// Revision is the one that was made, After the one in place at the end.
	Revision int       `json:"revision,omitempty"`
	After    int       `json:"after,omitempty"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Steps    []Step    `json:"steps"`
	// Looks are what was seen of the version.
	Looks   []watch.Look `json:"looks,omitempty"`
	Verdict Verdict      `json:"verdict"`
	Reason  string       `json:"reason,omitempty"`
	// Problems did not change the verdict: alerts that could not be sent, markers that were not taken.
	Problems []string `json:"problems,omitempty"`
}

// Step is one thing that was done.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

// step does one and notes it.
func (r *run) step(name string, do func() error) error {
	began := time.Now()
	r.o.say("%s ...", name)
	err := do()
	step := Step{Name: name, Seconds: time.Since(began).Seconds()}
	if err != nil {
		step.Error = err.Error()
		r.o.say("%s: %v", name, err)
	}
	r.report.Steps = append(r.report.Steps, step)
	return err
}

// Write puts the report into a file.
func (r *Report) Write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
