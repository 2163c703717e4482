package affected

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	module   = "github.com/cartwright-shop/cartwright/"
	platform = "services/platform"
	// generated and contracts hold the same folders: code made of contracts, and the contracts.
	generated  = "proto/gen/"
	contracts  = "proto/"
	thirdParty = "proto/third_party/"
)

// Closures finds out what every service of a repository is made of. It needs the go command, as a build does.
func Closures(ctx context.Context, root string) ([]Closure, error) {
	services, err := Services(root)
	if err != nil {
		return nil, err
	}
	closures := make([]Closure, len(services))
	for i, service := range services {
		if closures[i], err = closureOf(ctx, root, service); err != nil {
			return nil, fmt.Errorf("what %s is made of: %w", service, err)
		}
	}
	return closures, nil
}

func closureOf(ctx context.Context, root, service string) (Closure, error) {
	packages, err := listPackages(ctx, root, service)
	if err != nil {
		return Closure{}, err
	}
	patterns := []string{
		"services/" + service + "/**", "charts/" + service + "/**", "charts/lib/**", "buildspec.yml", "deploy/env/*/" + service + ".yaml",
		"proto/go.mod", "proto/go.sum", platform + "/go.mod", platform + "/go.sum",
	}
	var messages []string
	for _, dir := range packages {
		if within(dir, platform) {
			places, err := placesOf(root, dir, packages)
			if err != nil {
				return Closure{}, err
			}
			patterns = append(patterns, places...)
		} else if name, ok := strings.CutPrefix(dir, generated); ok {
			messages = append(messages, name)
		}
	}
	folders, err := importedContracts(root, messages)
	if err != nil {
		return Closure{}, err
	}
	patterns = append(patterns, folders...)
	slices.Sort(patterns)
	return Closure{Service: service, Patterns: slices.Compact(patterns)}, nil
}

// within tells whether a path is dir or below it.
func within(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

// listPackages asks the go command for the repository's own packages in a service's binary, as folders from the root.
func listPackages(ctx context.Context, root, service string) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{.ImportPath}}", "./cmd/"+service)
	command.Dir = filepath.Join(root, "services", service)
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	output, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w: %.500s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var folders []string
	for line := range strings.Lines(string(output)) {
		if folder, ours := strings.CutPrefix(strings.TrimSpace(line), module); ours {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return folders, nil
}

// placesOf returns patterns for one package: its folder with all below it, or, where packages below it are not part of the
// binary, its files and the folders that hold no package.
func placesOf(root, dir string, packages []string) ([]string, error) {
	whole := true
	data := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || name == dir {
			return err
		}
		holds, err := holdsCode(filepath.Join(root, name))
		child, _, _ := strings.Cut(strings.TrimPrefix(name, dir+"/"), "/")
		child = path.Join(dir, child)
		data[child] = !holds && (name == child || data[child])
		whole = whole && (!holds || slices.Contains(packages, name))
		return err
	})
	if err != nil {
		return nil, err
	}
	if whole {
		return []string{dir + "/**"}, nil
	}
	patterns := []string{dir + "/*"}
	for child, only := range data {
		if only {
			patterns = append(patterns, child+"/**")
		}
	}
	return patterns, nil
}

func holdsCode(dir string) (bool, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.go"))
	return len(found) > 0, err
}

var importPattern = regexp.MustCompile(`(?m)^import\s+(?:public\s+|weak\s+)?"([^"]+)"`)

// importedContracts returns patterns for contract folders, for the code made of them, and for all that they import.
func importedContracts(root string, folders []string) ([]string, error) {
	var patterns []string
	seen := map[string]bool{}
	for queue := slices.Clone(folders); len(queue) > 0; queue = queue[1:] {
		folder := queue[0]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		home := contracts + folder
		if _, err := os.Stat(filepath.Join(root, home)); err == nil {
			patterns = append(patterns, home+"/**", generated+folder+"/**")
		} else {
			home = thirdParty + folder
			patterns = append(patterns, home+"/**")
		}
		files, err := filepath.Glob(filepath.Join(root, home, "*.proto"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, match := range importPattern.FindAllStringSubmatch(string(text), -1) {
				if imported := path.Dir(match[1]); !within(imported, "google/protobuf") {
					queue = append(queue, imported)
				}
			}
		}
	}
	return patterns, nil
}
