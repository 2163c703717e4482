package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/image"
)

// companionProgram is no part of what is shipped.
func companionProgram() image.Program {
	return image.Program{Name: "companion", Module: "deploy", Folder: "cluster/cmd/companion"}
}

// images makes every image from the sources and pushes it, the companion's, too.
func (p *Proof) images(ctx context.Context) error {
	if p.Built {
		return nil
	}
	programs, err := image.Programs(p.Root)
	if err != nil {
		return err
	}
	id, err := image.Identify(ctx, p.Root, os.Getenv)
	if err != nil {
		return err
	}
	store := image.In(p.Root)
	for _, program := range append(programs, companionProgram()) {
		if _, err := store.Make(ctx, image.Build{Root: p.Root, Identity: id}, program); err != nil {
			return err
		}
		if err := p.push(ctx, store, program.Name, program.Name); err != nil {
			return err
		}
	}
	return nil
}

// push pushes the image of a program and remembers its digest under a name.
func (p *Proof) push(ctx context.Context, store image.Store, program, name string) error {
	pushed, err := store.Push(ctx, p.Registry, program)
	if err != nil {
		return err
	}
	_, digest, _ := strings.Cut(pushed, "@")
	p.state.Digests[name] = digest
	p.say("  %s", pushed)
	return nil
}

// imageOf is the value of a chart that names an image.
func (p *Proof) imageOf(program string) map[string]any {
	registry, folder, _ := strings.Cut(p.Pull, "/")
	repository := program
	if folder != "" {
		repository = folder + "/" + program
	}
	return map[string]any{"registry": registry, "repository": repository, "digest": p.state.Digests[program]}
}

// imageName is how a pod names an image.
func (p *Proof) imageName(program string) string {
	return fmt.Sprintf("%s/%s@%s", p.Pull, program, p.state.Digests[program])
}
