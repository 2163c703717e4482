// Package runbooks reads the pages beside it: what to do about an alert, one page each. Tests hold them to what the shop really has:
// routes, tables, metrics.
package runbooks

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is one runbook.
type Page struct {
	// Name is that of the alert.
	Name string
	Text string
}

// Read reads all pages of a folder but its README.
func Read(folder string) ([]Page, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return nil, err
	}
	var pages []Page
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		if name == "README" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		pages = append(pages, Page{Name: name, Text: string(text)})
	}
	return pages, nil
}

// Commands are the lines that the page begins with; nil when it begins with anything else.
func (p Page) Commands() []string {
	rest, ok := strings.CutPrefix(p.Text, "# "+p.Name+"\n\n```sh\n")
	if !ok {
		return nil
	}
	block, _, ok := strings.Cut(rest, "\n```\n")
	if !ok {
		return nil
	}
	return strings.Split(block, "\n")
}

var (
	query     = regexp.MustCompile(`^promtool query instant \$PROM ['"](.*)['"]$`)
	statement = regexp.MustCompile(`^psql "\$([A-Z]+)" -c "(.*)"$`)
	read      = regexp.MustCompile(`^curl .*"\$SHOP(/[^"?]*)\??([^"]*)" \| jq '?(.*?)'?$`)
	route     = regexp.MustCompile("(?:GET|POST|PUT|DELETE)? ?(/admin/v1/[^`? ]*)(?:\\?([^`]*))?`")
)

// Queries are the questions to Prometheus. A variable of the shell in them stands for the name of a service.
func (p Page) Queries() []string {
	var list []string
	for _, line := range p.Commands() {
		if match := query.FindStringSubmatch(line); match != nil {
			list = append(list, strings.NewReplacer(`'$S'`, "cart", `\"$S\"`, `"cart"`).Replace(match[1]))
		}
	}
	return list
}

// Statement is a question to a database.
type Statement struct {
	// Database is the variable that has its address.
	Database, SQL string
}

// Statements are the questions to databases.
func (p Page) Statements() []Statement {
	var list []Statement
	for _, line := range p.Commands() {
		if match := statement.FindStringSubmatch(line); match != nil {
			list = append(list, Statement{match[1], match[2]})
		}
	}
	return list
}

// Call is a route of the public API that a page names.
type Call struct {
	Path string
	// Parameters are those of the query.
	Parameters []string
	// Filter is what jq makes of the answer, empty when nothing does.
	Filter string
}

// Calls are the routes in the commands and in the text behind them.
func (p Page) Calls() []Call {
	var list []Call
	for _, line := range p.Commands() {
		if match := read.FindStringSubmatch(line); match != nil {
			list = append(list, Call{match[1], parameters(match[2]), match[3]})
		}
	}
	for _, match := range route.FindAllStringSubmatch(p.Text, -1) {
		list = append(list, Call{Path: match[1], Parameters: parameters(match[2])})
	}
	return list
}

func parameters(query string) []string {
	var list []string
	for pair := range strings.SplitSeq(query, "&") {
		if name, _, ok := strings.Cut(pair, "="); ok {
			list = append(list, name)
		}
	}
	return list
}
