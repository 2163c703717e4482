// Package document walks YAML as it is written, with its tags and its order: what is checked must not be changed by reading it.
package document

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a mapping. A key that stands twice is an error.
func Parse(text []byte) (*yaml.Node, error) {
	var parsed yaml.Node
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return nil, err
	}
	if len(parsed.Content) == 0 || parsed.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is not a mapping")
	}
	return parsed.Content[0], twice(parsed.Content[0])
}

func twice(node *yaml.Node) error {
	seen := map[string]bool{}
	for i, part := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			if seen[part.Value] {
				return fmt.Errorf("line %d: %q stands twice", part.Line, part.Value)
			}
			seen[part.Value] = true
		}
		if err := twice(part); err != nil {
			return err
		}
	}
	return nil
}

// Each calls visit for the entries of a mapping, in their order.
func Each(node *yaml.Node, visit func(key string, value *yaml.Node)) {
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		visit(node.Content[i].Value, node.Content[i+1])
	}
}

// Child goes down a path of keys; nil when it ends early.
func Child(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var found *yaml.Node
		Each(node, func(key string, value *yaml.Node) {
			if key == name {
				found = value
			}
		})
		node = found
	}
	return node
}

// Scalar returns the text at a path, empty when there is none.
func Scalar(node *yaml.Node, path ...string) string {
	if value := Child(node, path...); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

// Keys returns the keys of a mapping.
func Keys(node *yaml.Node) (keys []string) {
	Each(node, func(key string, _ *yaml.Node) { keys = append(keys, key) })
	return keys
}

// Items returns the nodes of a sequence; a single node counts as a sequence of one.
func Items(node *yaml.Node) []*yaml.Node {
	switch {
	case node == nil:
		return nil
	case node.Kind == yaml.SequenceNode:
		return node.Content
	default:
		return []*yaml.Node{node}
	}
}

// List returns the texts of a sequence.
func List(node *yaml.Node) (values []string) {
	for _, item := range Items(node) {
		values = append(values, strings.TrimSpace(item.Value))
	}
	return values
}
