package architecture

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// dependencyPage says of each library why it is there.
const dependencyPage = "docs/dependencies.md"

// requirement is one line of a go.mod.
type requirement struct {
	path, version string
	direct        bool
}

// goModule is a go.mod.
type goModule struct {
	dir          string
	path         string
	requirements []requirement
	replaces     map[string]string
}

var (
	requirePattern = regexp.MustCompile(`^(?:require\s+)?([\w.~-]+(?:/[\w.~-]+)+)\s+(v\S+)(\s+// indirect)?$`)
	replacePattern = regexp.MustCompile(`^(?:replace\s+)?([\w./~-]+)(?:\s+v\S+)?\s+=>\s+(\S+)`)
)

func moduleRules() []Rule {
	return []Rule{
		{"modules build alone", "GOWORK=off, the build of the delivery pipeline, would fail", checkModules},
		{"the workspace lists every module", "a change would be built in one place and not in another", checkWorkspace},
		{"modules agree on versions", "what is tested together would not be what is delivered", checkVersions},
		{"every direct dependency has a reason", "libraries would come in without anybody weighing them", checkDependencies},
	}
}

// modules reads every go.mod of the tree.
func (t *Tree) modules() []goModule {
	var list []goModule
	for _, f := range t.sorted() {
		if path.Base(f.path) != "go.mod" {
			continue
		}
		m := goModule{dir: path.Dir(f.path), replaces: map[string]string{}}
		for line := range strings.Lines(f.text) {
			line = strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(line, "module "); ok {
				m.path = name
			}
			if match := requirePattern.FindStringSubmatch(line); match != nil {
				m.requirements = append(m.requirements, requirement{path: match[1], version: match[2], direct: match[3] == ""})
			}
			if match := replacePattern.FindStringSubmatch(line); match != nil {
				m.replaces[match[1]] = match[2]
			}
		}
		list = append(list, m)
	}
	return list
}

// allowedModules are the modules of ours that the one in dir may require.
func allowedModules(dir string) []string {
	switch dir {
	case "proto":
		return nil
	case "services/platform":
		return []string{"proto"}
	default:
		return []string{"proto", "services/platform"}
	}
}

func checkModules(t *Tree) (breaches []string) {
	for _, m := range t.modules() {
		if m.path != path.Join(module, m.dir) {
			breaches = append(breaches, fmt.Sprintf("%s/go.mod: module %s", m.dir, m.path))
		}
		for _, r := range m.requirements {
			target, ours := local(r.path)
			if !ours {
				continue
			}
			if !slices.Contains(allowedModules(m.dir), target) {
				breaches = append(breaches, fmt.Sprintf("%s/go.mod: requires %s", m.dir, target))
			}
			replacement := m.replaces[r.path]
			if !strings.HasPrefix(replacement, "../") || path.Join(m.dir, replacement) != target {
				breaches = append(breaches, fmt.Sprintf("%s/go.mod: %s is not replaced by its relative folder", m.dir, target))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(m.replaces)) {
			if _, ours := local(name); !ours {
				breaches = append(breaches, fmt.Sprintf("%s/go.mod: replaces %s", m.dir, name))
			}
		}
	}
	return breaches
}

func checkWorkspace(t *Tree) (breaches []string) {
	work := t.files["go.work"]
	if work == nil {
		return []string{"go.work: missing"}
	}
	for _, m := range t.modules() {
		if !regexp.MustCompile(`(?m)^(use)?\s*\./` + regexp.QuoteMeta(m.dir) + `$`).MatchString(work.text) {
			breaches = append(breaches, fmt.Sprintf("go.work: does not use ./%s", m.dir))
		}
	}
	return breaches
}

func checkVersions(t *Tree) (breaches []string) {
	first := map[string]goModule{}
	versions := map[string]string{}
	for _, m := range t.modules() {
		for _, r := range m.requirements {
			if versions[r.path] == "" {
				first[r.path], versions[r.path] = m, r.version
			} else if versions[r.path] != r.version {
				breaches = append(breaches, fmt.Sprintf("%s/go.mod: %s %s, but %s in %s", m.dir, r.path, r.version, versions[r.path], first[r.path].dir))
			}
		}
	}
	return breaches
}

// checkDependencies wants a table row that starts with the module's path for every direct dependency, and none for others.
func checkDependencies(t *Tree) (breaches []string) {
	page := t.files[dependencyPage]
	if page == nil {
		return []string{dependencyPage + ": missing"}
	}
	listed := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|[^|]+\\| *[^| ][^|]*\\|$").FindAllStringSubmatch(page.text, -1) {
		listed[match[1]] = true
	}
	direct := map[string]bool{}
	for _, m := range t.modules() {
		for _, r := range m.requirements {
			if _, ours := local(r.path); r.direct && !ours {
				direct[r.path] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(direct)) {
		if !listed[name] {
			breaches = append(breaches, fmt.Sprintf("%s: no reason for %s", dependencyPage, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !direct[name] {
			breaches = append(breaches, fmt.Sprintf("%s: %s is no direct dependency", dependencyPage, name))
		}
	}
	return breaches
}
