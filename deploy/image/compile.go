package image

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const module = "github.com/cartwright-shop/cartwright"

// stampVariable is where a binary keeps its version and commit.
const stampVariable = module + "/services/platform/service.stamp"

// tags are the build tags of what is shipped. The binary brings its own time zones; and gRPC does without its old debug pages,
// which nothing here serves: their templates look up methods by name, so that the linker has to keep every method there is, a
// seventh of the binary.
const tags = "timetzdata,grpcnotrace"

// Build says how an image is made.
type Build struct {
	Root     string
	Identity Identity
	// Arch is the processor, as Go names it. Empty: that of this machine.
	Arch string
	// Tags are more build tags, and Env is the image's environment, for images that are made to misbehave in a proof. What is shipped
	// has neither.
	Tags, Env []string
}

func (b Build) arch() string {
	if b.Arch == "" {
		return runtime.GOARCH
	}
	return b.Arch
}

// compile writes the binary of a program. Nothing of the folder, the user or the environment gets into it.
func (b Build) compile(ctx context.Context, p Program, target string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", strings.Join(append([]string{tags}, b.Tags...), ","),
		"-ldflags", "-s -w -X "+stampVariable+"="+b.Identity.stamp(), "-o", target, p.Package())
	command.Dir = filepath.Join(b.Root, filepath.FromSlash(p.Module))
	command.Env = append(withoutGo(os.Environ()), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+b.arch(), "GOWORK=off", "GOFLAGS=-mod=readonly",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", p.Name, err, output)
	}
	return nil
}

// withoutGo leaves out the settings that change what the compiler writes. Those that say where modules and caches are stay.
func withoutGo(environ []string) []string {
	var list []string
	for _, line := range environ {
		name, _, _ := strings.Cut(line, "=")
		switch name {
		case "GOFLAGS", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOWORK", "GODEBUG", "CGO_ENABLED":
			continue
		}
		list = append(list, line)
	}
	return list
}
