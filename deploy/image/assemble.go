package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// User runs the program in its container: nobody in particular, with a number that no account of a machine has.
const User = "10001:10001"

// source is where the sources are, for the label of that name.
const source = "https://" + module

// RootsPath is where Go, and most else, looks for certificates of authorities.
const RootsPath = "etc/ssl/certs/ca-certificates.crt"

// Modes of what is in an image. Whoever runs the program can change none of it.
const (
	modeProgram = 0o555
	modeFile    = 0o444
	modeFolder  = 0o755
)

// entry is a file of a layer.
type entry struct {
	path    string
	mode    int64
	content []byte
}

// assemble makes an image of a binary and the certificates. They are layers of their own, because the second is the same in every
// image and is fetched once.
func assemble(p Program, id Identity, arch string, binary, certificates []byte) (v1.Image, error) {
	created := v1.Time{Time: id.Created}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: created, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{User: User, WorkingDir: "/", Entrypoint: []string{"/" + p.Name}, Labels: labels(p, id)},
	})
	if err != nil {
		return nil, err
	}
	image = mutate.ConfigMediaType(mutate.MediaType(image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, file := range []entry{{RootsPath, modeFile, certificates}, {p.Name, modeProgram, binary}} {
		layer, err := layerOf(file)
		if err != nil {
			return nil, fmt.Errorf("layer of %s: %w", file.path, err)
		}
		history := v1.History{Created: created, CreatedBy: "deploy/image /" + file.path}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: history, MediaType: types.OCILayer}); err != nil {
			return nil, err
		}
	}
	annotated, ok := mutate.Annotations(image, labels(p, id)).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("annotations of %s are lost", p.Name)
	}
	return annotated, nil
}

// withEnv gives an image an environment; without one it stays as it is.
func withEnv(image v1.Image, env []string) (v1.Image, error) {
	if len(env) == 0 {
		return image, nil
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := file.Config
	config.Env = env
	return mutate.Config(image, config)
}

// labels are the names that the OCI image specification has for them.
func labels(p Program, id Identity) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":    p.Name,
		"org.opencontainers.image.version":  id.Version,
		"org.opencontainers.image.revision": id.Revision,
		"org.opencontainers.image.created":  id.Created.Format(time.RFC3339),
		"org.opencontainers.image.source":   source,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
}

// layerOf makes a layer of files, whose bytes depend on them alone.
func layerOf(files ...entry) (v1.Layer, error) {
	content, err := archive(files)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.BestCompression),
		tarball.WithCompressedCaching)
}

// archive is a tar file of the files and the folders they are in: sorted, owned by root, as old as time.
func archive(files []entry) ([]byte, error) {
	folders := map[string]bool{}
	var list []entry
	for _, file := range files {
		for i, r := range file.path {
			if folder := file.path[:i] + "/"; r == '/' && !folders[folder] {
				folders[folder] = true
				list = append(list, entry{path: folder, mode: modeFolder})
			}
		}
		list = append(list, file)
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	var content bytes.Buffer
	writer := tar.NewWriter(&content)
	for _, file := range list {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: file.path, Mode: file.mode, Size: int64(len(file.content)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if strings.HasSuffix(file.path, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(file.content); err != nil {
			return nil, err
		}
	}
	return content.Bytes(), writer.Close()
}
