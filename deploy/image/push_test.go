package image

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// newRegistry is a real registry in this process.
func newRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// What a node fetches by its digest must be what was built.
func TestWhatIsPushedIsWhatWasBuilt(t *testing.T) {
	t.Parallel()
	host := newRegistry(t)
	store, made := kept(t, release("1.2.3"))
	named, err := store.Push(t.Context(), host+"/shop/", echo)
	require.NoError(t, err)
	require.Equal(t, host+"/shop/echo@"+made.Digest, named)
	for _, reference := range []string{named, host + "/shop/echo:1.2.3"} {
		parsed, err := name.ParseReference(reference)
		require.NoError(t, err)
		fetched, err := remote.Image(parsed)
		require.NoError(t, err)
		digest, err := fetched.Digest()
		require.NoError(t, err)
		require.Equal(t, made.Digest, digest.String())
		files := modes(t, fetched)
		require.Contains(t, files, echo)
	}
	again, err := store.Push(t.Context(), host+"/shop", echo)
	require.NoError(t, err, "a pipeline that is run again pushes again")
	require.Equal(t, named, again)
}

// A version whose image changes under the feet of a cluster cannot be rolled back to.
func TestAVersionIsPushedOnce(t *testing.T) {
	t.Parallel()
	host := newRegistry(t)
	first, _ := kept(t, release("1.2.3"))
	_, err := first.Push(t.Context(), host, echo)
	require.NoError(t, err)
	later := release("1.2.3")
	later.Revision = strings.Repeat("f", 40)
	second, _ := kept(t, later)
	_, err = second.Push(t.Context(), host, echo)
	require.ErrorContains(t, err, "another image already")
	for _, digit := range []string{"1", "2"} {
		changed := Identity{Version: "dev-dirty", Revision: strings.Repeat(digit, 40) + "-dirty", Created: later.Created}
		store, made := kept(t, changed)
		named, err := store.Push(t.Context(), host, echo)
		require.NoError(t, err, "who tries things out pushes often")
		require.True(t, strings.HasSuffix(named, made.Digest))
	}
}

// A typing mistake must not send an image to a public registry, or over the network where anybody can change it.
func TestAnImageGoesToTheRegistryThatWasNamed(t *testing.T) {
	t.Parallel()
	store, _ := kept(t, release("1.2.3"))
	for registry, complaint := range map[string]string{
		"": "REGISTRY is not set", "shop": "does not start with the name of a host", "10.1.2.3:5000/shop": "without encryption",
		"192.168.1.1/shop": "without encryption", "Shop Registry": "REGISTRY Shop Registry",
	} {
		_, err := store.Push(t.Context(), registry, echo)
		require.ErrorContains(t, err, complaint, registry)
	}
	_, err := store.Push(t.Context(), "127.0.0.1:1/shop", "nothing")
	require.ErrorContains(t, err, "make image SERVICE=nothing")
	_, err = store.Push(t.Context(), "127.0.0.1:1/shop", echo)
	require.ErrorContains(t, err, "127.0.0.1:1/shop/echo:1.2.3")
}
