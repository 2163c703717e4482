// Package watching runs a shop and looks at it as those who watch it do: at its traces, its logs and its metrics. It holds the rules, the
// dashboards and the runbooks to what a running shop really tells.
package watching
