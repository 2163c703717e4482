package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/evidence"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
)

// shop is a cluster on which nothing of cart can be reached.
type shop struct{}

// Pods implements evidence.Cluster.
func (shop) Pods(context.Context) ([]kube.Pod, error) {
	return []kube.Pod{{Name: "cart-a", Service: "cart"}}, nil
}

// Kubectl implements evidence.Cluster.
func (shop) Kubectl(_ context.Context, _ []byte, arguments ...string) ([]byte, error) {
	return []byte(strings.Join(arguments, " ")), nil
}

// Helm implements evidence.Cluster.
func (shop) Helm(context.Context, ...string) ([]byte, error) { return []byte("revision 7"), nil }

// Forward implements evidence.Cluster.
func (shop) Forward(context.Context, string, int) (*kube.Way, error) {
	return nil, errors.New("the container does not run")
}

// When it fails, a command that asked no pod ends as if it had, or throws away what the cluster said.
func TestTheExitCodeTellsThatNoPodWasAsked(t *testing.T) {
	t.Parallel()
	fill := func(service string) (string, error) {
		var output bytes.Buffer
		dir := t.TempDir()
		err := collect(dir, service, &output, func(a *evidence.Archive) error { return a.Service(t.Context(), shop{}, service, time.Second) })
		archives, failed := filepath.Glob(filepath.Join(dir, "evidence-"+service+"-*.tar.gz"))
		require.NoError(t, failed)
		require.Len(t, archives, 1, "the archive is kept")
		require.Contains(t, output.String(), archives[0])
		return output.String(), err
	}
	said, err := fill("crat")
	require.ErrorIs(t, err, evidence.ErrNoPod)
	require.Contains(t, said, "missing: pods: no pod was asked: no pod of crat runs\n")
	said, err = fill("cart")
	require.NoError(t, err, "a pod that does not answer was asked")
	require.Contains(t, said, "missing: cart-a/ops port: the container does not run\n")
}

// When it fails, an archive of nothing lies there as if it were evidence.
func TestAnArchiveOfNothingIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.ErrorContains(t, collect(dir, "cart", &bytes.Buffer{}, func(*evidence.Archive) error { return nil }), "nothing could be had")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
