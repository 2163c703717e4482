package dashboards_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
	"github.com/cartwright-shop/cartwright/deploy/dashboards"
	"github.com/cartwright-shop/cartwright/deploy/promql"
)

// When it fails, Grafana shows something else than the data say: type make generate.
func TestGeneratedDashboardsAreThoseOfTheData(t *testing.T) {
	t.Parallel()
	files, err := dashboards.Files()
	require.NoError(t, err)
	require.Len(t, files, len(alerts.Services)+1)
	for name, want := range files {
		have, err := os.ReadFile(name)
		require.NoError(t, err, "make generate writes it")
		require.Equal(t, string(want), string(have), "%s: type make generate", name)
	}
	there, err := filepath.Glob("json/*")
	require.NoError(t, err)
	require.Len(t, there, len(files), "nothing generates the others any more")
}

// grafana is as much of a dashboard as Grafana needs to show it.
type grafana struct {
	UID, Title string
	Panels     []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  struct{ X, Y, W, H int }
		FieldConfig              struct{ Defaults struct{ Unit string } }
		Targets                  []struct{ RefID, Expr, LegendFormat string }
	}
}

// When it fails, one dashboard replaces another, panels lie on each other, or nobody knows what a line means and in what it is counted.
func TestDashboardsCanBeShownAndRead(t *testing.T) {
	t.Parallel()
	files, err := dashboards.Files()
	require.NoError(t, err)
	uids := map[string]bool{}
	for name, text := range files {
		var d grafana
		require.NoError(t, json.Unmarshal(text, &d), name)
		require.NotEmpty(t, d.Title)
		require.False(t, uids[d.UID], d.UID)
		require.LessOrEqual(t, len(d.UID), 40, "Grafana takes no longer ones")
		uids[d.UID] = true
		ids, places := map[int]bool{}, map[[2]int]bool{}
		for _, p := range d.Panels {
			require.False(t, ids[p.ID], "%s: %s", name, p.Title)
			ids[p.ID] = true
			place := [2]int{p.GridPos.X, p.GridPos.Y}
			require.False(t, places[place], "%s: %s lies on another", name, p.Title)
			places[place] = true
			require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24)
			if p.Type == "row" {
				continue
			}
			require.NotEmpty(t, p.Title, name)
			require.NotEmpty(t, p.Description, "%s: %s", name, p.Title)
			require.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s: %s", name, p.Title)
			require.NotEmpty(t, p.Targets, "%s: %s", name, p.Title)
			for _, target := range p.Targets {
				require.NotEmpty(t, target.LegendFormat, "%s: %s", name, p.Title)
				uses, _, err := promql.Uses(target.Expr)
				require.NoError(t, err, "%s: %s", name, p.Title)
				require.NotEmpty(t, uses, "%s: %s", name, p.Title)
			}
		}
	}
}
