package architecture

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// sections are what the README of every service tells.
var sections = []string{"What it owns", "API", "Tables", "Events", "Settings", "SLO", "Runbook"}

func pageRules() []Rule {
	return []Rule{
		{"links lead somewhere", "a reader would stand in front of a wall", checkLinks},
		{"every service describes itself", "whoever is paged at night would not know what it owns and what to do", checkReadmes},
		{"every setting is described", "an operator would have to read code to set it", checkSettings},
		{"what went wrong elsewhere is held by a test", "the shop would repeat what cost others money", checkRegressions},
		{"questions before going live have an answer or say that they have none", "a service would be called ready by what somebody believes", checkReadiness},
		{"pages name what is there", "a reader would look for a test, a rule or a command that is gone, and nothing would hold what the page says", checkNamed},
		{"nothing names a machine or a package host", "the repository would work at one place only", checkPlaces},
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ +(.*?)\s*$`)
)

// checkLinks follows links to files and headings of the repository; it asks no other host.
func checkLinks(t *Tree) (breaches []string) {
	for _, f := range t.sorted() {
		if path.Ext(f.path) != ".md" {
			continue
		}
		text := code.ReplaceAllStringFunc(f.text, func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
		for _, match := range link.FindAllStringSubmatchIndex(text, -1) {
			target := text[match[2]:match[3]]
			if !strings.Contains(target, ":") && !t.leads(f, target) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s", f.path, lineOf(1, text, match[0]), target))
			}
		}
	}
	return breaches
}

func (t *Tree) leads(from *file, target string) bool {
	name, anchor, _ := strings.Cut(target, "#")
	to := from
	if name != "" {
		full := path.Join(path.Dir(from.path), name)
		if to = t.files[full]; to == nil {
			return slices.ContainsFunc(t.sorted(), func(f *file) bool { return under(f.path, full) })
		}
	}
	if anchor == "" {
		return true
	}
	for _, match := range heading.FindAllStringSubmatch(to.text, -1) {
		if anchorOf(match[1]) == anchor {
			return true
		}
	}
	return false
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchorOf is the name that viewers give a heading.
func anchorOf(title string) string {
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

func checkReadmes(t *Tree) (breaches []string) {
	for _, name := range t.services() {
		file := "services/" + name + "/README.md"
		page := t.files[file]
		if page == nil {
			breaches = append(breaches, file+": missing")
			continue
		}
		var titles []string
		for _, match := range heading.FindAllStringSubmatch(page.text, -1) {
			titles = append(titles, strings.ToLower(match[1]))
		}
		for _, section := range sections {
			if !slices.Contains(titles, strings.ToLower(section)) {
				breaches = append(breaches, fmt.Sprintf("%s: no section %q", file, section))
			}
		}
	}
	return breaches
}

var setting = regexp.MustCompile("`[^`]*\\benv:\"([A-Z][A-Z0-9_]*)")

// checkSettings looks for every setting of a service in its README, and for those of the runtime in that of platform.
func checkSettings(t *Tree) (breaches []string) {
	for _, f := range t.source(false) {
		page := "services/platform/README.md"
		if owner := service(f.path); owner != "" {
			page = "services/" + owner + "/README.md"
		} else if !under(f.path, "services/platform") {
			continue
		}
		for _, match := range setting.FindAllStringSubmatchIndex(f.text, -1) {
			name := f.text[match[2]:match[3]]
			if readme := t.files[page]; readme == nil || !regexp.MustCompile(`\b`+name+`\b`).MatchString(readme.text) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s does not tell about %s", f.path, lineOf(1, f.text, match[0]), page, name))
			}
		}
	}
	return breaches
}

// places are absolute paths of somebody's machine, and hosts that packages are fetched from. The parts are joined here so that
// this file does not name them either.
var places = regexp.MustCompile(`(?:^|[\s"'=(\x60:,])(/(?:work|root|home/[a-z]\w*|Users/\w+|var/tmp|tmp/bash_jobs)/[\w.-]+)|\b((?:registry\.npm` +
	`js|proxy\.gol` + `ang|sum\.gol` + `ang|regist` + `ry\.yarnpkg|pypi\.o` + `rg|deb\.deb` + `ian)[\w.]*|[\w.-]*\b(?:artifac` + `tory|nex` + `us)\.[\w.]+)`)

func checkPlaces(t *Tree) (breaches []string) {
	for _, f := range t.sorted() {
		for _, match := range places.FindAllStringIndex(f.text, -1) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: %s", f.path, lineOf(1, f.text, match[0]), strings.TrimSpace(f.text[match[0]:match[1]])))
		}
	}
	return breaches
}
