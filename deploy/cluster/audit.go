package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// audit ends the load and looks at all data for what must never be, and for everything that a buyer was told is done.
func (p *Proof) audit(ctx context.Context) (outcome, error) {
	if _, err := p.figures(ctx); err != nil {
		return outcome{}, notRunError{"nobody has bought"}
	}
	if err := p.ask(ctx, http.MethodDelete, "/load", nil, nil); err != nil {
		return outcome{}, err
	}
	promises, err := fetch(ctx, http.MethodGet, p.issuer+"/promises", nil)
	if err != nil {
		return outcome{}, err
	}
	acknowledged := filepath.Join(p.Dir, "acknowledged.jsonl")
	if err := os.WriteFile(acknowledged, promises, 0o644); err != nil {
		return outcome{}, err
	}
	logs, err := p.logs(ctx)
	if err != nil {
		return outcome{}, err
	}
	report, err := audit.Run(ctx, audit.Options{
		Database: p.databaseURL(databaseName, audit.Role, p.state.Passwords[audit.Role], true), Provider: "http://" + p.sandbox,
		Acknowledged: acknowledged, Logs: logs,
	})
	if err != nil {
		return outcome{}, err
	}
	var text bytes.Buffer
	report.Print(&text)
	if err := os.WriteFile(filepath.Join(p.Dir, "audit.txt"), text.Bytes(), 0o644); err != nil {
		return outcome{}, err
	}
	told := outcome{note: fmt.Sprintf("%d violations; %d promises looked for", report.Violations(), bytes.Count(promises, []byte("\n")))}
	if report.Violations() > 0 {
		return told, fmt.Errorf("violated: %s", report)
	}
	return told, nil
}

// logs writes what the pods have logged to files.
func (p *Proof) logs(ctx context.Context) ([]string, error) {
	pods, err := p.kube.pods(ctx, "")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.Dir, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var files []string
	for _, one := range pods {
		text, err := p.kube.kubectl(ctx, "-n", shopNamespace, "logs", one.Metadata.Name)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, one.Metadata.Name+".log")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
