// Command check finds mistakes in the specification of builds and in the CloudFormation templates that their own tools accept.
//
//	check [-root .]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/buildspec"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/cloudformation"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run(arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	root := flags.String("root", ".", "root of the repository")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	breaches, err := checkBuild(*root)
	if err != nil {
		return err
	}
	more, err := checkTemplates(*root)
	if err != nil {
		return err
	}
	breaches = append(breaches, more...)
	for _, breach := range breaches {
		fmt.Fprintln(output, breach)
	}
	if len(breaches) > 0 {
		return fmt.Errorf("%d mistakes", len(breaches))
	}
	return nil
}

var goVersion = regexp.MustCompile(`(?m)^go (\d+\.\d+)`)

func checkBuild(root string) (breaches []string, err error) {
	work, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	version := goVersion.FindSubmatch(work)
	if version == nil {
		return nil, errors.New("go.work names no version of Go")
	}
	text, err := os.ReadFile(filepath.Join(root, "buildspec.yml"))
	if err != nil {
		return nil, err
	}
	spec, err := buildspec.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, breach := range spec.Check(string(version[1])) {
		breaches = append(breaches, "buildspec.yml: "+breach)
	}
	return breaches, nil
}

func checkTemplates(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "deploy", "aws", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var templates cloudformation.Set
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		template, err := cloudformation.Parse(filepath.Base(file), text)
		if err != nil {
			return nil, err
		}
		templates = append(templates, template)
	}
	return templates.Check(), nil
}
