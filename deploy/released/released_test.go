package released_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

const (
	commit = "0123456789abcdef0123456789abcdef01234567"
	hash   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	other  = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// first is a release of a service with two migrations.
func first() released.Release {
	return released.Release{
		Version: "1.0.0", Commit: commit, ImageDigest: "sha256:" + hash, Schema: 2, Date: "2026-11-27",
		Migrations: map[string]string{"001_create_cart.sql": hash, "002_index_cart.sql": hash},
	}
}

func put(t *testing.T) *released.Record {
	t.Helper()
	r := &released.Record{}
	require.NoError(t, r.Put("cart", first()))
	return r
}

// When it fails, the file in the repository is not what tools can read, and nothing can be compared with what runs.
func TestTheRecordOfThisRepositoryIsWhole(t *testing.T) {
	t.Parallel()
	r, err := released.Load(filepath.Join("..", "..", released.File))
	require.NoError(t, err)
	require.ElementsMatch(t, stack.ServiceNames, released.Services())
	for _, service := range released.Services() {
		_, err := r.Of(service)
		require.NoError(t, err)
	}
	again := filepath.Join(t.TempDir(), "released.json")
	require.NoError(t, r.Save(again))
	require.Equal(t, text(t, filepath.Join("..", "..", released.File)), text(t, again), "it was edited by hand")
}

// When it fails, what one release writes is not what the next one reads.
func TestWhatIsSavedIsLoaded(t *testing.T) {
	t.Parallel()
	r := put(t)
	require.NoError(t, r.Put("gateway", released.Release{Version: "2.1.0-rc.1", Commit: commit, Date: "2026-11-28"}))
	file := filepath.Join(t.TempDir(), "released.json")
	require.NoError(t, r.Save(file))
	require.NoError(t, r.Save(file), "it is written over")
	got, err := released.Load(file)
	require.NoError(t, err)
	require.Equal(t, r, got)
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no draft stays")
	require.Equal(t, 2, strings.Count(r.String(), "\n"))
	_, err = got.Of("payment")
	require.ErrorContains(t, err, `no release of "payment"`)
}

// When it fails, a damaged record passes for one without releases, and everything seems compatible.
func TestADamagedRecordIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "released.json")
	require.NoError(t, put(t).Save(file))
	sound := text(t, file)
	for _, c := range []struct{ from, to, says string }{
		{sound, "", "EOF"},
		{`"version"`, `"edition"`, "edition"},
		{"}\n}\n", "}\n}\n{}", "after the record"},
		{`"cart"`, `"basket"`, `no service "basket"`},
		{`"1.0.0"`, `"1.0"`, `version "1.0"`},
		{commit, commit[:12], "not a full hash"},
		{"sha256:", "sha512:", "image digest"},
		{`"2026-11-27"`, `"27.11.2026"`, "date"},
		{`"schema": 2`, `"schema": 3`, "schema 3 is not the last of its migrations, which is 2"},
		{"002_index_cart.sql", "index_cart.sql", "not named like"},
		{`_cart.sql": "` + hash, `_cart.sql": "` + hash[:8], "64 hexadecimal digits"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(sound, c.from, c.to, 1)), 0o600))
		_, err := released.Load(file)
		require.ErrorContains(t, err, c.says)
	}
	_, err := released.Load(filepath.Join(t.TempDir(), "nothing.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// When it fails, a rollback makes the record forget migrations that have run, and they may be edited from then on.
func TestMigrationsOfAReleaseThatWasRolledBackStay(t *testing.T) {
	t.Parallel()
	r := put(t)
	next := first()
	next.Version, next.Commit, next.ImageDigest, next.Schema = "1.1.0", "f"+commit[1:], "sha256:"+other, 3
	next.Migrations["003_create_line.sql"] = hash
	require.NoError(t, r.Put("cart", next))
	require.NoError(t, r.Put("cart", first()))
	got, err := r.Of("cart")
	require.NoError(t, err)
	require.Equal(t, "1.0.0", got.Version)
	require.Equal(t, int64(3), got.Schema)
	require.Equal(t, next.Migrations, got.Migrations)
	require.NoError(t, r.Save(filepath.Join(t.TempDir(), "released.json")))
}

// When it fails, one version stands for two builds, or a migration that has run is changed where nobody looks.
func TestAReleaseCannotBecomeAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*released.Release)
		says   string
	}{
		{func(r *released.Release) { r.Commit = "f" + commit[1:] }, "another commit needs another version"},
		{func(r *released.Release) { r.ImageDigest = "sha256:" + other }, "another image needs another version"},
		{func(r *released.Release) { r.Migrations["001_create_cart.sql"] = other }, "001_create_cart.sql was released with 1.0.0"},
		{func(r *released.Release) { r.Version = "one" }, `version "one"`},
		{func(r *released.Release) { r.Schema = 1 }, "schema 1"},
	} {
		r, next := put(t), first()
		c.change(&next)
		require.ErrorContains(t, r.Put("cart", next), c.says)
		require.Equal(t, put(t), r, "what is refused changes nothing")
	}
	r := put(t)
	require.NoError(t, r.Put("cart", first()), "the same release may be entered again")
}

// When it fails, releases record migrations under hashes that nobody can check.
func TestMigrationsAreReadFromATree(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"services/cart/internal/postgres/migration/001_create_cart.sql": {Data: []byte("SELECT 1;\n")},
		"services/cart/internal/postgres/migration/102_index_cart.sql":  {Data: []byte("SELECT 2;\n")},
		"services/gateway/go.mod":                                       {Data: []byte("module gateway\n")},
	}
	got, err := released.Migrations(tree, "cart")
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd", got["001_create_cart.sql"])
	newest, err := released.Newest(got)
	require.NoError(t, err)
	require.Equal(t, int64(102), newest)
	none, err := released.Migrations(tree, "gateway")
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = released.Migrations(tree, "pricing")
	require.ErrorContains(t, err, `no service "pricing"`)
}

func text(t *testing.T, file string) string {
	t.Helper()
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(got)
}
