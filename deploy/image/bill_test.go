package image

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// When a library turns out to be vulnerable, the bill answers which images have it. One that leaves a module out says: none.
func TestABillNamesEveryModule(t *testing.T) {
	t.Parallel()
	id := Identity{Version: "1.2.3+b", Revision: strings.Repeat("a", 40), Created: time.Unix(0, 0)}
	b := newBill("cart", v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}, id)
	b.addModules(&debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: module + "/services/cart", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: module + "/proto", Version: "v0.0.0", Replace: &debug.Module{Path: "../../proto", Version: "(devel)"}},
			{Path: "example.com/tax", Version: "v1.0.0", Sum: "h1:tax"},
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v2.0.0+incompatible", Sum: "h1:new"}},
		},
	}, id.Version)
	found := map[string]material{}
	for _, m := range b.Packages {
		found[m.External[0].Locator] = m
	}
	for _, purl := range []string{
		"pkg:oci/cart@sha256%3A" + strings.Repeat("0", 64), "pkg:golang/" + module + "/services/cart@1.2.3%2Bb", "pkg:golang/" + module + "/proto@1.2.3%2Bb",
		"pkg:golang/example.com/tax@v1.0.0", "pkg:golang/example.com/new@v2.0.0%2Bincompatible", "pkg:golang/stdlib@1.26.8",
	} {
		require.Contains(t, found, purl)
	}
	require.Len(t, b.Packages, 6)
	require.Equal(t, "go.sum h1:new", found["pkg:golang/example.com/new@v2.0.0%2Bincompatible"].Source)
	related := map[string]bool{}
	for _, r := range b.Relationships {
		related[r.To] = true
	}
	for _, m := range b.Packages {
		require.True(t, related[m.ID], "%s belongs to nothing", m.Name)
	}
}

// A bill that is written by hand, or about another image, is worth nothing: it comes from the image, and says which.
func TestABillIsReadFromTheImage(t *testing.T) {
	t.Parallel()
	binary, err := compiled()
	require.NoError(t, err)
	p, id, store := Program{Name: echo}, release("1.2.3"), Store{Dir: t.TempDir()}
	image, err := assemble(p, id, runtime.GOARCH, binary, []byte(rootsHeader+"v9.9.9\n"))
	require.NoError(t, err)
	made, err := store.keep(p.Name, id, image)
	require.NoError(t, err)
	first, err := store.Bill(p.Name)
	require.NoError(t, err)
	second, err := store.Bill(p.Name)
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	file, err := os.ReadFile(store.BillFile(p.Name))
	require.NoError(t, err)
	require.Equal(t, first, file)
	var document bill
	require.NoError(t, json.Unmarshal(first, &document))
	require.Equal(t, "SPDX-2.3", document.Version)
	require.Equal(t, "2023-11-14T22:13:20Z", document.Creation.Created)
	require.Contains(t, document.Namespace, strings.TrimPrefix(made.Digest, "sha256:"))
	require.Contains(t, string(first), "pkg:golang/"+module+"/services/platform@1.2.3")
	require.Contains(t, string(first), "pkg:golang/"+rootsModule+"@v9.9.9")
	require.Contains(t, string(first), "pkg:golang/stdlib@"+strings.TrimPrefix(runtime.Version(), "go"))
}

// A file that nobody put there on purpose is how a shell, or a secret, gets into an image.
func TestABillRefusesAnImageWithOtherFiles(t *testing.T) {
	t.Parallel()
	p := Program{Name: "echo"}
	image, err := assemble(Program{Name: "sh"}, Identity{}, runtime.GOARCH, []byte("shell"), nil)
	require.NoError(t, err)
	_, _, err = contents(image, p.Name)
	require.ErrorContains(t, err, "sh should not be in it")
}
