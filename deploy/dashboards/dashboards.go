// Package dashboards draws what is watched: a dashboard for Grafana per service and one for the shop, as data from which `make generate`
// writes JSON. The rates of burnt budgets that they show are recorded by the rules in deploy/alerts.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

// Panel is one graph.
type Panel struct {
	Title, Description string
	// Unit is Grafana's name of the unit of the axis.
	Unit string
	Of   []Target
}

// Target is one expression with the legend of its lines.
type Target struct {
	Expr, Legend string
}

// Row is a line of panels under a title.
type Row struct {
	Title  string
	Panels []Panel
}

// Dashboard is one page of Grafana.
type Dashboard struct {
	UID, Title string
	Rows       []Row
	// Job is the service whose releases are marked; empty marks those of all.
	Job string
}

// All are the dashboards.
func All() []Dashboard {
	list := []Dashboard{shop()}
	for _, service := range alerts.Services {
		list = append(list, ofService(service))
	}
	return list
}

// Files are the dashboards as JSON, by name below deploy/dashboards.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range All() {
		text, err := d.encode()
		if err != nil {
			return nil, err
		}
		files["json/"+strings.TrimPrefix(d.UID, "cartwright-")+".json"] = text
	}
	return files, nil
}

// object is an object of JSON.
type object = map[string]any

const (
	width  = 8 // three in a line of 24
	height = 8
)

func source() object { return object{"type": "prometheus", "uid": "${source}"} }

func (d Dashboard) encode() ([]byte, error) {
	var panels []object
	id, y := 0, 0
	for _, row := range d.Rows {
		id++
		panels = append(panels, object{"id": id, "type": "row", "title": row.Title, "collapsed": false, "gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}, "panels": []object{}})
		y++
		for i, p := range row.Panels {
			id++
			panels = append(panels, p.encode(id, (i%3)*width, y+(i/3)*height))
		}
		y += (len(row.Panels) + 2) / 3 * height
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(object{
		"uid": d.UID, "title": d.Title, "tags": []string{"cartwright"}, "schemaVersion": 39, "editable": false, "refresh": "30s", "timezone": "",
		"time": object{"from": "now-3h", "to": "now"}, "panels": panels,
		"annotations": object{"list": []object{d.releases()}},
		"links":       []object{{"type": "dashboards", "tags": []string{"cartwright"}, "title": "Cartwright", "asDropdown": true, "includeVars": true, "keepTime": true}},
		"templating": object{"list": []object{
			{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
			{
				"name": "namespace", "label": "Shop", "type": "query", "datasource": source(), "query": "label_values(build_info, namespace)",
				"refresh": 2, "includeAll": true, "allValue": ".*", "multi": true,
			},
		}},
	})
	return text.Bytes(), err
}

// releases marks when a version appears that was not there five minutes before.
func (d Dashboard) releases() object {
	selector := "build_info{namespace=~\"$namespace\"}"
	if d.Job != "" {
		selector = fmt.Sprintf("build_info{namespace=~\"$namespace\",job=%q}", d.Job)
	}
	expr := fmt.Sprintf("count by (job, version) (%s) unless count by (job, version) (%s offset 5m)", selector, selector)
	return object{"name": "Releases", "enable": true, "iconColor": "blue", "datasource": source(), "expr": expr, "step": "60s", "titleFormat": "{{job}} {{version}}"}
}

func (p Panel) encode(id, x, y int) object {
	var targets []object
	for i, t := range p.Of {
		targets = append(targets, object{"refId": string(rune('A' + i)), "datasource": source(), "expr": t.Expr, "legendFormat": t.Legend})
	}
	return object{
		"id": id, "type": "timeseries", "title": p.Title, "description": p.Description, "datasource": source(),
		"gridPos":     object{"x": x, "y": y, "w": width, "h": height},
		"fieldConfig": object{"defaults": object{"unit": p.Unit, "min": 0}, "overrides": []object{}},
		"options":     object{"legend": object{"displayMode": "list", "placement": "bottom"}, "tooltip": object{"mode": "multi", "sort": "desc"}},
		"targets":     targets,
	}
}
