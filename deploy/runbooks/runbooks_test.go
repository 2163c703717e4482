package runbooks_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
	"github.com/cartwright-shop/cartwright/deploy/runbooks"
)

func pages(t *testing.T) []runbooks.Page {
	t.Helper()
	list, err := runbooks.Read(".")
	require.NoError(t, err)
	return list
}

// When it fails, somebody is woken by an alert and finds no page about it, or a page about an alert that is gone.
func TestEveryAlertHasARunbook(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range pages(t) {
		names = append(names, p.Name)
	}
	require.ElementsMatch(t, alerts.Names(), names)
	for _, service := range alerts.Watched() {
		rules, err := os.ReadFile("../alerts/prometheus/" + service + ".yaml")
		require.NoError(t, err)
		links := regexp.MustCompile(`runbook_url: (\S+)`).FindAllStringSubmatch(string(rules), -1)
		require.NotEmpty(t, links)
		for _, link := range links {
			path, ok := strings.CutPrefix(link[1], alerts.Repository)
			require.True(t, ok, link[1])
			require.FileExists(t, "../../"+path)
		}
	}
}

// When it fails, somebody at night reads prose before they can type anything, or does not learn whom to call.
func TestRunbooksBeginWithCommands(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		require.GreaterOrEqual(t, len(p.Commands()), 2, p.Name)
		at := 0
		for _, section := range []string{"## What it means", "## Confirm", "## Mend", "## Wake"} {
			next := strings.Index(p.Text, "\n"+section+"\n\n")
			require.Greater(t, next, at, "%s: %s", p.Name, section)
			at = next
		}
		for _, line := range p.Commands() {
			word, _, _ := strings.Cut(line, " ")
			require.Contains(t, []string{"kubectl", "helm", "curl", "psql", "promtool", "make"}, word, p.Name)
		}
	}
}

// schema is as much of an OpenAPI schema as is followed here.
type schema struct {
	Ref        string            `json:"$ref"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

// document is as much of the API's description as is needed.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Parameters []struct{ Name string }
	Responses  map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

func (d document) follow(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

var fields = regexp.MustCompile(`^\.(\w+)\[\] \| \{([\w,]+)\}$`)

// When it fails, a runbook names a route, a parameter or a field that the shop does not have.
func TestRunbooksNameWhatTheAPIHas(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../services/gateway/internal/openapi/openapi.json")
	require.NoError(t, err)
	var d document
	require.NoError(t, json.Unmarshal(text, &d))
	calls := 0
	for _, p := range pages(t) {
		for _, call := range p.Calls() {
			calls++
			require.Contains(t, d.Paths, call.Path, p.Name)
			if len(call.Parameters) == 0 && call.Filter == "" {
				continue
			}
			var get operation
			require.NoError(t, json.Unmarshal(d.Paths[call.Path]["get"], &get), p.Name)
			var names []string
			for _, parameter := range get.Parameters {
				names = append(names, parameter.Name)
			}
			require.Subset(t, names, call.Parameters, "%s: %s", p.Name, call.Path)
			if match := fields.FindStringSubmatch(call.Filter); match != nil {
				list := d.follow(get.Responses["200"].Content["application/json"].Schema).Properties
				require.Contains(t, list, match[1], "%s: %s", p.Name, call.Path)
				for name := range strings.SplitSeq(match[2], ",") {
					require.Contains(t, d.follow(*list[match[1]].Items).Properties, name, "%s: %s", p.Name, call.Path)
				}
			}
		}
	}
	require.Greater(t, calls, 25)
}
