package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/httpapi"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// reason is one way to fail, as errs.Define declares it.
type reason struct {
	Reason string `json:"reason"`
	HTTP   int    `json:"httpStatus"`
	GRPC   string `json:"grpcCode"`
	Doc    string `json:"description"`
	// Where is the package that declares it, for people who look for the code.
	Where string `json:"-"`
}

// codeOf is the class that is written by a name in code.
func codeOf(name string) (errs.Code, bool) {
	code, ok := map[string]errs.Code{
		"Invalid": errs.Invalid, "Unauthenticated": errs.Unauthenticated, "PermissionDenied": errs.PermissionDenied,
		"NotFound": errs.NotFound, "AlreadyExists": errs.AlreadyExists, "FailedPrecondition": errs.FailedPrecondition,
		"Aborted": errs.Aborted, "Unprocessable": errs.Unprocessable, "ResourceExhausted": errs.ResourceExhausted,
		"TooLarge": errs.TooLarge, "Unavailable": errs.Unavailable, "DeadlineExceeded": errs.DeadlineExceeded,
		"Unimplemented": errs.Unimplemented, "Internal": errs.Internal, "Canceled": errs.Canceled,
	}[name]
	return code, ok
}

// identity tells reasons apart: a few mean one thing in a request (400) and another in a state (409 or 422).
type identity struct {
	reason string
	http   int
}

// findReasons reads every errs.Define call below dir, in order of reason and status.
func findReasons(dir string) ([]reason, error) {
	found := map[identity]reason{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		where, err := filepath.Rel(dir, filepath.Dir(path))
		if err != nil {
			return err
		}
		var problem error
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && problem == nil {
				problem = addReason(found, call, filepath.ToSlash(where))
			}
			return problem == nil
		})
		return problem
	})
	if err != nil {
		return nil, err
	}
	list := make([]reason, 0, len(found))
	for _, r := range found {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Reason != list[j].Reason {
			return list[i].Reason < list[j].Reason
		}
		return list[i].HTTP < list[j].HTTP
	})
	return list, nil
}

func addReason(found map[identity]reason, call *ast.CallExpr, where string) error {
	if !isDefine(call) || len(call.Args) != 3 {
		return nil
	}
	name, okName := literal(call.Args[1])
	doc, okDoc := literal(call.Args[2])
	if !okName || !okDoc || doc == "" {
		return nil
	}
	code, ok := codeOf(lastName(call.Args[0]))
	if !ok {
		return fmt.Errorf("%s: reason %s has no known class", where, name)
	}
	r := reason{Reason: name, HTTP: code.HTTP(), GRPC: code.String(), Doc: doc, Where: where}
	if status := httpapi.StatusOf(name); status != 0 {
		r.HTTP = status
	}
	key := identity{reason: name, http: r.HTTP}
	if before, ok := found[key]; ok {
		r.Where, r.Doc = before.Where+", "+where, before.Doc
	}
	found[key] = r
	return nil
}

func isDefine(call *ast.CallExpr) bool {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		pkg, ok := fun.X.(*ast.Ident)
		return ok && pkg.Name == "errs" && fun.Sel.Name == "Define"
	case *ast.Ident:
		return fun.Name == "Define"
	default:
		return false
	}
}

func lastName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// literal joins string literals, also those split with +.
func literal(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, okLeft := literal(e.X)
		right, okRight := literal(e.Y)
		return left + right, okLeft && okRight && e.Op == token.ADD
	default:
		return "", false
	}
}

func reasonTable(reasons []reason) string {
	var b strings.Builder
	b.WriteString("# Error reasons\n\n<!-- Generated from the errs.Define calls of the services by `make generate`. -->\n\n")
	b.WriteString("A refusal over REST is an `application/problem+json` document (RFC 9457) whose `reason` is one of these; over gRPC it is a\n")
	b.WriteString("status with `google.rpc.ErrorInfo.reason`. Wrong fields are listed with their path, and each has a reason of its own.\n\n")
	b.WriteString("| reason | HTTP | gRPC | meaning | declared in |\n|---|---|---|---|---|\n")
	for _, r := range reasons {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s | %s |\n", r.Reason, r.HTTP, r.GRPC, strings.ReplaceAll(r.Doc, "|", "\\|"), r.Where)
	}
	return b.String()
}
