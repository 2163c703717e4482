package charts

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Setting is one environment variable that a service reads.
type Setting struct {
	// Name is the variable, Type the Go type of its value, Default and Meaning what the service's own table of settings says.
	Name, Type, Default, Meaning string
	// Secret settings come from files.
	Secret bool
}

// sandboxSettings is the type of the sandbox provider's settings.
const sandboxSettings = "SandboxConfig"

// Settings reads the settings of a chart's program from its sources: those that all services share, and its own.
func Settings(root, chart string) ([]Setting, error) {
	if chart == "sandbox" {
		return settingsOf(filepath.Join(root, "services/payment/internal/app/sandbox.go"), sandboxSettings)
	}
	shared, err := settingsOf(filepath.Join(root, "services/platform/service/config.go"), "Config")
	if err != nil {
		return nil, err
	}
	own, err := settingsOf(filepath.Join(root, "services", chart, "internal/app/config.go"), "Config")
	return slices.Concat(shared, own), err
}

func settingsOf(file, name string) ([]Setting, error) {
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []Setting
	var problem error
	ast.Inspect(source, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		fields, isStruct := spec.Type.(*ast.StructType)
		if !isStruct {
			problem = fmt.Errorf("%s: %s is no struct", file, name)
			return false
		}
		found, problem = fieldsOf(fields)
		return false
	})
	if problem == nil && found == nil && name == sandboxSettings {
		problem = errors.New(file + ": has no " + name)
	}
	return found, problem
}

func fieldsOf(fields *ast.StructType) ([]Setting, error) {
	var found []Setting
	for _, field := range fields.Fields.List {
		if field.Tag == nil {
			continue
		}
		text, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return nil, err
		}
		tag := reflect.StructTag(text)
		name, _, _ := strings.Cut(tag.Get("env"), ",")
		if name == "" {
			continue
		}
		found = append(found, Setting{
			Name: name, Type: types.ExprString(field.Type), Default: tag.Get("envDefault"), Meaning: tag.Get("desc"), Secret: tag.Get("secret") == "true",
		})
	}
	return found, nil
}
