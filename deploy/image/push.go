package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Push sends the image of a program to REGISTRY/name, tagged with its version, and returns how to name it by its digest. Who may
// push is read from docker's settings (DOCKER_CONFIG), whether docker is there or not.
//
// A tag never moves: another image under the version of this one is an error, the same image is success. Only images of changed
// sources, which nobody can make again, replace each other.
func (s Store) Push(ctx context.Context, registry, program string) (string, error) {
	repository, err := repositoryOf(registry, program)
	if err != nil {
		return "", err
	}
	image, id, err := s.Image(program)
	if err != nil {
		return "", err
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	tag := repository.Tag(id.Version)
	there, err := remote.Head(tag, options...)
	switch {
	case err == nil && there.Digest != digest && !id.Dirty():
		return "", fmt.Errorf("%s is another image already, %s: a version is pushed once", tag, there.Digest)
	case err != nil && !missing(err):
		return "", fmt.Errorf("ask for %s: %w", tag, err)
	case err != nil || there.Digest != digest:
		if err := remote.Write(tag, image, options...); err != nil {
			return "", fmt.Errorf("push %s: %w", tag, err)
		}
	}
	named := repository.Digest(digest.String())
	if _, err := remote.Head(named, options...); err != nil {
		return "", fmt.Errorf("%s was pushed and cannot be found: %w", named, err)
	}
	return named.String(), nil
}

// repositoryOf joins registry and program. Without encryption it talks to this machine only.
func repositoryOf(registry, program string) (name.Repository, error) {
	registry = strings.TrimSuffix(registry, "/")
	if registry == "" {
		return name.Repository{}, errors.New("REGISTRY is not set: it names where images go, such as registry.example.com/shop")
	}
	repository, err := name.NewRepository(registry + "/" + program)
	if err != nil {
		return name.Repository{}, fmt.Errorf("REGISTRY %s: %w", registry, err)
	}
	host := repository.RegistryStr()
	if registry != host && !strings.HasPrefix(registry, host+"/") {
		return name.Repository{}, fmt.Errorf("REGISTRY %s does not start with the name of a host", registry)
	}
	if repository.Scheme() == "http" && !loopback(host) {
		return name.Repository{}, fmt.Errorf("REGISTRY %s would be talked to without encryption", registry)
	}
	return repository, nil
}

func loopback(host string) bool {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func missing(err error) bool {
	refusal, ok := errors.AsType[*transport.Error](err)
	return ok && refusal.StatusCode == http.StatusNotFound
}
