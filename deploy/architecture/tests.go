package architecture

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func testRules() []Rule {
	return []Rule{
		{"no test is skipped", "a skipped test looks like one that passed", checkSkips},
		{"tests run side by side", "the suite would be slow, and hidden state would stay hidden", checkParallel},
		{"every test says what is lost when it fails", "who breaks it would not know whether it matters", checkTestDoc},
		{"tests use require only", "a test would go on with what is known to be wrong", checkTestify},
		{"every reason for a refusal is provoked by a test", "a client would be promised a reason that never comes, or one nobody has seen", checkReasons},
		{"every RPC is called by a test", "a method could be broken from the first day", checkRPCTests},
	}
}

func checkSkips(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		ast.Inspect(f.ast, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if ok && f.test && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) && selectsFrom(s, "t", "b", "f", "tb", "rt") {
				breaches = append(breaches, t.at(s)+": "+s.Sel.Name)
			}
			return true
		})
	}
	return breaches
}

// checkParallel wants t.Parallel first in every test, or "Not parallel:" and why in the test's comment.
func checkParallel(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		for _, d := range testsOf(f) {
			if !startsParallel(d) && !strings.Contains(d.Doc.Text(), "Not parallel:") {
				breaches = append(breaches, fmt.Sprintf("%s: %s does not start with t.Parallel()", t.at(d), d.Name.Name))
			}
		}
	}
	return breaches
}

func checkTestDoc(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		for _, d := range testsOf(f) {
			if d.Doc.Text() == "" {
				breaches = append(breaches, fmt.Sprintf("%s: %s has no comment", t.at(d), d.Name.Name))
			}
		}
	}
	return breaches
}

// testsOf are the test functions of a file.
func testsOf(f *file) []*ast.FuncDecl {
	var tests []*ast.FuncDecl
	for _, declaration := range f.ast.Decls {
		d, ok := declaration.(*ast.FuncDecl)
		if ok && f.test && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Test") && d.Name.Name != "TestMain" {
			tests = append(tests, d)
		}
	}
	return tests
}

func startsParallel(d *ast.FuncDecl) bool {
	if len(d.Body.List) == 0 {
		return false
	}
	statement, ok := d.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := statement.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Parallel"
}

func checkTestify(t *Tree) (breaches []string) {
	t.eachImport(true, func(f *file, place, imported string) {
		// A package named ...test is a suite that the tests of several adapters run.
		suite := f.test || strings.HasSuffix(f.ast.Name.Name, "test")
		if under(imported, "github.com/stretchr/testify") && (!suite || imported != "github.com/stretchr/testify/require") {
			breaches = append(breaches, fmt.Sprintf("%s: imports %s", place, imported))
		}
	})
	return breaches
}

// reason is one errs.Define call.
type reason struct {
	place, pkg, name, text string
}

var reasonPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,}$`)

// reasons finds the kinds of errors that packages define.
func (t *Tree) reasons() []reason {
	var list []reason
	for _, f := range t.source(false) {
		for _, spec := range variableSpecs(f) {
			for i, value := range spec.Values {
				call, ok := value.(*ast.CallExpr)
				if !ok || !isDefine(call.Fun) || len(call.Args) != 3 {
					continue
				}
				if literal, ok := call.Args[1].(*ast.BasicLit); ok {
					text, _ := strconv.Unquote(literal.Value)
					list = append(list, reason{place: t.at(spec), pkg: f.ast.Name.Name, name: spec.Names[i].Name, text: text})
				}
			}
		}
	}
	return list
}

func isDefine(function ast.Expr) bool {
	if name, ok := function.(*ast.Ident); ok {
		return name.Name == "Define"
	}
	s, ok := function.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Define" && selectsFrom(s, "errs")
}

// checkReasons wants a test for every reason: one that names it as text, or by the name of its kind.
func checkReasons(t *Tree) (breaches []string) {
	texts, names := t.mentions()
	for _, r := range t.reasons() {
		if !reasonPattern.MatchString(r.text) {
			breaches = append(breaches, fmt.Sprintf("%s: the reason %q is not UPPER_SNAKE", r.place, r.text))
		}
		if !texts[r.text] && !names[r.pkg+"."+r.name] {
			breaches = append(breaches, fmt.Sprintf("%s: %s (%s.%s)", r.place, r.text, r.pkg, r.name))
		}
	}
	return breaches
}

var upperSnake = regexp.MustCompile(`[A-Z][A-Z0-9_]{2,}`)

// mentions returns the upper-case words in the texts of tests, and the package.name pairs that tests use.
func (t *Tree) mentions() (texts, names map[string]bool) {
	texts, names = map[string]bool{}, map[string]bool{}
	for _, f := range t.source(true) {
		if !f.test {
			continue
		}
		own := strings.TrimSuffix(f.ast.Name.Name, "_test")
		ast.Inspect(f.ast, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.BasicLit:
				for _, word := range upperSnake.FindAllString(n.Value, -1) {
					texts[word] = true
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					names[x.Name+"."+n.Sel.Name] = true
				}
			case *ast.Ident:
				names[own+"."+n.Name] = true
			}
			return true
		})
	}
	return texts, names
}

// checkRPCTests wants the name of every internal method in a test of its service. The public ones are called over HTTP by the
// journeys, which see for themselves that they left none out.
func checkRPCTests(t *Tree) (breaches []string) {
	words := map[string]map[string]bool{}
	for _, f := range t.source(true) {
		owner := service(f.path)
		if owner == "" || !f.test {
			continue
		}
		if words[owner] == nil {
			words[owner] = map[string]bool{}
		}
		ast.Inspect(f.ast, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.SelectorExpr:
				words[owner][n.Sel.Name] = true
			case *ast.BasicLit:
				words[owner][strings.Trim(n.Value, "\"`")] = true
			}
			return true
		})
	}
	t.methods(func(f *protoFile, service string, rpc *element) {
		if owner := strings.Split(f.pkg, ".")[1]; !public(f.pkg) && !words[owner][rpc.name] {
			breaches = append(breaches, fmt.Sprintf("%s:%d: no test calls %s/%s", f.path, rpc.line, service, rpc.name))
		}
	})
	return breaches
}
