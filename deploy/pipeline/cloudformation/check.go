package cloudformation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/buildspec"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/document"
	"go.yaml.in/yaml/v3"
)

// Check returns what is wrong in the templates.
func (s Set) Check() (breaches []string) {
	pipelines := 0
	for _, t := range s {
		for _, r := range t.resources("AWS::CodePipeline::Pipeline") {
			pipelines++
			breaches = append(breaches, s.pipeline(r)...)
		}
		for _, r := range t.resources("AWS::CodeBuild::Project") {
			breaches = append(breaches, project(r)...)
		}
		for _, r := range t.resources("AWS::IAM::Role", "AWS::IAM::RolePolicy") {
			breaches = append(breaches, role(r)...)
		}
		for _, r := range t.resources("AWS::ECR::Repository") {
			breaches = append(breaches, images(r)...)
		}
		breaches = append(breaches, sharedRoles(t)...)
		imports(t.root, func(name string, line int) {
			if found, _ := s.export(name); found == nil {
				breaches = append(breaches, fmt.Sprintf("%s:%d: nobody exports %q", t.File, line, name))
			}
		})
	}
	if pipelines == 0 {
		breaches = append(breaches, "there is no pipeline")
	}
	return breaches
}

// project looks into specifications that stand in the template itself: nobody else reads them before they are run.
func project(r resource) (breaches []string) {
	text := document.Scalar(r.properties, "Source", "BuildSpec")
	switch {
	case text == "":
		breaches = append(breaches, r.complain("it has no build specification of its own"))
	case strings.Contains(text, "\n"):
		spec, err := buildspec.Parse([]byte(text))
		if err != nil {
			return append(breaches, r.complain("%v", err))
		}
		for _, breach := range spec.CheckShape() {
			breaches = append(breaches, r.complain("BuildSpec: %s", breach))
		}
	}
	if document.Scalar(r.properties, "Environment", "PrivilegedMode") == "true" {
		breaches = append(breaches, r.complain("it is privileged: a build could take over its host"))
	}
	for _, variable := range document.Items(document.Child(r.properties, "Environment", "EnvironmentVariables")) {
		name, value := document.Scalar(variable, "Name"), document.Child(variable, "Value")
		kind := document.Scalar(variable, "Type")
		if f, _ := reference(value); f == "" && value != nil && value.Value != "" && (kind == "" || kind == "PLAINTEXT") && secretName.MatchString(name) {
			breaches = append(breaches, r.complain("variable %s holds a secret in plain text", name))
		}
	}
	return breaches
}

var secretName = regexp.MustCompile(`(?i)(password|secret|token|credential|private_?key|api_?key)`)

// everywhere are actions that AWS lets nobody bind to a resource.
var everywhere = []string{
	"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
	"ec2:DescribeSubnets", "ec2:DescribeVpcs",
}

// role wants each permission to name its actions and its resources, and builds of this account only.
func role(r resource) (breaches []string) {
	statements := document.Items(document.Child(r.properties, "PolicyDocument", "Statement"))
	for _, policy := range document.Items(document.Child(r.properties, "Policies")) {
		statements = append(statements, document.Items(document.Child(policy, "PolicyDocument", "Statement"))...)
	}
	for _, statement := range statements {
		if document.Scalar(statement, "Effect") == "Allow" {
			breaches = append(breaches, permission(r, statement)...)
		}
	}
	for _, statement := range document.Items(document.Child(r.properties, "AssumeRolePolicyDocument", "Statement")) {
		service := document.Scalar(statement, "Principal", "Service")
		builds := service == "codebuild.amazonaws.com" || service == "codepipeline.amazonaws.com"
		if builds && document.Child(statement, "Condition", "StringEquals", "aws:SourceAccount") == nil {
			breaches = append(breaches, r.complain("%s of any account may take this role", service))
		}
		if document.Scalar(statement, "Principal") == "*" || document.Scalar(statement, "Principal", "AWS") == "*" {
			breaches = append(breaches, r.complain("everybody may take this role"))
		}
	}
	for _, managed := range document.List(document.Child(r.properties, "ManagedPolicyArns")) {
		if strings.Contains(managed, "AdministratorAccess") || strings.Contains(managed, "PowerUserAccess") || strings.Contains(managed, "FullAccess") {
			breaches = append(breaches, r.complain("%s allows more than any work here needs", managed))
		}
	}
	return breaches
}

func permission(r resource, statement *yaml.Node) (breaches []string) {
	actions := document.List(document.Child(statement, "Action"))
	for _, action := range actions {
		if strings.HasSuffix(action, "*") {
			breaches = append(breaches, r.complain("it allows %s: name the actions", action))
		}
	}
	if document.Child(statement, "NotAction") != nil || document.Child(statement, "NotResource") != nil {
		breaches = append(breaches, r.complain("it allows all but something"))
	}
	if !slices.Contains(document.List(document.Child(statement, "Resource")), "*") {
		return breaches
	}
	for _, action := range actions {
		if !slices.Contains(everywhere, action) {
			breaches = append(breaches, r.complain("it allows %s on everything", action))
		}
	}
	return breaches
}

func images(r resource) (breaches []string) {
	if document.Scalar(r.properties, "ImageTagMutability") != "IMMUTABLE" {
		breaches = append(breaches, r.complain("a tag can be moved to another image"))
	}
	if document.Scalar(r.properties, "ImageScanningConfiguration", "ScanOnPush") != "true" {
		breaches = append(breaches, r.complain("images are not scanned when they are pushed"))
	}
	return breaches
}

// sharedRoles finds roles that two of a template's pipelines and projects work with: each could do what the other may.
func sharedRoles(t *Template) (breaches []string) {
	users := map[string]string{}
	for _, r := range t.resources("AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project") {
		_, role := reference(document.Child(r.properties, "ServiceRole"))
		if r.kind == "AWS::CodePipeline::Pipeline" {
			_, role = reference(document.Child(r.properties, "RoleArn"))
		}
		if role == nil {
			continue
		}
		if other := users[role.Value]; other != "" {
			breaches = append(breaches, r.complain("it has the role of %s", other))
		}
		users[role.Value] = r.name
	}
	return breaches
}
