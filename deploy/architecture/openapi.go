package architecture

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// apiDescription is the part of the gateway's OpenAPI document that is looked at.
type apiDescription struct {
	Paths map[string]map[string]json.RawMessage `json:"paths"`
}

type operation struct {
	Summary     string `json:"summary"`
	Description string `json:"description"`
	RequestBody *body  `json:"requestBody"`
	Responses   map[string]body
}

type body struct {
	Content map[string]struct {
		Example  json.RawMessage `json:"example"`
		Examples json.RawMessage `json:"examples"`
	} `json:"content"`
}

func (b body) shown() bool {
	for _, content := range b.Content {
		if content.Example != nil || content.Examples != nil {
			return true
		}
	}
	return false
}

var verbs = []string{"get", "post", "put", "patch", "delete"}

func checkExamples(t *Tree) (breaches []string) {
	const name = "services/gateway/internal/openapi/openapi.json"
	document := t.files[name]
	if document == nil {
		return []string{name + ": missing"}
	}
	var api apiDescription
	if err := json.Unmarshal([]byte(document.text), &api); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		for _, verb := range verbs {
			if api.Paths[path][verb] == nil {
				continue
			}
			for _, missing := range missingIn(api.Paths[path][verb]) {
				breaches = append(breaches, fmt.Sprintf("%s: %s %s has no %s", name, verb, path, missing))
			}
		}
	}
	return breaches
}

// missingIn lists what the description of one operation lacks.
func missingIn(text json.RawMessage) (missing []string) {
	var o operation
	if err := json.Unmarshal(text, &o); err != nil {
		return []string{"form that can be read: " + err.Error()}
	}
	if o.Summary+o.Description == "" {
		missing = append(missing, "description")
	}
	if o.RequestBody != nil && !o.RequestBody.shown() {
		missing = append(missing, "example of its request")
	}
	answered := false
	for status, response := range o.Responses {
		answered = answered || strings.HasPrefix(status, "2") && response.shown()
	}
	if !answered {
		missing = append(missing, "example of its answer")
	}
	return missing
}
