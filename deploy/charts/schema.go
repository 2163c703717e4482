package charts

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What values may be. values.json has a property for each, defs.json what they share; the settings are added from the sources.
var (
	//go:embed values.json
	valuesJSON []byte
	//go:embed defs.json
	defsJSON []byte
)

type object = map[string]any

// chartOwned are settings that the chart gives by itself; settings.NAME would say them twice.
func chartOwned(name string, peers []string) bool {
	for _, peer := range peers {
		if name == strings.ToUpper(peer)+"_ADDR" {
			return true
		}
	}
	return strings.HasPrefix(name, "MTLS_") || slices.Contains([]string{
		"GRPC_ADDR", "OPS_ADDR", "HTTP_ADDR", "DATABASE_MAX_CONNS", "DATABASE_PASSWORD_FILE", "DRAIN_TIMEOUT", "VERSION",
		"OTEL_EXPORTER_OTLP_ENDPOINT", "SANDBOX_URL", "SANDBOX_ADDR", "SANDBOX_JOURNAL", "SANDBOX_PUBLIC_URL", "SANDBOX_WEBHOOK_URL",
	}, name)
}

// databaseOnly are settings of programs with a database.
func databaseOnly(name string) bool {
	return strings.Contains(name, "DATABASE_") || name == "JOB_WORKERS"
}

// common are the values that every service has.
func common() []string {
	return []string{
		"image", "imagePullSecrets", "replicas", "autoscaling", "resources", "drain", "progressDeadlineSeconds", "revisionHistoryLimit",
		"priorityClassName", "spread", "nodeSelector", "tolerations", "podAnnotations", "serviceAccount", "database", "migration", "mtls", "metrics",
		"tracing", "networkPolicy", "global", "lib",
	}
}

// Schema makes values.schema.json of a chart.
func Schema(root, chart string) ([]byte, error) {
	known, defs := object{}, object{}
	if err := json.Unmarshal(valuesJSON, &known); err != nil {
		return nil, fmt.Errorf("values.json: %w", err)
	}
	if err := json.Unmarshal(defsJSON, &defs); err != nil {
		return nil, fmt.Errorf("defs.json: %w", err)
	}
	known["smoke"].(object)["properties"].(object)["image"] = known["image"]
	known["global"].(object)["properties"].(object)["mtls"] = known["mtls"]
	known["migration"].(object)["properties"].(object)["secrets"] = secrets("OWNER_DATABASE_URL")
	known["migration"].(object)["properties"].(object)["provision"] = known["image"]
	properties, err := properties(root, chart, known)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the chart " + chart,
		"type": "object", "additionalProperties": false, "properties": properties, "$defs": defs,
	}, "", "  ")
	return append(text, '\n'), err
}

func properties(root, chart string, known object) (object, error) {
	result := object{}
	take := func(names ...string) {
		for _, name := range names {
			result[name] = known[name]
		}
	}
	switch chart {
	case "shop":
		take("global")
		for _, name := range append(Programs(), "sandbox") {
			result[name] = object{"type": "object"} // its own schema says more
		}
		return result, nil
	case "namespace":
		take("name", "labels", "priorityClasses", "lib", "global")
		return result, nil
	case Auditor:
		take("image", "imagePullSecrets", "nodeSelector", "tolerations", "podAnnotations", "priorityClassName", "serviceAccount", "resources", "metrics",
			"lib", "global")
		take("enabled", "every", "confirmAfter", "textBudget", "only", "compareWithSandbox")
		result["database"], result["networkPolicy"] = known["auditorDatabase"], known["auditorNetworkPolicy"]
		result["secrets"] = withStore(secrets("DATABASE_URL"))
		return result, nil
	case "sandbox":
		take("image", "imagePullSecrets", "nodeSelector", "tolerations", "serviceAccount", "resources", "publicURL", "apiKey", "webhookSecret", "journal",
			"lib", "global")
		result["networkPolicy"] = known["sandboxNetworkPolicy"]
	default:
		take(common()...)
	}
	switch chart {
	case "gateway":
		take("route", "smoke")
	case "payment":
		result["sandbox"] = known["sandboxProvider"]
	}
	return result, addSettings(root, chart, result)
}

// addSettings lists the settings of the service by name, and whom it may be told where to find.
func addSettings(root, chart string, result object) error {
	graph, err := ReadGraph(root)
	if err != nil {
		return err
	}
	all, err := Settings(root, chart)
	if err != nil {
		return err
	}
	settings, secret := object{}, []string{}
	for _, s := range all {
		if chart == "gateway" && databaseOnly(s.Name) || s.Name == "OWNER_DATABASE_URL" {
			continue
		}
		if s.Secret {
			secret = append(secret, s.Name)
		} else if !chartOwned(s.Name, graph.Calls[chart]) {
			settings[s.Name] = property(s)
		}
	}
	table := object{"type": "object", "additionalProperties": false, "properties": settings}
	if chart == "gateway" {
		table["required"] = []string{"OIDC_ISSUER"}
	}
	result["settings"] = table
	if chart == "sandbox" {
		return nil
	}
	result["secrets"] = withStore(secrets(secret...))
	result["peers"] = places(graph.Calls[chart], object{"address": object{"type": "string", "pattern": "^[^:/]+:[0-9]+$"}, "namespace": object{"type": "string"}})
	result["callers"] = places(graph.callers(chart), object{"namespace": object{"type": "string"}})
	return nil
}

// property is the schema of one setting. Lists are text, as in the environment.
func property(s Setting) object {
	p := object{"type": "string", "description": s.Meaning}
	switch s.Type {
	case "time.Duration":
		p["pattern"] = `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`
	case "int", "int32", "int64":
		p["type"] = "integer"
	case "float64":
		p["type"] = "number"
	case "bool":
		p["type"] = "boolean"
	}
	if s.Default != "" {
		p["description"] = s.Meaning + " Default: " + s.Default + "."
	}
	return p
}

// secrets is where secret settings of these names may come from.
func secrets(names ...string) object {
	from := func(value func(name string) object) object {
		properties := object{}
		for _, name := range names {
			properties[name] = value(name)
		}
		return object{"type": "object", "additionalProperties": false, "properties": properties}
	}
	ref := func(def string) object { return object{"$ref": "#/$defs/" + def} }
	return object{"type": "object", "additionalProperties": false, "properties": object{
		"create": from(func(name string) object {
			if strings.HasSuffix(name, "DATABASE_URL") {
				return ref("postgresURL")
			}
			return ref("text")
		}),
		"existing": from(func(string) object { return ref("existing") }),
		"external": from(func(string) object { return ref("external") }),
	}}
}

// withStore adds where external secrets are, and how often they are read.
func withStore(secrets object) object {
	more := secrets["properties"].(object)
	more["store"] = object{"type": "object", "additionalProperties": false, "properties": object{
		"name": object{"type": "string"}, "kind": object{"enum": []string{"ClusterSecretStore", "SecretStore"}},
	}}
	more["refreshInterval"] = object{"type": "string", "pattern": "^[0-9]+(s|m|h)$"}
	return secrets
}

func places(names []string, value object) object {
	properties := object{}
	for _, name := range names {
		properties[name] = object{"type": "object", "additionalProperties": false, "properties": value}
	}
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

// callers are the services that call this one.
func (g Graph) callers(of string) []string {
	var callers []string
	for caller, peers := range g.Calls {
		if slices.Contains(peers, of) {
			callers = append(callers, caller)
		}
	}
	slices.Sort(callers)
	return callers
}
