package cloudformation_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/cloudformation"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/document"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// templates reads ours, one of them changed.
func templates(t *testing.T, changed, old, replacement string) cloudformation.Set {
	t.Helper()
	files, err := filepath.Glob("../../aws/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 7)
	var set cloudformation.Set
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if filepath.Base(file) == changed {
			require.Contains(t, string(text), old)
			text = []byte(strings.Replace(string(text), old, replacement, 1))
		}
		template, err := cloudformation.Parse(filepath.Base(file), text)
		require.NoError(t, err)
		set = append(set, template)
	}
	return set
}

// The templates that ship must not hold any of the mistakes that the checker knows.
func TestOurTemplatesAreClean(t *testing.T) {
	t.Parallel()
	require.Empty(t, templates(t, "", "", "").Check())
}

// Each of these mistakes passes CloudFormation's linters. One that is not found here ships what is broken, never goes back, or lets
// one service's build touch another service.
func TestFindsSeededMistakes(t *testing.T) {
	t.Parallel()
	const pipeline = "pipeline.yaml"
	for name, seed := range map[string]struct{ file, old, new, found string }{
		"nine file paths":              {pipeline, "        - \"charts/{cart,lib}/**\"\n", "        - \"charts/{cart,lib}/**\"\n        - \"docs/**\"\n", "9 patterns"},
		"a long file path":             {pipeline, "charts/{cart,lib}/**", "charts/" + strings.Repeat("x", 250), "characters"},
		"a nested group":               {pipeline, "charts/{cart,lib}/**", "charts/{cart,{lib}}/**", "not supported"},
		"no file paths":                {pipeline, "FilePaths: { Includes: !FindInMap [Triggers, !Ref Service, Includes] }", "Tags: { Includes: [v1] }", "no path filter"},
		"file paths of nobody":         {pipeline, "!FindInMap [Triggers, !Ref Service, Includes]", "!FindInMap [Trigger, !Ref Service, Includes]", "does not exist"},
		"a pipeline of the first kind": {pipeline, "PipelineType: V2", "PipelineType: V1", "not V2"},
		"production before the canary": {pipeline, "- Name: Canary\n", "- Name: Production\n", "its stages are"},
		"no staging":                   {pipeline, "- Name: Staging", "- Name: Test", "its stages are"},
		"an EKS action without a chart": {
			pipeline, "                HelmChartLocation: canary\n", "", "HelmChartLocation",
		},
		"an EKS action without a release": {pipeline, "                HelmReleaseName: !Ref Service\n", "", "HelmReleaseName"},
		"an EKS action without a cluster": {pipeline, "                ClusterName: !Ref ProductionCluster\n", "", "ClusterName"},
		"a misspelt key of an EKS action": {pipeline, "HelmValuesFiles: values-staging", "HelmValueFiles: values-staging", "unknown key"},
		"an EKS action without a network": {pipeline, "                Subnets: !ImportValue cartwright-staging-private-subnets\n", "", "does not reach"},
		"a misspelt inline phase":         {pipeline, "            build:\n              on-failure: ABORT\n              commands:\n                - set -euo pipefail\n                - make acceptance", "            bulid:\n              on-failure: ABORT\n              commands:\n                - set -euo pipefail\n                - make acceptance", "never run"},
		// On purpose: the checker must find it.
		"an inline failure swallowed":   {pipeline, "- make acceptance", "- make acceptance || true", "swallows"},
		"an inline build that goes on":  {pipeline, "              on-failure: ABORT", "              on-failure: CONTINUE", "not ABORT"},
		"an alarm that does nothing":    {pipeline, "              - Result: ROLLBACK", "              - Result: FAIL", "does not make it go back"},
		"an alarm of nobody":            {pipeline, "AlarmName: !Ref CanaryErrors", "AlarmName: cartwright-canary", "no template has"},
		"an alarm nobody exports":       {pipeline, "AlarmName: !ImportValue cartwright-shop-alarm", "AlarmName: !ImportValue cartwright-shop-alarms", "no template has"},
		"a wait in words":               {pipeline, "AlarmStates: ALARM, WaitTime: !Ref CanaryMinutes", "AlarmStates: ALARM, WaitTime: PT15M", "number of minutes"},
		"a wait for a good state":       {pipeline, "AlarmStates: ALARM", "AlarmStates: OK", "AlarmStates"},
		"failure does not go back":      {pipeline, "          OnFailure: { Result: ROLLBACK }\n        - Name: Canary", "        - Name: Canary", "stage Staging does not go back"},
		"a retry beside a way back":     {pipeline, "OnFailure: { Result: ROLLBACK }", "OnFailure: { Result: ROLLBACK, RetryConfiguration: { RetryMode: ALL_ACTIONS } }", "retries"},
		"no data is good data":          {pipeline, "TreatMissingData: breaching", "TreatMissingData: notBreaching", "missing data"},
		"no word on missing data":       {pipeline, "      TreatMissingData: breaching\n", "", "missing data"},
		"an alarm that tells nobody":    {pipeline, "      AlarmActions: [!ImportValue cartwright-alerts]\n", "", "tells nobody"},
		"an alarm on an average":        {pipeline, "Stat: Sum", "Stat: Average", "average"},
		"an artifact nobody made":       {pipeline, "InputArtifacts: [{ Name: Bundle }]", "InputArtifacts: [{ Name: Bundel }]", "nobody made"},
		"production from another image": {pipeline, "                HelmReleaseName: !Ref Service\n                HelmChartLocation: chart\n                HelmValuesFiles: values-production.yaml,values-image.yaml\n              InputArtifacts: [{ Name: Bundle }]", "                HelmReleaseName: !Ref Service\n                HelmChartLocation: chart\n                HelmValuesFiles: values-production.yaml,values-image.yaml\n              InputArtifacts: [{ Name: Source }]", "what was tested"},
		"a project of nobody":           {pipeline, "ProjectName: !Ref RecordProject", "ProjectName: !Ref PipelineRole", "no project"},
		"a build with another's role":   {pipeline, "ServiceRole: !GetAtt AcceptanceRole.Arn", "ServiceRole: !GetAtt BuildRole.Arn", "it has the role of"},
		"a build that is root":          {pipeline, "PrivilegedMode: false", "PrivilegedMode: true", "privileged"},
		"a secret in a variable":        {pipeline, "{ Name: SERVICE, Value: !Ref Service }", "{ Name: REGISTRY_PASSWORD, Value: hunter2 }", "plain text"},
		"all actions":                   {pipeline, "Action: [codebuild:StartBuild, codebuild:BatchGetBuilds, codebuild:StopBuild]", "Action: codebuild:*", "name the actions"},
		"everything":                    {pipeline, "Resource: [!GetAtt BuildProject.Arn, !GetAtt AcceptanceProject.Arn, !GetAtt RecordProject.Arn]", "Resource: \"*\"", "on everything"},
		"builds of strangers":           {pipeline, "            Condition: { StringEquals: { \"aws:SourceAccount\": !Ref \"AWS::AccountId\" } }\n", "", "any account"},
		"an administrator":              {"cluster.yaml", "policy/CloudWatchAgentServerPolicy", "policy/AdministratorAccess", "more than any work"},
		"an import of nothing":          {"data.yaml", "cartwright-${Environment}-data-subnets", "cartwright-${Environment}-database-subnets", "nobody exports"},
		"tags that move":                {"service.yaml", "ImageTagMutability: IMMUTABLE", "ImageTagMutability: MUTABLE", "moved"},
		"images that nobody scans":      {"service.yaml", "ScanOnPush: true", "ScanOnPush: false", "not scanned"},
		"a shop that is silent":         {"observability.yaml", "      TreatMissingData: breaching\n", "", "missing data"},
		"a composite alarm":             {"observability.yaml", "    Type: AWS::CloudWatch::Alarm", "    Type: AWS::CloudWatch::CompositeAlarm", "no template has"},
	} {
		breaches := templates(t, seed.file, seed.old, seed.new).Check()
		require.Contains(t, strings.Join(breaches, "\n"), seed.found, name)
	}
}

// metricsOf calls visit for every metric of ours that an alarm asks CloudWatch for: its name, and its dimensions in order.
func metricsOf(node *yaml.Node, visit func(name, dimensions string)) {
	if document.Scalar(node, "Namespace") == "Cartwright" {
		var dimensions []string
		for _, dimension := range document.Items(document.Child(node, "Dimensions")) {
			dimensions = append(dimensions, document.Scalar(dimension, "Name"))
		}
		visit(document.Scalar(node, "MetricName"), strings.Join(dimensions, ","))
	}
	for _, part := range node.Content {
		metricsOf(part, visit)
	}
}

// An alarm on a metric that nobody sends, or sends by other dimensions, rings for ever: no version would ever be promoted.
func TestAlarmsAskForWhatTheCollectorSends(t *testing.T) {
	t.Parallel()
	read := func(file string) *yaml.Node {
		text, err := os.ReadFile("../../aws/" + file)
		require.NoError(t, err)
		root, err := document.Parse(text)
		require.NoError(t, err)
		return root
	}
	collector := read("telemetry/collector.yaml")
	declarations := document.Items(document.Child(collector, "config", "exporters", "awsemf", "metric_declarations"))
	asked := map[string]bool{}
	for _, file := range []string{"pipeline.yaml", "observability.yaml"} {
		metricsOf(read(file), func(name, dimensions string) {
			asked[name] = true
			require.True(t, slices.ContainsFunc(declarations, func(declaration *yaml.Node) bool {
				named := slices.ContainsFunc(document.List(document.Child(declaration, "metric_name_selectors")), func(selector string) bool {
					return regexp.MustCompile(selector).MatchString(name)
				})
				return named && slices.ContainsFunc(document.Items(document.Child(declaration, "dimensions")), func(set *yaml.Node) bool {
					return strings.Join(document.List(set), ",") == dimensions
				})
			}), "%s: nobody sends %s by %s", file, name, dimensions)
		})
	}
	require.Len(t, asked, 8)
	delete(asked, "rpc_server_fast_total") // the collector makes it of a histogram, and the other of a part of a metric
	delete(asked, "cartwright_saga_oldest_working_seconds")
	code := source(t)
	for name := range asked {
		short := strings.TrimPrefix(name, "payment_") // payment puts it before all of its metrics
		require.Contains(t, code, `"`+short+`"`, "no service measures it")
	}
}

// source is the code of all services.
func source(t *testing.T) string {
	t.Helper()
	var code strings.Builder
	require.NoError(t, filepath.WalkDir("../../../services", func(name string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		code.Write(text)
		return err
	}))
	return code.String()
}

// A stage whose rules were all removed would promote whatever comes.
func TestFindsStagesWithoutAlarms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../aws/pipeline.yaml")
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "          OnSuccess:\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "          OnFailure")
	require.True(t, found)
	template, err := cloudformation.Parse("pipeline.yaml", []byte(before+"          OnFailure"+after))
	require.NoError(t, err)
	require.Contains(t, strings.Join(cloudformation.Set{template}.Check(), "\n"), "stage Canary: no alarm is watched after it")
}

// A key that stands twice is half a setting lost, and a file that is no template is nothing at all.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "- a", "Resources: {A: {Type: b, Type: c}}", "a: b: c"} {
		_, err := cloudformation.Parse("x.yaml", []byte(text))
		require.ErrorContains(t, err, "x.yaml", text)
	}
	require.Equal(t, []string{"there is no pipeline"}, cloudformation.Set{}.Check())
}
