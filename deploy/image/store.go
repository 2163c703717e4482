package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Limits of an image. The first is what a registry keeps and a node fetches, the second what is on the node's disk.
const (
	MaxCompressed = 25 << 20
	MaxUnpacked   = 40 << 20
)

// Store keeps finished images in a folder. For a program x there are
//
//	x/            the image, as an OCI layout
//	x.files/      the files that are in it, for builds with docker
//	x.digest      its digest
//	x.spdx.json   its bill of materials
type Store struct{ Dir string }

// In is the store of a repository.
func In(root string) Store { return Store{Dir: filepath.Join(root, ".local", "image")} }

// Made says what was built.
type Made struct {
	Name, Digest         string
	Identity             Identity
	Compressed, Unpacked int64
}

// Make builds the image of a program and puts it in the store, in place of an older one. An image that is too large is not kept.
func (s Store) Make(ctx context.Context, b Build, p Program) (Made, error) {
	if err := b.Identity.validate(); err != nil {
		return Made{}, err
	}
	if err := s.forget(p.Name); err != nil {
		return Made{}, err
	}
	certificates, err := roots()
	if err != nil {
		return Made{}, err
	}
	target := filepath.Join(s.files(p.Name), p.Name)
	if err := b.compile(ctx, p, target); err != nil {
		return Made{}, err
	}
	binary, err := os.ReadFile(target)
	if err != nil {
		return Made{}, err
	}
	image, err := assemble(p, b.Identity, b.arch(), binary, certificates)
	if err != nil {
		return Made{}, err
	}
	if image, err = withEnv(image, b.Env); err != nil {
		return Made{}, err
	}
	if err := write(filepath.Join(s.files(p.Name), filepath.FromSlash(RootsPath)), certificates); err != nil {
		return Made{}, err
	}
	return s.keep(p.Name, b.Identity, image)
}

// keep writes the digest last: an image without one was not finished.
func (s Store) keep(name string, id Identity, image v1.Image) (Made, error) {
	made := Made{Name: name, Identity: id}
	var err error
	if made.Compressed, made.Unpacked, err = sizes(image); err != nil {
		return Made{}, err
	}
	if made.Compressed > MaxCompressed || made.Unpacked > MaxUnpacked {
		return Made{}, fmt.Errorf("image %s is too large: %d bytes compressed, %d unpacked; it may have %d and %d",
			name, made.Compressed, made.Unpacked, MaxCompressed, MaxUnpacked)
	}
	path, err := layout.Write(s.layout(name), empty.Index)
	if err != nil {
		return Made{}, err
	}
	if err := path.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": id.Version})); err != nil {
		return Made{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return Made{}, err
	}
	made.Digest = digest.String()
	return made, write(s.digestFile(name), []byte(made.Digest+"\n"))
}

// Digest is that of the image of a program that was made last.
func (s Store) Digest(name string) (string, error) {
	text, err := os.ReadFile(s.digestFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no image of %s: run make image SERVICE=%s", name, name)
	}
	return strings.TrimSpace(string(text)), err
}

// Image reads an image, and the identity that is written on it.
func (s Store) Image(name string) (v1.Image, Identity, error) {
	digest, err := s.Digest(name)
	if err != nil {
		return nil, Identity{}, err
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		return nil, Identity{}, err
	}
	image, err := layout.Path(s.layout(name)).Image(hash)
	if err != nil {
		return nil, Identity{}, fmt.Errorf("image of %s: %w", name, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, Identity{}, fmt.Errorf("image of %s: %w", name, err)
	}
	marks := config.Config.Labels
	created, err := time.Parse(time.RFC3339, marks["org.opencontainers.image.created"])
	if err != nil {
		return nil, Identity{}, fmt.Errorf("image of %s: %w", name, err)
	}
	id := Identity{Version: marks["org.opencontainers.image.version"], Revision: marks["org.opencontainers.image.revision"], Created: created}
	return image, id, id.validate()
}

// forget removes what was made of a program.
func (s Store) forget(name string) error {
	return errors.Join(os.RemoveAll(s.digestFile(name)), os.RemoveAll(s.BillFile(name)), os.RemoveAll(s.layout(name)), os.RemoveAll(s.files(name)))
}

func (s Store) layout(name string) string     { return filepath.Join(s.Dir, name) }
func (s Store) files(name string) string      { return filepath.Join(s.Dir, name+".files") }
func (s Store) digestFile(name string) string { return filepath.Join(s.Dir, name+".digest") }

// BillFile is where the bill of materials of a program's image is.
func (s Store) BillFile(name string) string { return filepath.Join(s.Dir, name+".spdx.json") }

// sizes are the bytes of all layers, compressed, and of all files in them.
func sizes(image v1.Image) (compressed, unpacked int64, err error) {
	layers, err := image.Layers()
	if err != nil {
		return 0, 0, err
	}
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return 0, 0, err
		}
		compressed += size
	}
	err = eachFile(image, func(header *tar.Header, _ io.Reader) error {
		unpacked += header.Size
		return nil
	})
	return compressed, unpacked, err
}

// eachFile goes through the files of an image as a container sees them.
func eachFile(image v1.Image, visit func(*tar.Header, io.Reader) error) error {
	flat := mutate.Extract(image)
	defer flat.Close()
	reader := tar.NewReader(flat)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(header, reader); err != nil {
			return err
		}
	}
}

// write writes a file and the folders above it.
func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
