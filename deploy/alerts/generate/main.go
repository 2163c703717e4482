// Command generate writes the rules, alarms and monitors that come from the data in package alerts below the folder it is given, and
// what they need into the values of the collector that sends to CloudWatch.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/alerts"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	files, err := alerts.Files()
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	path := filepath.Join(folder, alerts.CollectorValues)
	values, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if values, err = alerts.Collector(values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, values, 0o644)
}
