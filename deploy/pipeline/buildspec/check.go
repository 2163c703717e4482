package buildspec

import (
	"fmt"
	"regexp"
	"slices"
)

// order is in which the phases are run.
var order = []string{"install", "pre_build", "build", "post_build"}

var (
	specKeys  = []string{"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
	envKeys   = []string{"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"}
	phaseKeys = []string{"run-as", "on-failure", "runtime-versions", "commands", "finally"}
	formats   = []string{"JUNITXML", "CUCUMBERJSON", "TESTNGXML", "VISUALSTUDIOTRX", "NUNITXML", "NUNIT3XML"}
)

// CheckShape finds what CodeBuild would read in another way than its author, in any specification.
func (s *Spec) CheckShape() (breaches []string) {
	complain := func(format string, arguments ...any) { breaches = append(breaches, fmt.Sprintf(format, arguments...)) }
	if s.Version != "0.2" {
		complain("version is %q, not 0.2: each command would run in a shell of its own", s.Version)
	}
	for _, key := range unknown(s.keys, specKeys) {
		complain("unknown key %q", key)
	}
	for _, key := range unknown(s.envKeys, envKeys) {
		complain("env: unknown key %q", key)
	}
	if s.Shell != "bash" {
		complain("env.shell is %q, not bash", s.Shell)
	}
	if len(s.Phases) == 0 {
		complain("there are no phases")
	}
	for _, p := range s.Phases {
		if !slices.Contains(order, p.Name) {
			complain("unknown phase %q is never run", p.Name)
		}
		for _, key := range unknown(p.keys, phaseKeys) {
			complain("%s: unknown key %q", p.Name, key)
		}
		breaches = append(breaches, p.check()...)
	}
	return append(breaches, s.checkSecrets()...)
}

func unknown(keys, known []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return slices.Contains(known, key) })
}

var swallowing = []struct {
	expression *regexp.Regexp
	why        string
}{
	{regexp.MustCompile(`\|\|\s*(true|:|exit 0|echo\b)`), "swallows a failure"},
	{regexp.MustCompile(`;\s*(true|:|exit 0)\s*$`), "swallows a failure"},
	{regexp.MustCompile(`\bset \+[a-z]*[eu]`), "goes on after failures"},
	{regexp.MustCompile(`\bset \+o pipefail`), "goes on after failures in pipes"},
	{regexp.MustCompile(`\bmake\b.*\s(-k|-i|-ki|-ik|--keep-going|--ignore-errors)\b`), "goes on after failures"},
	{regexp.MustCompile(`(^|[^&])&\s*$`), "leaves a command behind whose failure nobody sees"},
	{regexp.MustCompile(`[:@]latest\b`), "uses a version that changes by itself"},
	{regexp.MustCompile(`\b(curl|wget)\b.*\|\s*(sudo )?(ba)?sh\b`), "runs what it downloads without a look at it"},
	{regexp.MustCompile(`AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY`), "holds a secret"},
	{regexp.MustCompile(`(?i)\b[A-Z_]*(PASSWORD|SECRET|TOKEN)=['"]?[^$'" ]`), "holds a secret"},
	{regexp.MustCompile(`\bset -[a-z]*x`), "prints secrets into the log"},
}

func (p Phase) check() (breaches []string) {
	if p.OnFailure != "ABORT" {
		breaches = append(breaches, fmt.Sprintf("%s: on-failure is %q, not ABORT", p.Name, p.OnFailure))
	}
	if len(p.Commands) == 0 {
		breaches = append(breaches, fmt.Sprintf("%s: there are no commands", p.Name))
	} else if p.Commands[0] != "set -euo pipefail" {
		breaches = append(breaches, fmt.Sprintf("%s: the first command is not set -euo pipefail", p.Name))
	}
	for _, command := range slices.Concat(p.Commands, p.Finally) {
		if command == "" {
			breaches = append(breaches, fmt.Sprintf("%s: an empty command", p.Name))
		}
		for _, s := range swallowing {
			if s.expression.MatchString(command) {
				breaches = append(breaches, fmt.Sprintf("%s: %q %s", p.Name, command, s.why))
			}
		}
	}
	return breaches
}

var secretName = regexp.MustCompile(`(?i)(password|passwd|secret|token|credential|private|access_?key|api_?key)`)

// checkSecrets finds secrets in variables: everybody who may see a build sees those.
func (s *Spec) checkSecrets() (breaches []string) {
	for name, value := range s.Variables {
		if value != "" && secretName.MatchString(name) {
			breaches = append(breaches, fmt.Sprintf("env.variables.%s is a secret in plain text", name))
		}
	}
	slices.Sort(breaches)
	return breaches
}
