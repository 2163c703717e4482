package cluster

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/cluster/steady"
)

// A proof that calls a scenario passed in which buyers were refused, or in which nobody bought, proves nothing.
func TestFailedRequestsFailAScenario(t *testing.T) {
	t.Parallel()
	require.NoError(t, judge(Row{Requests: 10}, outcome{}, nil))
	require.Error(t, judge(Row{}, outcome{}, nil), "without load nothing is proven")
	require.Error(t, judge(Row{Requests: 10, Failed: 1}, outcome{}, nil))
	require.NoError(t, judge(Row{Requests: 10, Failed: 1}, outcome{mayFail: true}, nil), "the death of a gateway breaks what it was doing")
	require.Error(t, judge(Row{Requests: 10, Lost: 1}, outcome{mayFail: true}, []string{"order 7"}), "a purchase may never be lost")
}

// A missing command must not look like success: the row says NOT RUN and why.
func TestMissingCommandsAreNotRun(t *testing.T) {
	t.Parallel()
	p := &Proof{Options: Options{Hooks: map[string]string{"NODE_KILL": "true"}}}
	require.NoError(t, p.need("NODE_KILL"))
	err := p.need("NODE_KILL", "NODE_START")
	_, missing := errors.AsType[notRunError](err)
	require.True(t, missing)
	require.ErrorContains(t, err, "NODE_START is not set")
}

// When shares are added up wrongly, a new pod that gets no work looks busy.
func TestCountersAreAddedUpOverTheirLabels(t *testing.T) {
	t.Parallel()
	const text = `# TYPE rpc_server_requests_total counter
rpc_server_requests_total{code="OK",rpc="/a"} 3
rpc_server_requests_total{code="Unavailable",rpc="/b"} 1.5e+01
rpc_server_requests_total_other{code="OK"} 100
`
	require.InDelta(t, 18, sum([]byte(text), "rpc_server_requests_total{"), 0)
	require.InDelta(t, 3, sum([]byte(text), `rpc_server_requests_total{code="OK"`), 0)
}

// When a URL leads to the wrong host or role, the shop is installed with a database that is not the proof's.
func TestDatabaseURLs(t *testing.T) {
	t.Parallel()
	p := &Proof{Options: Options{Postgres: "postgres://admin:secret@db.example.com:6432/postgres?sslmode=require"}, postgres: "127.0.0.1:5000"}
	require.Equal(t, "postgres://cart_app:pw@db.example.com:6432/shop?sslmode=require", p.databaseURL("shop", "cart_app", "pw", false))
	require.Equal(t, "postgres://admin:secret@127.0.0.1:5000/shop?sslmode=require", p.databaseURL("shop", "", "", true))
}

// Pods name images by another registry than who pushes; a wrong name is an image that cannot be pulled.
func TestImagesAreNamedAsPodsPullThem(t *testing.T) {
	t.Parallel()
	p := &Proof{Options: Options{Pull: "registry.example.com/team/shop"}, state: state{Digests: map[string]string{"cart": "sha256:1"}}}
	require.Equal(t, map[string]any{"registry": "registry.example.com", "repository": "team/shop/cart", "digest": "sha256:1"}, p.imageOf("cart"))
	require.Equal(t, "registry.example.com/team/shop/cart@sha256:1", p.imageName("cart"))
	p.Pull = "registry.example.com"
	require.Equal(t, "cart", p.imageOf("cart")["repository"])
}

// The table of failures has to be of this scenario, not of the one before.
func TestFiguresAreThoseOfTheScenario(t *testing.T) {
	t.Parallel()
	now := steady.Figures{Requests: 30, Failed: 2, Lost: 1}
	row := difference(steady.Figures{Requests: 10, Failed: 1, Lost: 1}, now)
	require.Equal(t, Row{Requests: 20, Failed: 1}, row)
}
