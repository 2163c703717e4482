package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo is the program of a small repository, which takes no time to build.
const echo = "echo"

// tree is a repository of one service and of the platform module that it is stamped in.
func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, plant(root))
	return root
}

func plant(root string) error {
	const module = "module github.com/cartwright-shop/cartwright/services/"
	for name, text := range map[string]string{
		"go.work":                              "go 1.26.0\n",
		"services/platform/go.mod":             module + "platform\n\ngo 1.26.0\n",
		"services/platform/service/service.go": "package service\n\nvar stamp = \"devel\"\n\nfunc Version() string { return stamp }\n",
		"services/echo/go.mod": module + "echo\n\ngo 1.26.0\n\nrequire github.com/cartwright-shop/cartwright/services/platform v0.0.0\n\n" +
			"replace github.com/cartwright-shop/cartwright/services/platform => ../platform\n",
		"services/echo/cmd/echo/main.go": `package main

import (
	"os"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/service"
)

func main() {
	_, err := time.LoadLocation("Europe/London")
	os.Stdout.WriteString("echo " + service.Version() + "\n")
	if err != nil {
		os.Exit(1)
	}
}
`,
	} {
		if err := write(filepath.Join(root, name), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), mode))
}

// release is what the fixture's images are made from.
func release(version string) Identity {
	return Identity{Version: version, Revision: "0123456789abcdef0123456789abcdef01234567", Created: time.Unix(1_700_000_000, 0).UTC()}
}

// compiled is the small program, compiled once for all tests that need a binary and not the compiler.
var compiled = sync.OnceValues(func() (binary []byte, err error) {
	root, err := os.MkdirTemp("", "cartwright-echo-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	if err := plant(root); err != nil {
		return nil, err
	}
	target := filepath.Join(root, echo)
	b := Build{Root: root, Identity: release("1.2.3")}
	if err := b.compile(context.Background(), Program{Name: echo, Module: "services/echo", Folder: "cmd/echo"}, target); err != nil {
		return nil, err
	}
	return os.ReadFile(target)
})

// kept is a store with an image of the small program.
func kept(t *testing.T, id Identity) (Store, Made) {
	t.Helper()
	binary, err := compiled()
	require.NoError(t, err)
	certificates, err := roots()
	require.NoError(t, err)
	image, err := assemble(Program{Name: echo}, id, runtime.GOARCH, binary, certificates)
	require.NoError(t, err)
	store := In(t.TempDir())
	made, err := store.keep(echo, id, image)
	require.NoError(t, err)
	return store, made
}

// built makes the image of the small program from its sources, in a folder of its own.
func built(t *testing.T, id Identity) (Store, Made) {
	t.Helper()
	root := tree(t)
	p, err := Find(root, echo)
	require.NoError(t, err)
	made, err := In(root).Make(t.Context(), Build{Root: root, Identity: id}, p)
	require.NoError(t, err)
	return In(root), made
}
