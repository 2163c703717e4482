package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/affected"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/document"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/glob"
	"go.yaml.in/yaml/v3"
)

// stages are those of every pipeline, in this order. Those that deploy go back when they fail; those that reach buyers also when
// an alarm rings afterwards.
var (
	stages  = []string{"Source", "Build", "Staging", "Canary", "Production"}
	deploys = []string{"Staging", "Canary", "Production"}
	reaches = []string{"Canary", "Production"}
	eksKeys = []string{"ClusterName", "Namespace", "HelmReleaseName", "HelmChartLocation", "HelmValuesFiles", "ManifestFiles", "Subnets", "SecurityGroupIds"}
)

// maxRules is how many rules a condition may have.
const maxRules = 5

func (s Set) pipeline(r resource) (breaches []string) {
	if document.Scalar(r.properties, "PipelineType") != "V2" {
		breaches = append(breaches, r.complain("PipelineType is not V2: path filters and conditions need it"))
	}
	breaches = append(breaches, triggers(r)...)
	var names []string
	var produced []string
	bundles := map[string]bool{}
	for _, stage := range document.Items(document.Child(r.properties, "Stages")) {
		name := document.Scalar(stage, "Name")
		names = append(names, name)
		for _, action := range document.Items(document.Child(stage, "Actions")) {
			breaches = append(breaches, s.action(r, action, produced)...)
			for _, artifact := range document.Items(document.Child(action, "OutputArtifacts")) {
				produced = append(produced, document.Scalar(artifact, "Name"))
			}
			for _, artifact := range document.Items(document.Child(action, "InputArtifacts")) {
				if document.Scalar(action, "ActionTypeId", "Provider") == "EKS" {
					bundles[document.Scalar(artifact, "Name")] = true
				}
			}
		}
		breaches = append(breaches, s.stage(r, stage, name)...)
	}
	if !slices.Equal(names, stages) {
		breaches = append(breaches, r.complain("its stages are %s, not %s", strings.Join(names, ", "), strings.Join(stages, ", ")))
	}
	if len(bundles) != 1 {
		breaches = append(breaches, r.complain("its stages deploy from %d artifacts: what was tested is not what ships", len(bundles)))
	}
	return breaches
}

// triggers holds path filters to the limits of CodePipeline, which CloudFormation does not know.
func triggers(r resource) (breaches []string) {
	filters := 0
	for _, trigger := range document.Items(document.Child(r.properties, "Triggers")) {
		for _, push := range document.Items(document.Child(trigger, "GitConfiguration", "Push")) {
			for _, side := range []string{"Includes", "Excludes"} {
				node := document.Child(push, "FilePaths", side)
				if node == nil {
					continue
				}
				lists := r.template.texts(node)
				if len(lists) == 0 {
					breaches = append(breaches, r.complain("its path filter names a mapping that does not exist"))
				}
				for _, patterns := range lists {
					filters++
					breaches = append(breaches, filter(r, patterns)...)
				}
			}
		}
	}
	if filters == 0 {
		breaches = append(breaches, r.complain("it has no path filter: each commit would deploy every service"))
	}
	return breaches
}

func filter(r resource, patterns []string) (breaches []string) {
	if len(patterns) == 0 || len(patterns) > affected.MaxTriggers {
		breaches = append(breaches, r.complain("a path filter has %d patterns, %d are allowed", len(patterns), affected.MaxTriggers))
	}
	for _, pattern := range patterns {
		if len(pattern) == 0 || len(pattern) > affected.MaxTriggerLength {
			breaches = append(breaches, r.complain("a pattern has %d characters, %d are allowed: %.40s", len(pattern), affected.MaxTriggerLength, pattern))
		}
		if _, err := glob.New(pattern); err != nil {
			breaches = append(breaches, r.complain("%v", err))
		}
	}
	return breaches
}

func (s Set) action(r resource, action *yaml.Node, produced []string) (breaches []string) {
	name := document.Scalar(action, "Name")
	configuration := document.Child(action, "Configuration")
	for _, artifact := range document.Items(document.Child(action, "InputArtifacts")) {
		if input := document.Scalar(artifact, "Name"); !slices.Contains(produced, input) {
			breaches = append(breaches, r.complain("action %s takes %q, which nobody made before it", name, input))
		}
	}
	switch document.Scalar(action, "ActionTypeId", "Provider") {
	case "EKS":
		keys := document.Keys(configuration)
		for _, key := range keys {
			if !slices.Contains(eksKeys, key) {
				breaches = append(breaches, r.complain("action %s: unknown key %q", name, key))
			}
		}
		helm := slices.Contains(keys, "HelmReleaseName") && slices.Contains(keys, "HelmChartLocation")
		if !slices.Contains(keys, "ClusterName") || !helm && !slices.Contains(keys, "ManifestFiles") {
			breaches = append(breaches, r.complain("action %s: it needs ClusterName, and HelmReleaseName with HelmChartLocation", name))
		}
		if !slices.Contains(keys, "Subnets") || !slices.Contains(keys, "SecurityGroupIds") {
			breaches = append(breaches, r.complain("action %s: without Subnets and SecurityGroupIds it does not reach the cluster", name))
		}
		if len(document.Items(document.Child(action, "InputArtifacts"))) != 1 {
			breaches = append(breaches, r.complain("action %s: it takes one artifact", name))
		}
	case "CodeBuild":
		function, project := reference(document.Child(configuration, "ProjectName"))
		found := resource{}
		if function == "Ref" {
			found, _ = r.template.named(project.Value)
		}
		if found.kind != "AWS::CodeBuild::Project" {
			breaches = append(breaches, r.complain("action %s runs no project of this template", name))
		}
	}
	return breaches
}

// stage wants the conditions by which a stage goes back.
func (s Set) stage(r resource, stage *yaml.Node, name string) (breaches []string) {
	onFailure := document.Child(stage, "OnFailure")
	if slices.Contains(deploys, name) && document.Scalar(onFailure, "Result") != "ROLLBACK" {
		breaches = append(breaches, r.complain("stage %s does not go back when it fails", name))
	}
	if document.Child(onFailure, "RetryConfiguration") != nil && (document.Child(onFailure, "Conditions") != nil || document.Scalar(onFailure, "Result") != "RETRY") {
		breaches = append(breaches, r.complain("stage %s: retries do not go together with conditions or a way back", name))
	}
	if !slices.Contains(reaches, name) {
		return breaches
	}
	rules := 0
	for _, condition := range document.Items(document.Child(stage, "OnSuccess", "Conditions")) {
		if document.Scalar(condition, "Result") != "ROLLBACK" {
			breaches = append(breaches, r.complain("stage %s: an alarm does not make it go back", name))
		}
		list := document.Items(document.Child(condition, "Rules"))
		if len(list) > maxRules {
			breaches = append(breaches, r.complain("stage %s: %d rules, %d are allowed", name, len(list), maxRules))
		}
		for _, rule := range list {
			if document.Scalar(rule, "RuleTypeId", "Provider") == "CloudWatchAlarm" {
				rules++
				breaches = append(breaches, s.rule(r, rule, name)...)
			}
		}
	}
	if rules == 0 {
		breaches = append(breaches, r.complain("stage %s: no alarm is watched after it", name))
	}
	return breaches
}

func (s Set) rule(r resource, rule *yaml.Node, stage string) (breaches []string) {
	configuration := document.Child(rule, "Configuration")
	wait := document.Child(configuration, "WaitTime")
	if function, argument := reference(wait); function == "Ref" {
		if document.Scalar(r.template.root, "Parameters", argument.Value, "Type") != "Number" {
			breaches = append(breaches, r.complain("stage %s: WaitTime is %s, which is no number", stage, argument.Value))
		}
	} else if minutes, err := strconv.Atoi(document.Scalar(configuration, "WaitTime")); err != nil || minutes < 1 || minutes > 1440 {
		breaches = append(breaches, r.complain("stage %s: WaitTime is not a number of minutes up to a day", stage))
	}
	if document.Scalar(configuration, "AlarmStates") != "ALARM" {
		breaches = append(breaches, r.complain("stage %s: AlarmStates is not ALARM", stage))
	}
	found, ok := s.alarm(r.template, document.Child(configuration, "AlarmName"))
	if !ok {
		return append(breaches, r.complain("stage %s waits for an alarm that no template has", stage))
	}
	return append(breaches, judge(found)...)
}

// alarm finds what a rule waits for: an alarm of the template, one that another template exports, or one by its name. Composite
// alarms are none: the rules of pipelines ask for metric alarms.
func (s Set) alarm(t *Template, node *yaml.Node) (resource, bool) {
	function, argument := reference(node)
	if argument == nil {
		return resource{}, false
	}
	if function == "ImportValue" {
		other, value := s.export(importName(node))
		if other == nil {
			return resource{}, false
		}
		return s.alarm(other, value)
	}
	for _, candidate := range t.resources("AWS::CloudWatch::Alarm") {
		if candidate.name == argument.Value && function == "Ref" || function == "" && document.Scalar(candidate.properties, "AlarmName") == argument.Value {
			return candidate, true
		}
	}
	return resource{}, false
}

// judge wants an alarm that rings without data: a version that nobody calls, or whose metrics are lost, has proven nothing.
func judge(r resource) (breaches []string) {
	if len(document.Items(document.Child(r.properties, "AlarmActions"))) == 0 {
		breaches = append(breaches, r.complain("it tells nobody"))
	}
	if document.Scalar(r.properties, "TreatMissingData") != "breaching" {
		breaches = append(breaches, r.complain("missing data does not make it ring: no calls are no evidence"))
	}
	averages := document.Scalar(r.properties, "Statistic") == "Average"
	for _, metric := range document.Items(document.Child(r.properties, "Metrics")) {
		averages = averages || document.Scalar(metric, "MetricStat", "Stat") == "Average"
	}
	if averages {
		breaches = append(breaches, r.complain("an average hides the calls that are slow"))
	}
	return breaches
}
