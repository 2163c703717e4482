package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

const generatedContracts = "proto/gen/cartwright/"

func callRules() []Rule {
	return []Rule{
		{"contracts name who calls them", "one service's certificate would open methods that are none of its business, or a call of ours would be refused", checkCallers},
	}
}

// optionCallers finds the callers in the text of the options of a service or an rpc. The option is there though it names
// nobody when it is set to an empty message.
var optionCallers = regexp.MustCompile(`\( cartwright\.type\.v1\.(?:only_)?callers \) (?:\.services = "([a-z]+)"|= { })`)

func callersIn(options string) (names []string, declared bool) {
	for _, match := range optionCallers.FindAllStringSubmatch(options, -1) {
		declared = true
		if match[1] != "" {
			names = append(names, match[1])
		}
	}
	return names, declared
}

// calledMethod is a method of an internal contract, and the services that its contract lets call it.
type calledMethod struct {
	place    string
	owner    string
	callers  []string
	declared bool
}

// declaredCallers reads from the contracts who may call, by the method's full name. What an rpc says counts instead of what
// its service says.
func (t *Tree) declaredCallers() map[string]calledMethod {
	of := map[string]string{}
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if e.kind == kindService {
				of[scope+"."+e.name] = e.options
			}
		})
	}
	methods := map[string]calledMethod{}
	t.methods(func(f *protoFile, service string, rpc *element) {
		if public(f.pkg) {
			return
		}
		full := f.pkg + "." + service
		m := calledMethod{place: fmt.Sprintf("%s:%d", f.path, rpc.line), owner: strings.Split(f.pkg, ".")[1]}
		if m.callers, m.declared = callersIn(rpc.options); !m.declared {
			m.callers, m.declared = callersIn(of[full])
		}
		methods[full+"/"+rpc.name] = m
	})
	return methods
}

// calls lists whose contract a service may use besides its own: of those that name it as a caller, and the public ones in
// the gateway, which serves them.
func (t *Tree) calls() map[string][]string {
	edges := map[string][]string{"gateway": {"storefront", "admin"}}
	for _, m := range t.declaredCallers() {
		for _, caller := range m.callers {
			if !slices.Contains(edges[caller], m.owner) {
				edges[caller] = append(edges[caller], m.owner)
			}
		}
	}
	return edges
}

func checkCallers(t *Tree) (breaches []string) {
	declared, used := t.declaredCallers(), t.clientCalls()
	for name, m := range declared {
		if !m.declared {
			breaches = append(breaches, fmt.Sprintf("%s: %s does not say who calls it", m.place, name))
		}
		for _, caller := range m.callers {
			if used[call{caller, name}] == "" {
				breaches = append(breaches, fmt.Sprintf("%s: %s names %s as a caller, which does not call it", m.place, name, caller))
			}
		}
	}
	for c, place := range used {
		if m, ok := declared[c.method]; ok && m.declared && !slices.Contains(m.callers, c.service) {
			breaches = append(breaches, fmt.Sprintf("%s: %s calls %s, whose contract does not name it", place, c.service, c.method))
		}
	}
	slices.Sort(breaches)
	return breaches
}

// call is one service's use of a method of another.
type call struct{ service, method string }

// clientCalls finds the methods of generated clients that services use, with the first place of each.
func (t *Tree) clientCalls() map[call]string {
	found := map[call]string{}
	checker := newTypeChecker(t)
	for _, p := range t.packages {
		if owner := service(p.dir); owner != "" && !p.onlyTests() {
			_, _ = checker.Import(module + "/" + p.dir)
		}
	}
	for expression, selection := range checker.selections {
		method, ok := clientMethod(selection)
		place := t.at(expression)
		c := call{service(place), method}
		if ok && c.service != "" && (found[c] == "" || place < found[c]) {
			found[c] = place
		}
	}
	return found
}

// clientMethod gives the full name of the contract's method that a selection of a generated client stands for.
func clientMethod(s *types.Selection) (string, bool) {
	if s.Kind() != types.MethodVal || s.Obj().Pkg() == nil {
		return "", false
	}
	name, generated := strings.CutPrefix(s.Obj().Pkg().Path(), module+"/"+generatedContracts)
	client, ok := types.Unalias(s.Recv()).(*types.Named)
	if !generated || !ok {
		return "", false
	}
	contract, ok := strings.CutSuffix(client.Obj().Name(), "Client")
	return "cartwright." + strings.ReplaceAll(name, "/", ".") + "." + contract + "/" + s.Obj().Name(), ok
}

// typeChecker knows the types of the repository as far as selections of generated clients need them: libraries and messages
// are empty packages, and what cannot be resolved for that reason is passed over.
type typeChecker struct {
	tree       *Tree
	sources    map[string][]*file // by folder: what is no test, and of generated contracts the clients
	packages   map[string]*types.Package
	selections map[*ast.SelectorExpr]*types.Selection
}

func newTypeChecker(t *Tree) *typeChecker {
	c := &typeChecker{
		tree: t, sources: map[string][]*file{}, packages: map[string]*types.Package{}, selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	for _, f := range t.sorted() {
		if !f.test && f.ast != nil || strings.HasSuffix(f.path, "_grpc.pb.go") {
			c.sources[path.Dir(f.path)] = append(c.sources[path.Dir(f.path)], f)
		}
	}
	return c
}

// Import implements types.Importer.
func (c *typeChecker) Import(name string) (*types.Package, error) {
	if known := c.packages[name]; known != nil {
		return known, nil
	}
	empty := types.NewPackage(name, path.Base(name))
	empty.MarkComplete()
	c.packages[name] = empty // also what a cycle of imports gets
	dir, ours := local(name)
	if !ours || !under(dir, "services") && !under(dir, "proto/gen") {
		return empty, nil
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: c, Error: func(error) {}}
	checked, _ := config.Check(name, c.tree.set, c.parsed(dir), info)
	c.packages[name] = checked
	maps.Copy(c.selections, info.Selections)
	return checked, nil
}

func (c *typeChecker) parsed(dir string) []*ast.File {
	var files []*ast.File
	for _, f := range c.sources[dir] {
		tree := f.ast
		if tree == nil {
			tree, _ = parser.ParseFile(c.tree.set, f.path, f.text, parser.SkipObjectResolution)
		}
		files = append(files, tree)
	}
	return files
}
