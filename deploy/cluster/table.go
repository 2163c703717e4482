package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// noteWidth is how much of a note the table has room for; the JSON has all of it.
const noteWidth = 160

// report prints the table, and writes it as Markdown and as JSON beside the proof's files.
func (p *Proof) report(rows []Row) error {
	var table strings.Builder
	fmt.Fprintf(&table, "%s, %d pods of each service, %.0f requests/s, %s\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), p.Replicas, p.Rate,
		time.Since(p.began).Round(time.Second))
	table.WriteString("| scenario | requests | failed | lost | took | verdict | |\n|---|---|---|---|---|---|---|\n")
	count := map[string]int{}
	for _, row := range rows {
		count[row.Verdict]++
		note := strings.Join(strings.Fields(row.Note), " ")
		if len(note) > noteWidth {
			note = note[:noteWidth] + "…"
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %.0f s | %s | %s |\n", row.Name, row.Requests, row.Failed, row.Lost, row.Seconds, row.Verdict, strings.ReplaceAll(note, "|", "/"))
	}
	fmt.Fprintf(&table, "\n%d passed, %d failed, %d not run\n", count[passed], count[failed], count[notRun])
	fmt.Fprintf(p.Output, "\n%s", table.String())
	if err := os.WriteFile(filepath.Join(p.Dir, "table.md"), []byte(table.String()), 0o644); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "table.json"), text, 0o644)
}
