// Package cloudformation finds mistakes in templates that CloudFormation and its linters accept: pipelines that start at nothing,
// that promote on no evidence or never go back, and roles that may do more than their work.
package cloudformation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/document"
	"go.yaml.in/yaml/v3"
)

// Template is one file.
type Template struct {
	File string
	root *yaml.Node
}

// Set is all templates of an installation: they name each other's exports.
type Set []*Template

// Parse reads a template.
func Parse(file string, text []byte) (*Template, error) {
	root, err := document.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Template{File: file, root: root}, nil
}

// resource is one entry of a template.
type resource struct {
	template   *Template
	name, kind string
	properties *yaml.Node
}

func (r resource) complain(format string, arguments ...any) string {
	return fmt.Sprintf("%s: %s: %s", r.template.File, r.name, fmt.Sprintf(format, arguments...))
}

// resources returns those of one of the kinds, in their order.
func (t *Template) resources(kinds ...string) (found []resource) {
	document.Each(document.Child(t.root, "Resources"), func(name string, node *yaml.Node) {
		r := resource{t, name, document.Scalar(node, "Type"), document.Child(node, "Properties")}
		if slices.Contains(kinds, r.kind) {
			found = append(found, r)
		}
	})
	return found
}

// named returns the resource of a name.
func (t *Template) named(name string) (resource, bool) {
	node := document.Child(t.root, "Resources", name)
	return resource{t, name, document.Scalar(node, "Type"), document.Child(node, "Properties")}, node != nil
}

// reference takes an intrinsic function apart, in its short and its long form: its name without "Fn::" and what it is given.
func reference(node *yaml.Node) (function string, argument *yaml.Node) {
	if node == nil {
		return "", nil
	}
	if short, ok := strings.CutPrefix(node.Tag, "!"); ok && !strings.HasPrefix(short, "!") {
		return short, node
	}
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 {
		key := node.Content[0].Value
		if long, ok := strings.CutPrefix(key, "Fn::"); ok {
			return long, node.Content[1]
		}
		if key == "Ref" {
			return key, node.Content[1]
		}
	}
	return "", node
}

// texts returns the strings that a list may consist of: one list for each value that a lookup in a mapping can give.
func (t *Template) texts(node *yaml.Node) [][]string {
	function, argument := reference(node)
	if function != "FindInMap" {
		return [][]string{document.List(node)}
	}
	if len(argument.Content) != 3 {
		return nil
	}
	var lists [][]string
	document.Each(document.Child(t.root, "Mappings", argument.Content[0].Value), func(key string, value *yaml.Node) {
		if f, _ := reference(argument.Content[1]); f != "" || argument.Content[1].Value == key {
			lists = append(lists, document.List(document.Child(value, argument.Content[2].Value)))
		}
	})
	return lists
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// exportName is the name of an export as a pattern; whatever stands for a parameter matches anything.
func exportName(node *yaml.Node) string {
	_, argument := reference(node)
	if argument == nil {
		return ""
	}
	parts := placeholder.Split(argument.Value, -1)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return "^" + strings.Join(parts, ".+") + "$"
}

// importName is a name as an import says it, with something in place of parameters.
func importName(argument *yaml.Node) string {
	if _, inner := reference(argument); inner != nil && inner.Kind == yaml.ScalarNode {
		return placeholder.ReplaceAllString(inner.Value, "production")
	}
	if argument.Kind == yaml.MappingNode && len(argument.Content) == 2 { // !ImportValue { Fn::Sub: ... }
		return placeholder.ReplaceAllString(argument.Content[1].Value, "production")
	}
	return argument.Value
}

// export finds what is exported under a name.
func (s Set) export(name string) (template *Template, value *yaml.Node) {
	for _, t := range s {
		document.Each(document.Child(t.root, "Outputs"), func(_ string, output *yaml.Node) {
			node := document.Child(output, "Export", "Name")
			if node == nil {
				return
			}
			if matches, err := regexp.MatchString(exportName(node), name); err == nil && matches {
				template, value = t, document.Child(output, "Value")
			}
		})
	}
	return template, value
}

// imports calls visit for every import of a template.
func imports(node *yaml.Node, visit func(name string, line int)) {
	if node == nil {
		return
	}
	if node.Tag == "!ImportValue" {
		visit(importName(node), node.Line)
	}
	for _, part := range node.Content {
		imports(part, visit)
	}
}
