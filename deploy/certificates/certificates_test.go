package certificates_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/certificates"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// shop is the request of most tests.
func shop() certificates.Request {
	return certificates.Request{Domain: "shop.example.com", Namespace: "shop", Days: 90}
}

// secrets issues certificates and returns the files of each Secret by its name.
func secrets(t *testing.T, dir string, r certificates.Request) map[string]map[string][]byte {
	t.Helper()
	authority, err := certificates.Open(dir)
	require.NoError(t, err)
	text, err := authority.Secrets(r)
	require.NoError(t, err)
	var list struct {
		Kind  string
		Items []struct {
			Kind, Type string
			Metadata   struct{ Name, Namespace string }
			Data       map[string][]byte
		}
	}
	require.NoError(t, json.Unmarshal(text, &list))
	require.Equal(t, "List", list.Kind)
	found := map[string]map[string][]byte{}
	for _, item := range list.Items {
		require.Equal(t, []string{"Secret", "kubernetes.io/tls", r.Namespace}, []string{item.Kind, item.Type, item.Metadata.Namespace})
		found[item.Metadata.Name] = item.Data
	}
	return found
}

// mount gives a service the files of a Secret as a kubelet does.
func mount(t *testing.T, dir string, data map[string][]byte) mtls.Files {
	t.Helper()
	require.NoError(t, mtlstest.Mount(dir, data["tls.crt"], data["tls.key"], data["ca.crt"]))
	return mtlstest.FilesIn(dir)
}

// When it fails, no service of a shop starts with the certificates that the guide tells to make, or all of them pass for each other.
func TestServicesTakeTheirCertificatesAndNoOthers(t *testing.T) {
	t.Parallel()
	made := secrets(t, t.TempDir(), shop())
	require.Len(t, made, len(certificates.Services()))
	for _, service := range certificates.Services() {
		data := made[service+"-tls"]
		require.Len(t, data, 3, service)
		files := mount(t, t.TempDir(), data)
		require.NoError(t, files.Check(service))
		for _, other := range certificates.Services() {
			if other != service {
				require.Error(t, files.Check(other), "%s passes for %s", service, other)
			}
		}
	}
}

// When it fails, the second run cuts the shop in two: services with certificates of one authority refuse those of another.
func TestARenewalKeepsTheAuthorityAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := secrets(t, dir, shop())["cart-tls"], secrets(t, dir, shop())["cart-tls"]
	require.Equal(t, string(first["ca.crt"]), string(second["ca.crt"]))
	require.NotEqual(t, string(first["tls.crt"]), string(second["tls.crt"]))
	require.NotEqual(t, string(first["tls.key"]), string(second["tls.key"]))
}

// When it fails, whoever reads one Secret of the cluster, or the folder as another user, can sign for any service.
func TestTheKeyOfTheAuthorityStaysAtHome(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	made := secrets(t, dir, shop())
	key, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	require.NoError(t, err)
	for name, data := range made {
		for file, content := range data {
			require.NotContains(t, string(content), string(key), "%s of %s", file, name)
		}
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "ca.key"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
}

// When it fails, an authority cannot be replaced without a time in which services refuse each other.
func TestOneAuthorityTakesOverFromAnother(t *testing.T) {
	t.Parallel()
	old, next := t.TempDir(), t.TempDir()
	before := secrets(t, old, shop())["cart-tls"]
	r := shop()
	r.Believe = before["ca.crt"]
	after := secrets(t, next, r)["cart-tls"]
	before["ca.crt"] = after["ca.crt"]
	require.NoError(t, mount(t, t.TempDir(), before).Check("cart"), "the new bundle must believe the old certificates")
	require.NoError(t, mount(t, t.TempDir(), after).Check("cart"))

	alone := secrets(t, next, shop())["cart-tls"]
	before["ca.crt"] = alone["ca.crt"]
	require.Error(t, mount(t, t.TempDir(), before).Check("cart"), "at the end the old certificates are worth nothing")
}

// When it fails, two shops in one namespace overwrite each other's certificates.
func TestSecretsHaveThePrefixOfTheShop(t *testing.T) {
	t.Parallel()
	r := shop()
	r.Prefix = "blue-"
	made := secrets(t, t.TempDir(), r)
	require.NoError(t, mount(t, t.TempDir(), made["blue-cart-tls"]).Check("cart"))
}

// When it fails, a mistake becomes a Secret that stops the pods which read it.
func TestMistakesMakeNoSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority, err := certificates.Open(dir)
	require.NoError(t, err)
	for name, change := range map[string]func(r *certificates.Request){
		"no domain":              func(r *certificates.Request) { r.Domain = "" },
		"a path for a domain":    func(r *certificates.Request) { r.Domain = "shop.example.com/x" },
		"no namespace":           func(r *certificates.Request) { r.Namespace = "" },
		"no days":                func(r *certificates.Request) { r.Days = 0 },
		"outlives the authority": func(r *certificates.Request) { r.Days = 366 * 10 },
		"text among authorities": func(r *certificates.Request) { r.Believe = []byte("hello") },
		"a key among certificates": func(r *certificates.Request) {
			key, err := os.ReadFile(filepath.Join(dir, "ca.key"))
			require.NoError(t, err)
			r.Believe = key
		},
	} {
		r := shop()
		change(&r)
		_, err := authority.Secrets(r)
		require.Error(t, err, name)
	}

	require.NoError(t, os.Remove(filepath.Join(dir, "ca.key")))
	_, err = certificates.Open(dir)
	require.ErrorIs(t, err, os.ErrNotExist, "a lost key must not be replaced behind one's back")
}
