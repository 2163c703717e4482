// Package promql reads which metrics and labels an expression of Prometheus's query language names, so that tests can see whether there
// are such. It does not judge the expression otherwise; promtool does.
package promql

import (
	"fmt"
	"slices"
	"strings"
	"text/scanner"
)

// Use is a metric of an expression with the labels that choose among its series.
type Use struct {
	Metric string
	Labels []string
	// Values are what a label is compared with, by label: texts or regular expressions.
	Values map[string]string
}

// words belong to the language: between metrics, and before a list of labels.
var words = []string{
	"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset", "inf", "nan",
	"sum", "min", "max", "avg", "count", "group", "topk", "bottomk", "quantile", "stddev",
}

// lists are the words that a list of labels follows.
var lists = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}

// Uses are the metrics that an expression names, and By the labels that it groups or joins by.
func Uses(expr string) (uses []Use, by []string, err error) {
	r := &reader{}
	r.Init(strings.NewReader(strings.NewReplacer("=~", "=", "!~", "=", "!=", "=").Replace(expr)))
	r.Mode = scanner.ScanIdents | scanner.ScanStrings | scanner.ScanFloats
	r.IsIdentRune = func(c rune, i int) bool {
		return c == '_' || c == ':' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9'
	}
	r.Error = func(_ *scanner.Scanner, message string) { err = fmt.Errorf("%s: %s", expr, message) }
	for token := r.Scan(); token != scanner.EOF; token = r.Scan() {
		switch name := r.TokenText(); {
		case token == '[':
			r.until(']')
		case token != scanner.Ident:
		case slices.Contains(lists, name):
			by = append(by, r.labels()...)
		case slices.Contains(words, name) || r.follows('('):
		default:
			uses = append(uses, r.use(name))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return uses, by, nil
}

type reader struct{ scanner.Scanner }

// follows tells whether the next thing but spaces is that character.
func (r *reader) follows(c rune) bool {
	for r.Peek() == ' ' || r.Peek() == '\n' {
		r.Next()
	}
	return r.Peek() == c
}

func (r *reader) until(end rune) {
	for token := r.Scan(); token != end && token != scanner.EOF; token = r.Scan() {
	}
}

// labels reads a list in parentheses, if there is one.
func (r *reader) labels() (list []string) {
	if !r.follows('(') {
		return nil
	}
	for token := r.Scan(); token != ')' && token != scanner.EOF; token = r.Scan() {
		if token == scanner.Ident {
			list = append(list, r.TokenText())
		}
	}
	return list
}

// use reads the labels behind a metric.
func (r *reader) use(metric string) Use {
	u := Use{Metric: metric, Values: map[string]string{}}
	if !r.follows('{') {
		return u
	}
	label := ""
	for token := r.Scan(); token != '}' && token != scanner.EOF; token = r.Scan() {
		switch token {
		case scanner.Ident:
			label = r.TokenText()
			u.Labels = append(u.Labels, label)
		case scanner.String:
			u.Values[label] = strings.Trim(r.TokenText(), `"`)
		}
	}
	return u
}
