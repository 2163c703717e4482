package architecture

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// empties are names that say nothing about what is in the room.
var empties = []string{"common", "util", "utils", "helper", "helpers", "base", "manager", "impl", "types", "misc", "shared", "lib"}

// commerce are words that platform must not know. Tax is none of them: finding the part of an amount is arithmetic.
var commerce = []string{
	"cart", "catalog", "catalogue", "category", "checkout", "coupon", "discount", "giftcard", "inventory", "order", "payment", "price", "pricing",
	"product", "promotion", "refund", "reservation", "shipment", "shipping", "sku", "stock", "variant",
}

func wordRules() []Rule {
	return []Rule{
		{"names say what is in the room", "a drawer for everything gets everything", checkEmptyNames},
		{"platform knows no commerce", "a change of the shop would be a release of every service", checkCommerce},
		{"every package says what it is", "a newcomer has to read the code to learn what it is for", checkPackageDoc},
		{"every exported name is explained", "a caller has to read the code to learn what it promises", checkExportedDoc},
	}
}

func checkEmptyNames(t *Tree) (breaches []string) {
	for _, p := range t.packages {
		if name := p.name(); slices.Contains(empties, name) || slices.Contains(empties, path.Base(p.dir)) {
			breaches = append(breaches, fmt.Sprintf("%s: package %s", p.dir, name))
		}
		for _, f := range p.files {
			stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
			if slices.ContainsFunc(strings.Split(stem, "_"), func(word string) bool { return slices.Contains(empties, word) }) {
				breaches = append(breaches, fmt.Sprintf("%s: name of the file", f.path))
			}
		}
	}
	return breaches
}

var wordPattern = regexp.MustCompile(`[A-Z]+[a-z0-9]*|[a-z0-9]+`)

func checkCommerce(t *Tree) (breaches []string) {
	for _, p := range t.packages {
		if !under(p.dir, "services/platform") {
			continue
		}
		if slices.Contains(commerce, p.name()) {
			breaches = append(breaches, fmt.Sprintf("%s: package %s", p.dir, p.name()))
		}
		for _, f := range p.files {
			for name := range exportedNames(f) {
				for _, word := range wordPattern.FindAllString(name.Name, -1) {
					if !f.test && slices.Contains(commerce, strings.TrimSuffix(strings.ToLower(word), "s")) {
						breaches = append(breaches, fmt.Sprintf("%s: the name %s", t.at(name), name.Name))
					}
				}
			}
		}
	}
	return breaches
}

func checkPackageDoc(t *Tree) (breaches []string) {
	for _, p := range t.packages {
		documented := p.onlyTests()
		for _, f := range p.files {
			doc := strings.TrimSpace(f.ast.Doc.Text())
			start := "Package " + f.ast.Name.Name + " "
			documented = documented || !f.test && doc != "" && (f.ast.Name.Name == "main" || strings.HasPrefix(doc, start))
		}
		if !documented {
			breaches = append(breaches, fmt.Sprintf("%s: no comment that starts with \"Package %s\"", p.dir, p.name()))
		}
	}
	return breaches
}

func checkExportedDoc(t *Tree) (breaches []string) {
	for _, f := range t.source(false) {
		if f.ast.Name.Name == "main" {
			continue
		}
		for name, documented := range exportedNames(f) {
			if !documented {
				breaches = append(breaches, fmt.Sprintf("%s: %s has no comment", t.at(name), name.Name))
			}
		}
	}
	slices.Sort(breaches)
	return breaches
}

// exportedNames are a file's exported names and whether they are documented: functions, methods of exported types, types,
// constants and variables. The comment of a group counts for its members.
func exportedNames(f *file) map[*ast.Ident]bool {
	names := map[*ast.Ident]bool{}
	for _, declaration := range f.ast.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) {
				names[d.Name] = d.Doc.Text() != ""
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				addSpec(names, spec, d.Doc.Text() != "")
			}
		}
	}
	return names
}

func addSpec(names map[*ast.Ident]bool, spec ast.Spec, group bool) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			names[s.Name] = group || s.Doc.Text() != "" || s.Comment.Text() != ""
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() {
				names[name] = group || s.Doc.Text() != "" || s.Comment.Text() != ""
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}
