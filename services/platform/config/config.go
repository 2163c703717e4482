// Package config reads settings from the environment into a struct and lists them.
//
// A field is a setting when it has an `env` tag; `envDefault` is its default, `desc` its meaning, `secret:"true"` hides
// its value. Every setting NAME may come from the file that NAME_FILE names, which is how secrets are mounted. All that
// is wrong is reported at once.
package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Setting is one line of the table of settings.
type Setting struct {
	// Name is the environment variable.
	Name string
	// Type is the Go type of the field.
	Type string
	// Default is the value when the variable is not set.
	Default string
	// Meaning is what the setting does.
	Meaning string
	// Secret settings are never printed.
	Secret bool
	// Required settings have no default and must be set.
	Required bool
}

// Load fills a C from environ, which has the form of os.Environ.
func Load[C any](environ []string) (C, error) {
	var cfg C
	vars := env.ToMap(environ)
	fileErr := readFiles(vars, Settings[C]())
	err := env.ParseWithOptions(&cfg, env.Options{Environment: vars})
	return cfg, errors.Join(fileErr, readable(err))
}

// readFiles replaces NAME_FILE by NAME. Both at once is an error: nobody could say which one counts.
func readFiles(vars map[string]string, settings []Setting) error {
	var problems []error
	for _, s := range settings {
		path := vars[s.Name+"_FILE"]
		if path == "" {
			continue
		}
		if vars[s.Name] != "" {
			problems = append(problems, fmt.Errorf("%s: set it or %s_FILE, not both", s.Name, s.Name))
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s_FILE: %w", s.Name, err))
			continue
		}
		vars[s.Name] = strings.TrimRight(string(content), "\r\n")
	}
	return errors.Join(problems...)
}

// readable turns the library's errors into one line per setting.
func readable(err error) error {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return err
	}
	problems := make([]error, len(all.Errors))
	for i, e := range all.Errors {
		problems[i] = errors.New(strings.TrimPrefix(e.Error(), "env: "))
	}
	return errors.Join(problems...)
}

// Settings lists the settings of C in the order of its fields.
func Settings[C any]() []Setting { return settings(reflect.TypeFor[C](), "") }

func settings(t reflect.Type, prefix string) []Setting {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var list []Setting
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
		if name == "" {
			list = append(list, settings(f.Type, prefix+f.Tag.Get("envPrefix"))...)
			continue
		}
		must := slices.Contains(strings.Split(options, ","), "required") || slices.Contains(strings.Split(options, ","), "notEmpty")
		list = append(list, Setting{
			Name: prefix + name, Type: f.Type.String(), Default: f.Tag.Get("envDefault"), Meaning: f.Tag.Get("desc"),
			Secret: f.Tag.Get("secret") == "true", Required: must,
		})
	}
	return list
}

// Table renders settings as a Markdown table for READMEs.
func Table(list []Setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for _, s := range list {
		value := "`" + s.Default + "`"
		switch {
		case s.Required:
			value = "required"
		case s.Default == "":
			value = "none"
		}
		meaning := s.Meaning
		if s.Secret {
			meaning += " Secret."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, value, strings.TrimSpace(meaning))
	}
	return b.String()
}
