package architecture

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

func codeRules() []Rule {
	return []Rule{
		{"no init functions", "importing a package would do something", checkInit},
		{"package variables never change", "tests and goroutines would see each other through them", checkVariables},
		{"nobody sleeps", "a sleep is either too short or too long; wait for the condition", checkSleep},
	}
}

func checkInit(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		for _, declaration := range f.ast.Decls {
			if d, ok := declaration.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				breaches = append(breaches, t.at(d)+": init")
			}
		}
	}
	return breaches
}

// checkVariables lets a package keep errors, tables, patterns and embedded files: what has a value from the start, is no
// pointer, lock or counter and is never written to. Tests may keep what TestMain prepares.
func checkVariables(t *Tree) (breaches []string) {
	for _, p := range t.packages {
		variables := map[string]*ast.ValueSpec{}
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, spec := range variableSpecs(f) {
				if why := mutableByNature(spec); why != "" {
					breaches = append(breaches, fmt.Sprintf("%s: %s %s", t.at(spec), spec.Names[0].Name, why))
				}
				for _, name := range spec.Names {
					variables[name.Name] = spec
				}
			}
		}
		for _, f := range p.files {
			breaches = append(breaches, t.writes(f, variables)...)
		}
	}
	return breaches
}

// variableSpecs are a file's package-level variables except blank and embedded ones.
func variableSpecs(f *file) []*ast.ValueSpec {
	var specs []*ast.ValueSpec
	for _, declaration := range f.ast.Decls {
		d, ok := declaration.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR || embeds(d.Doc) {
			continue
		}
		for _, spec := range d.Specs {
			if s := spec.(*ast.ValueSpec); s.Names[0].Name != "_" && !embeds(s.Doc) {
				specs = append(specs, s)
			}
		}
	}
	return specs
}

func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// mutableByNature says why a variable can only be meant to change, "" when it need not be.
func mutableByNature(spec *ast.ValueSpec) string {
	if len(spec.Values) == 0 {
		return "has no value from the start"
	}
	for _, value := range append([]ast.Expr{spec.Type}, spec.Values...) {
		switch v := value.(type) {
		case *ast.UnaryExpr:
			if v.Op == token.AND {
				return "is a pointer"
			}
		case *ast.CompositeLit:
			if selectsFrom(v.Type, "sync", "atomic") {
				return "is a lock or a counter"
			}
		case *ast.CallExpr:
			if name, ok := v.Fun.(*ast.Ident); ok && (name.Name == "make" || name.Name == "new") {
				return "is made to be filled"
			}
		case *ast.SelectorExpr:
			if selectsFrom(v, "sync", "atomic") {
				return "is a lock or a counter"
			}
		}
	}
	return ""
}

func selectsFrom(expression ast.Expr, packages ...string) bool {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	name, ok := selector.X.(*ast.Ident)
	return ok && slices.Contains(packages, name.Name)
}

// writes finds where a file assigns to one of the package's variables or to a part of it, or takes its address.
func (t *Tree) writes(f *file, variables map[string]*ast.ValueSpec) (breaches []string) {
	check := func(target ast.Expr, what string) {
		name := root(target)
		if name == nil || variables[name.Name] == nil {
			return
		}
		// The parser resolves names within a file: a local variable of the same name is another one.
		if object := name.Obj; object != nil && object.Decl != variables[name.Name] {
			return
		}
		breaches = append(breaches, fmt.Sprintf("%s: %s the package variable %s", t.at(target), what, name.Name))
	}
	ast.Inspect(f.ast, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				if n.Tok != token.DEFINE {
					check(target, "writes to")
				}
			}
		case *ast.IncDecStmt:
			check(n.X, "writes to")
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X, "takes the address of")
			}
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"delete", "clear", "copy"}, name.Name) {
				check(n.Args[0], "changes")
			}
		}
		return true
	})
	return breaches
}

// root is the variable that an expression is a part of, nil when there is none.
func root(expression ast.Expr) *ast.Ident {
	for {
		switch e := expression.(type) {
		case *ast.Ident:
			return e
		case *ast.IndexExpr:
			expression = e.X
		case *ast.SelectorExpr:
			expression = e.X
		case *ast.StarExpr:
			expression = e.X
		case *ast.ParenExpr:
			expression = e.X
		case *ast.SliceExpr:
			expression = e.X
		default:
			return nil
		}
	}
}

func checkSleep(t *Tree) (breaches []string) {
	for _, f := range t.source(true) {
		ast.Inspect(f.ast, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" && selectsFrom(s, "time") {
				breaches = append(breaches, t.at(s)+": time.Sleep")
			}
			return true
		})
	}
	return breaches
}
