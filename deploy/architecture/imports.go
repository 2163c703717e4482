package architecture

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// adapters are the packages of a service that touch the outside; the others are its domain. The gateway has no domain.
var adapters = []string{"app", "job", "peer", "postgres", "postgres/db", "rpc", "sandbox", "sandboxserver"}

// pure are the packages of platform that a domain package may use. What fault has to do with transport is in adapters' hands: the
// domain only names what it is at.
var pure = []string{"clock", "errs", "fault", "id", "identity", "iso", "money", "page"}

// outside are what a domain package must not know: transport, SQL, queues.
var outside = []string{
	"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto", "github.com/jackc/pgx", "github.com/riverqueue",
	"github.com/grpc-ecosystem", "buf.build", "database/sql", "net/http", "net/rpc",
}

func importRules() []Rule {
	return []Rule{
		{"a service imports platform and proto only", "services could no longer be built, deployed and rolled back alone", checkServiceImports},
		{"contracts are used by declared callers only", "a service would need another one without anybody having decided so", checkContractImports},
		{"a service keeps its code under internal and cmd", "another module could import it", checkInternal},
		{"the domain is in the middle", "business rules could no longer be read and tested without transport and SQL", checkDomain},
		{"adapters do not import each other", "one adapter could not be replaced without touching the next", checkAdapters},
		{"platform and proto import nothing above them", "the shared runtime would drag services along", checkLowerModules},
	}
}

// eachImport calls visit for every import of the hand-written code that stays inside the repository or not.
func (t *Tree) eachImport(tests bool, visit func(f *file, place, imported string)) {
	for _, f := range t.source(tests) {
		for _, spec := range f.ast.Imports {
			visit(f, t.at(spec), strings.Trim(spec.Path.Value, `"`))
		}
	}
}

// local cuts the module path off an import of the repository's own.
func local(imported string) (string, bool) { return strings.CutPrefix(imported, module+"/") }

// under tells whether an import path or file path is dir or below it.
func under(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

func checkServiceImports(t *Tree) (breaches []string) {
	t.eachImport(true, func(f *file, place, imported string) {
		target, ok := local(imported)
		owner := service(f.path)
		if !ok || owner == "" || under(target, "proto/gen") || under(target, "services/platform") || under(target, "services/"+owner) {
			return
		}
		breaches = append(breaches, fmt.Sprintf("%s: %s imports %s", place, owner, target))
	})
	return breaches
}

func checkContractImports(t *Tree) (breaches []string) {
	calls := t.calls()
	t.eachImport(false, func(f *file, place, imported string) {
		target, ok := local(imported)
		owner := service(f.path)
		rest, contract := strings.CutPrefix(target, "proto/gen/cartwright/")
		if !ok || owner == "" || !contract {
			return
		}
		if of, _, _ := strings.Cut(rest, "/"); of != "type" && of != owner && !slices.Contains(calls[owner], of) {
			breaches = append(breaches, fmt.Sprintf("%s: %s uses the contract of %s, which names it nowhere as a caller", place, owner, of))
		}
	})
	return breaches
}

func checkInternal(t *Tree) (breaches []string) {
	for _, p := range t.packages {
		owner := service(p.dir)
		root := "services/" + owner
		if owner != "" && !under(p.dir, root+"/internal") && !under(p.dir, root+"/cmd") {
			breaches = append(breaches, fmt.Sprintf("%s: a package outside of internal/ and cmd/", p.dir))
		}
	}
	return breaches
}

// part is a package's path below its service's internal folder.
func part(dir string) string { return strings.TrimPrefix(dir, "services/"+service(dir)+"/internal/") }

// isDomain tells whether a package of a service holds its business rules.
func isDomain(dir string) bool {
	owner := service(dir)
	return owner != "" && owner != "gateway" && under(dir, "services/"+owner+"/internal") && !slices.Contains(adapters, part(dir))
}

func checkDomain(t *Tree) (breaches []string) {
	t.eachImport(false, func(f *file, place, imported string) {
		dir := path.Dir(f.path)
		if !isDomain(dir) {
			return
		}
		target, ours := local(imported)
		wrong := slices.ContainsFunc(outside, func(prefix string) bool { return under(imported, prefix) })
		if name, ok := strings.CutPrefix(target, "services/platform/"); ours && ok {
			wrong = !slices.Contains(pure, name)
		} else if ours {
			wrong = !isDomain(target)
		}
		if wrong {
			breaches = append(breaches, fmt.Sprintf("%s: the domain package %s imports %s", place, part(dir), imported))
		}
	})
	return breaches
}

func checkAdapters(t *Tree) (breaches []string) {
	t.eachImport(false, func(f *file, place, imported string) {
		dir, owner := path.Dir(f.path), service(f.path)
		target, ours := local(imported)
		if !ours || owner == "" || owner == "gateway" || service(target) != owner || isDomain(target) || isDomain(dir) {
			return
		}
		from, to := part(dir), part(target)
		wiring := from == "app" || under(dir, "services/"+owner+"/cmd") && to == "app"
		if !wiring && (from != "postgres" || to != "postgres/db") {
			breaches = append(breaches, fmt.Sprintf("%s: %s imports %s; only app puts adapters together", place, from, to))
		}
	})
	return breaches
}

func checkLowerModules(t *Tree) (breaches []string) {
	t.eachImport(true, func(f *file, place, imported string) {
		target, ours := local(imported)
		platform := under(f.path, "services/platform")
		if !ours || !platform && !under(f.path, "proto") {
			return
		}
		if under(target, "proto/gen/cartwright/type") || platform && under(target, "services/platform") || !platform && under(target, "proto") {
			return
		}
		breaches = append(breaches, fmt.Sprintf("%s: imports %s", place, target))
	})
	return breaches
}
