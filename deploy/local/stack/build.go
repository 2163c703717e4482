package stack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/local/progress"
)

// sandboxName is the program of the sandbox payment provider.
const sandboxName = "sandbox"

// programs are the folders of the main packages, below the root.
func programs() []string {
	var list []string
	for _, name := range ServiceNames {
		list = append(list, "./services/"+name+"/cmd/"+name)
	}
	return append(list, "./services/payment/cmd/"+sandboxName)
}

// Build compiles every program into the bin folder, one step of the bar per package.
func Build(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.bin(), dirPublic); err != nil {
		return err
	}
	listing := o.goCommand(ctx, append([]string{"list", "-deps", "-tags", o.Tags}, programs()...))
	packages, err := listing.Output()
	if err != nil {
		return fmt.Errorf("list packages: %w: %s", err, stderrOf(err))
	}
	bar := progress.New(o.Output, "build", bytes.Count(packages, []byte("\n")))
	command := o.goCommand(ctx, append([]string{"build", "-v", "-tags", o.Tags, "-o", o.bin() + string(filepath.Separator)}, programs()...))
	output, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("run go build: %w", err)
	}
	var messages []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if isPackage(lines.Text()) {
			bar.Add(1)
			continue
		}
		messages = append(messages, lines.Text())
	}
	if err := command.Wait(); err != nil {
		bar.Fail()
		return fmt.Errorf("build: %w\n%s", err, strings.Join(messages, "\n"))
	}
	bar.Done()
	return nil
}

// goCommand runs in the workspace, which has every program, also when whoever calls this is tested outside of it.
func (o Options) goCommand(ctx context.Context, arguments []string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = o.Root
	command.Env = append(os.Environ(), "GOWORK=")
	return command
}

// isPackage tells a line of go build -v, an import path, from an error message or a download notice.
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " #:\t")
}

func stderrOf(err error) []byte {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // exec returns it unwrapped
		return bytes.TrimSpace(exit.Stderr)
	}
	return nil
}

func (o Options) bin() string {
	if o.Bin != "" {
		return o.Bin
	}
	return filepath.Join(o.Dir, "bin")
}

// binary is the one that BinaryOf gives a program, else the other.
func (o Options) binary(program, otherwise string) string {
	if o.BinaryOf != nil {
		if path := o.BinaryOf(program); path != "" {
			return path
		}
	}
	return otherwise
}

// migrator is the binary that migrates the schema of a service.
func (o Options) migrator(service string) string {
	if o.MigratorOf != nil {
		if path := o.MigratorOf(service); path != "" {
			return path
		}
	}
	return filepath.Join(o.bin(), service)
}
