package cluster

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
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

// audited is what the auditor prints when so many invariants hold as a whole, in part, not, and were not asked about.
func audited(whole, partly, violated, unasked int) []byte {
	left := audit.Part{NotRun: "nobody gave it"}
	report := &audit.Report{}
	add := func(times int, parts ...audit.Part) {
		for range times {
			report.Results = append(report.Results, audit.Result{Invariant: "I1", Parts: parts})
		}
	}
	add(whole, audit.Part{})
	add(partly, audit.Part{}, left)
	add(violated, audit.Part{Violations: 2})
	add(unasked, left)
	var text bytes.Buffer
	report.Print(&text)
	return text.Bytes()
}

// When it fails, an auditor that finds something wrong, or asks nothing, passes for one that found all well.
func TestAnAuditMustHaveLooked(t *testing.T) {
	t.Parallel()
	said, err := heldBy(audited(19, 5, 0, 1))
	require.NoError(t, err)
	require.Contains(t, said, "25 invariants: 19 hold, 5 hold as far as they were checked, 0 violated, 1 not run; ")
	_, err = heldBy(audited(24, 1, 0, 0))
	require.NoError(t, err, "it may hear of more than here")
	for why, log := range map[string][]byte{
		"nothing was asked":            audited(0, 0, 0, 25),
		"nothing was asked as a whole": audited(0, 24, 0, 1),
		"too little was asked":         audited(19, 4, 0, 2),
		"only some were asked about":   audited(4, 1, 0, 0),
		"one is violated":              audited(24, 0, 1, 0),
		"there was no audit":           []byte("audit: every 1h0m0s at [::]:9090\n"),
	} {
		_, err := heldBy(log)
		require.Error(t, err, why)
	}
}
