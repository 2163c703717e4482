package candeploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// rpc is a method of an internal contract.
type rpc struct {
	server, name, takes, gives string
	callers                    []string
}

// read compiles contracts into a file and lists their methods with who may call them.
func (q Question) read(ctx context.Context, folder, image string) ([]rpc, error) {
	if output, err := exec.CommandContext(ctx, q.Buf, "build", folder, "--output", image).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("buf build: %w: %.600s", err, output)
	}
	text, err := os.ReadFile(image)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("read contracts: %w", err)
	}
	var list []rpc
	for _, file := range set.GetFile() {
		parts := strings.Split(file.GetPackage(), ".")
		if len(parts) != 3 || parts[0] != "cartwright" {
			continue
		}
		for _, service := range file.GetService() {
			for _, method := range service.GetMethod() {
				list = append(list, rpc{
					server: parts[1], name: file.GetPackage() + "." + service.GetName() + "/" + method.GetName(),
					takes: method.GetInputType(), gives: method.GetOutputType(), callers: callers(service, method),
				})
			}
		}
	}
	if len(list) == 0 {
		return nil, errors.New("there is no method in the contracts of " + filepath.Base(filepath.Dir(folder)))
	}
	return list, nil
}

// callers are the services that a contract names. A method may name others than its service.
func callers(service *descriptorpb.ServiceDescriptorProto, method *descriptorpb.MethodDescriptorProto) []string {
	if proto.HasExtension(method.GetOptions(), typev1.E_OnlyCallers) {
		named, _ := proto.GetExtension(method.GetOptions(), typev1.E_OnlyCallers).(*typev1.Callers)
		return named.GetServices()
	}
	named, _ := proto.GetExtension(service.GetOptions(), typev1.E_Callers).(*typev1.Callers)
	return named.GetServices()
}

// calls tells whether one service calls another. Contracts from before they named their callers say nothing: then it may.
func calls(list []rpc, caller, server string) bool {
	named := false
	for _, one := range list {
		if one.server != server {
			continue
		}
		named = named || len(one.callers) > 0
		if slices.Contains(one.callers, caller) {
			return true
		}
	}
	return !named && server != "gateway"
}

// unserved are the methods that a caller may call and that the deployed version of the server has not, or has otherwise.
func unserved(wanted, served []rpc, caller, server string) (names []string) {
	for _, one := range wanted {
		if one.server != server || !slices.Contains(one.callers, caller) {
			continue
		}
		there := slices.ContainsFunc(served, func(other rpc) bool {
			return other.name == one.name && other.takes == one.takes && other.gives == one.gives
		})
		if !there {
			names = append(names, one.name)
		}
	}
	return names
}

// foldersOf are the contracts that others call a service by.
func foldersOf(service string) []string {
	if service == "gateway" {
		return []string{"storefront", "admin", "type"}
	}
	return []string{service, "type"}
}

// rules are those of proto/buf.yaml. Compiled contracts are compared: buf takes no paths for two folders.
const rules = `{"version":"v2","breaking":{"use":["FILE"]}}`

// breaking returns what of the service's contracts is there no more, one a line; empty when all is.
func (q Question) breaking(ctx context.Context, now, before string) (string, error) {
	arguments := []string{"breaking", now, "--against", before, "--config", rules}
	for _, folder := range foldersOf(q.Service) {
		arguments = append(arguments, "--path", "cartwright/"+folder)
	}
	command := exec.CommandContext(ctx, q.Buf, arguments...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err == nil {
		return "", nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 100 {
		return strings.ReplaceAll(strings.TrimSpace(string(output)), "\n", "; "), nil
	}
	return "", fmt.Errorf("buf breaking: %w: %.600s", err, complaints.String())
}

func revParse(ctx context.Context, root, revision string) (string, error) {
	if strings.HasPrefix(revision, "-") {
		return "", fmt.Errorf("%q is no revision", revision)
	}
	text, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--verify", "--quiet", revision+"^{commit}").Output()
	return strings.TrimSpace(string(text)), err
}
