package architecture

import (
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"path"
	"strings"
)

// The budgets. A function's lines are those from its first to its last, a file's are all of its lines.
const (
	maxFunction   = 80
	maxFile       = 500
	maxTestFile   = 800
	maxParameters = 5
	maxMain       = 60
	// maxPlatform is for what a service carries: lines with code on them, without comments, blank lines, tests, generated
	// code, without the packages that no service imports, such as those for tests and local development, and without the files
	// that only a test's build has in it, by the tag faults.
	maxPlatform = 6000
)

func sizeRules() []Rule {
	return []Rule{
		{"functions are short", "nobody can keep a long function in mind", checkFunctions},
		{"files are short", "nobody finds anything in a long file", checkFiles},
		{"parameters are few", "arguments get mixed up", checkParameters},
		{"main only starts", "wiring in main is wiring without tests", checkMain},
		{"platform stays small", "the shared part would become a framework that all services wait for", checkPlatformSize},
	}
}

func checkFunctions(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		for _, declaration := range f.ast.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := t.line(function.End()) - t.line(function.Type.Func) + 1; lines > maxFunction {
				breaches = append(breaches, fmt.Sprintf("%s: %s has %d lines, over %d", t.at(function), function.Name.Name, lines, maxFunction))
			}
		}
	}
	return breaches
}

func checkFiles(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		limit := maxFile
		if f.test {
			limit = maxTestFile
		}
		if lines := strings.Count(f.text, "\n"); lines > limit {
			breaches = append(breaches, fmt.Sprintf("%s: %d lines, over %d", f.path, lines, limit))
		}
	}
	return breaches
}

func checkParameters(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		for _, declaration := range f.ast.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Type.Params.NumFields() > maxParameters {
				breaches = append(breaches, fmt.Sprintf("%s: %s has %d parameters, over %d",
					t.at(function), function.Name.Name, function.Type.Params.NumFields(), maxParameters))
			}
		}
	}
	return breaches
}

func checkMain(t *Tree) (breaches []string) {
	for _, f := range t.source(false) {
		if service(f.path) == "" || !strings.HasSuffix(f.path, "/main.go") || !strings.Contains(f.path, "/cmd/") {
			continue
		}
		if lines := strings.Count(f.text, "\n"); lines > maxMain {
			breaches = append(breaches, fmt.Sprintf("%s: %d lines, over %d", f.path, lines, maxMain))
		}
	}
	return breaches
}

func checkPlatformSize(t *Tree) []string {
	lines := 0
	carried := t.carried()
	for _, f := range t.source(false) {
		if under(f.path, "services/platform") && carried[path.Dir(f.path)] && !strings.HasPrefix(f.text, "//go:build faults\n") {
			lines += codeLines(f.text)
		}
	}
	if lines > maxPlatform {
		return []string{fmt.Sprintf("services/platform: %d lines of code, over %d", lines, maxPlatform)}
	}
	return nil
}

// carried are the packages that the services import, directly or through others.
func (t *Tree) carried() map[string]bool {
	imports := map[string][]string{}
	t.eachImport(false, func(f *file, _, imported string) {
		if target, ours := local(imported); ours {
			imports[path.Dir(f.path)] = append(imports[path.Dir(f.path)], target)
		}
	})
	seen := map[string]bool{}
	var add func(dir string)
	add = func(dir string) {
		for _, target := range imports[dir] {
			if !seen[target] {
				seen[target] = true
				add(target)
			}
		}
	}
	for dir := range imports {
		if service(dir) != "" {
			add(dir)
		}
	}
	return seen
}

// codeLines counts the lines that hold a part of a token; comments are none.
func codeLines(text string) int {
	set := token.NewFileSet()
	source := set.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(source, []byte(text), nil, 0)
	lines, last := 0, 0
	for {
		position, kind, literal := s.Scan()
		if kind == token.EOF {
			return lines
		}
		if kind == token.SEMICOLON && literal == "\n" {
			continue // put in by the scanner
		}
		first := source.Line(position)
		end := first + strings.Count(literal, "\n")
		lines += end - max(first, last+1) + 1
		last = max(last, end)
	}
}
