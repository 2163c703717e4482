package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Whoever builds a release again must get the same image, or nobody can know that what runs is what was reviewed.
func TestTwoBuildsInTwoFoldersAreOneImage(t *testing.T) {
	t.Parallel()
	_, one := built(t, release("1.2.3"))
	_, two := built(t, release("1.2.3"))
	require.Equal(t, one.Digest, two.Digest)
	_, other := kept(t, release("1.2.4"))
	require.NotEqual(t, one.Digest, other.Digest, "its version is on it and in it")
}

// A container that runs as root, or that has a shell in it, is what an intruder hopes for; an image without a version and a commit
// cannot be traced when it misbehaves.
func TestAnImageIsAProgramAndNothingElse(t *testing.T) {
	t.Parallel()
	store, made := kept(t, release("1.2.3"))
	image, id, err := store.Image(echo)
	require.NoError(t, err)
	require.Equal(t, release("1.2.3"), id)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, User, config.Config.User)
	require.Regexp(t, `^[1-9][0-9]{4,}:[1-9][0-9]{4,}$`, config.Config.User, "a number of 10000 or more")
	require.Equal(t, []string{"/echo"}, config.Config.Entrypoint)
	require.Empty(t, config.Config.Cmd)
	require.Equal(t, "linux", config.OS)
	require.Equal(t, int64(1_700_000_000), config.Created.Unix())
	manifest, err := image.Manifest()
	require.NoError(t, err)
	require.Equal(t, types.OCIManifestSchema1, manifest.MediaType)
	for _, marks := range []map[string]string{config.Config.Labels, manifest.Annotations} {
		require.Equal(t, "1.2.3", marks["org.opencontainers.image.version"])
		require.Equal(t, release("").Revision, marks["org.opencontainers.image.revision"])
		require.Equal(t, "2023-11-14T22:13:20Z", marks["org.opencontainers.image.created"])
		require.Contains(t, marks["org.opencontainers.image.source"], "cartwright")
	}
	require.Equal(t, map[string]int64{
		"etc": 0o755, "etc/ssl": 0o755, "etc/ssl/certs": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o444, "echo": 0o555,
	}, modes(t, image))
	require.Less(t, made.Compressed, int64(MaxCompressed))
}

// modes are the files of an image. They must belong to root and have no time.
func modes(t *testing.T, image v1.Image) map[string]int64 {
	t.Helper()
	flat := mutate.Extract(image)
	defer flat.Close()
	found := map[string]int64{}
	for reader := tar.NewReader(flat); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		require.Zero(t, header.Uid+header.Gid)
		require.Zero(t, header.ModTime.Unix())
		found[header.Name] = header.Mode
	}
}

// A program that does not know its version cannot say it in a log, and one without time zones fails where there are no files of them.
func TestABinaryKnowsItsVersionAndTheTimeZones(t *testing.T) {
	t.Parallel()
	store, _ := built(t, release("1.2.4"))
	binary := filepath.Join(store.files(echo), echo)
	said, err := exec.CommandContext(t.Context(), binary).Output()
	require.NoError(t, err)
	require.Equal(t, "echo 1.2.4+0123456789ab\n", string(said))
	text, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.True(t, bytes.Contains(text, []byte("Pacific/Chatham")), "the table of zones is in it")
	require.NoError(t, static(text))
	require.Equal(t, "0.0.0-20231114221320-0123456789ab", release("0.0.0-20231114221320-0123456789ab").stamp(), "a commit is named once")
}

// Without the authorities a payment provider cannot be called; with one that is only trusted for the past, anybody it lets in can.
func TestAnImageTrustsPublicAuthorities(t *testing.T) {
	t.Parallel()
	file, err := roots()
	require.NoError(t, err)
	names := map[string]bool{}
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.True(t, certificate.IsCA)
		names[certificate.Subject.CommonName] = true
	}
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		require.NoError(t, err)
		require.Equal(t, root.Constraint == nil, names[certificate.Subject.CommonName], certificate.Subject)
	}
	require.True(t, names["ISRG Root X1"] && names["DigiCert Global Root G2"] && names["Amazon Root CA 1"])
}

// An image that grows without anybody noticing makes every start of a pod on a new node slow.
func TestAnImageThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	store := Store{Dir: t.TempDir()}
	image, err := assemble(Program{Name: echo}, release("1.2.3"), runtime.GOARCH, make([]byte, MaxUnpacked+1), nil)
	require.NoError(t, err)
	_, err = store.keep(echo, release("1.2.3"), image)
	require.ErrorContains(t, err, "too large")
	_, err = store.Digest(echo)
	require.ErrorContains(t, err, "make image SERVICE=echo", "it is not kept")
}

// What is built for another processor must say so, or a node fetches what it cannot run.
func TestAnImageIsForAProcessor(t *testing.T) {
	t.Parallel()
	image, err := assemble(Program{Name: echo}, release("1.2.3"), Build{Arch: "arm64"}.arch(), nil, nil)
	require.NoError(t, err)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "arm64", config.Architecture)
	require.Equal(t, runtime.GOARCH, Build{}.arch())
}
