package architecture

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Tree is the repository as it is on disk, without what is not part of it: hidden folders except the one of the checks.
type Tree struct {
	// files are all files by path, binary ones with an empty text.
	files    map[string]*file
	packages []*goPackage
	protos   []*protoFile
	set      *token.FileSet
}

// file is one file of the tree.
type file struct {
	path      string
	text      string
	ast       *ast.File // of Go files that are not generated
	generated bool
	test      bool
}

// goPackage is a folder with hand-written Go files.
type goPackage struct {
	dir   string
	files []*file
}

// Load reads the tree and parses its Go files and contracts.
func Load(root fs.FS) (*Tree, error) {
	t := &Tree{files: map[string]*file{}, set: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if hidden(name) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		return t.read(root, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the repository: %w", err)
	}
	t.group()
	return t, t.parseContracts()
}

func hidden(dir string) bool {
	return strings.HasPrefix(path.Base(dir), ".") && dir != "." && dir != ".ci"
}

func (t *Tree) read(root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	f := &file{path: name, test: strings.HasSuffix(name, "_test.go")}
	t.files[name] = f
	if bytes.IndexByte(text, 0) >= 0 {
		return nil
	}
	f.text = string(text)
	if path.Ext(name) != ".go" {
		return nil
	}
	if f.generated = isGenerated(f.text); f.generated {
		return nil
	}
	f.ast, err = parser.ParseFile(t.set, name, text, parser.ParseComments)
	return err
}

// isGenerated looks for the mark that Go tools agree on, before the package clause.
func isGenerated(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "package ") {
			return false
		}
		if strings.HasPrefix(line, "// Code generated ") && strings.HasSuffix(strings.TrimSpace(line), " DO NOT EDIT.") {
			return true
		}
	}
	return false
}

func (t *Tree) group() {
	byDir := map[string]*goPackage{}
	for _, f := range t.sorted() {
		if f.ast == nil {
			continue
		}
		dir := path.Dir(f.path)
		if byDir[dir] == nil {
			byDir[dir] = &goPackage{dir: dir}
			t.packages = append(t.packages, byDir[dir])
		}
		byDir[dir].files = append(byDir[dir].files, f)
	}
}

// sorted returns the files in the order of their paths.
func (t *Tree) sorted() []*file {
	names := slices.Sorted(maps.Keys(t.files))
	list := make([]*file, len(names))
	for i, name := range names {
		list[i] = t.files[name]
	}
	return list
}

// source returns the hand-written Go files, tests among them or not.
func (t *Tree) source(tests bool) []*file {
	var list []*file
	for _, f := range t.sorted() {
		if f.ast != nil && (tests || !f.test) {
			list = append(list, f)
		}
	}
	return list
}

// at names a place in the code.
func (t *Tree) at(node ast.Node) string {
	p := t.set.Position(node.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

func (t *Tree) line(position token.Pos) int { return t.set.Position(position).Line }

// name is the package's name; the files of its external tests do not count unless there are no others.
func (p *goPackage) name() string {
	for _, f := range p.files {
		if !f.test {
			return f.ast.Name.Name
		}
	}
	return strings.TrimSuffix(p.files[0].ast.Name.Name, "_test")
}

// onlyTests tells a package that nobody can import.
func (p *goPackage) onlyTests() bool {
	return !slices.ContainsFunc(p.files, func(f *file) bool { return !f.test })
}

// service returns the service that a path belongs to, "" for anything else. The platform is no service.
func service(name string) string {
	rest, ok := strings.CutPrefix(name, "services/")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(rest, "/")
	if name == "platform" {
		return ""
	}
	return name
}

// services returns the names of the services there are.
func (t *Tree) services() []string {
	var names []string
	for _, f := range t.sorted() {
		if s := service(f.path); s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return names
}
