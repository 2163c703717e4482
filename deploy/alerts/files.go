package alerts

import (
	"bytes"
	"encoding/json"
	"math"
)

// generated begins every file that may have a comment.
const generated = "# Generated from the data in deploy/alerts by `make generate`. Do not edit.\n"

// Files are all that is generated, by path below deploy/alerts.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{"collector/relabel.yaml": relabel(), "collector/metrics.yaml": names()}
	for _, service := range Watched() {
		files["prometheus/"+service+".yaml"] = prometheus(service)
		files["prometheus/"+service+"_test.yaml"] = unitTests(service)
		var err error
		if files["cloudwatch/"+service+".json"], err = cloudwatch(service); err != nil {
			return nil, err
		}
		if files["sumo/"+service+".json"], err = sumo(service); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// round takes off what binary fractions add: 0.0072000000000000005.
func round(f float64) float64 { return math.Round(f*1e9) / 1e9 }
