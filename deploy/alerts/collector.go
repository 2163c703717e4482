package alerts

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// CollectorValues is the file in which Collector replaces places, seen from deploy/alerts.
const CollectorValues = "../aws/telemetry/collector.yaml"

// more are metrics that no alarm reads and the dashboard of deploy/aws and its pipelines do.
const more = "rpc_server_in_flight|cartwright_.*|inventory_.*|payment_.*|gateway_.*|pricing_.*|cart_.*"

// Collector puts what the alarms need into the values of a collector: between the comments "begin NAME" and "end NAME" that it has
// for renaming the series of services and of others, for keeping them, and for the dimensions by which CloudWatch gets them.
func Collector(values []byte) ([]byte, error) {
	var ours, others strings.Builder
	relabelOurs(&ours)
	relabelOthers(&others)
	for _, block := range []struct{ name, text string }{
		{"names of services", ours.String() + keep(more)}, {"names of others", others.String() + keep("")}, {"dimensions", declarations()},
	} {
		begin, end := []byte("# begin "+block.name), []byte("# end "+block.name)
		before, rest, began := bytes.Cut(values, begin)
		old, after, ended := bytes.Cut(rest, end)
		if !began || !ended || bytes.Count(values, begin) > 1 || bytes.Count(values, end) > 1 {
			return nil, fmt.Errorf("there is no place, or more than one, between %q and %q", begin, end)
		}
		column := len(before) - bytes.LastIndexByte(before, '\n') - 1
		comment, _, _ := bytes.Cut(old, []byte("\n"))
		text := indent(strings.TrimSuffix(block.text, "\n"), column) + strings.Repeat(" ", column)
		values = slices.Concat(before, begin, comment, []byte("\n"+text), end, after)
	}
	return values, nil
}

// keep writes the rule that drops all but what alarms read, and more.
func keep(more string) string {
	list := slices.Sorted(maps.Keys(sent()))
	if more != "" {
		list = append(list, more)
	}
	return fmt.Sprintf("- {source_labels: [__name__], action: keep, regex: %s}\n", strconv.Quote(strings.Join(list, "|")))
}

// declarations write the metrics by the dimensions that the alarms name.
func declarations() string {
	byDimensions := map[string][]string{}
	for name, dimensions := range sent() {
		byDimensions[dimensions] = append(byDimensions[dimensions], name)
	}
	var w strings.Builder
	for _, dimensions := range slices.Sorted(maps.Keys(byDimensions)) {
		selector := "^(" + strings.Join(slices.Sorted(slices.Values(byDimensions[dimensions])), "|") + ")$"
		fmt.Fprintf(&w, "- {dimensions: [%s], metric_name_selectors: [%s]}\n", dimensions, strconv.Quote(selector))
	}
	return w.String()
}
