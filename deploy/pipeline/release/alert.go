package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Alert tells people that a version was taken back.
type Alert interface {
	Send(ctx context.Context, r *Report) error
}

// Mark notes a release where graphs are.
type Mark interface {
	Put(ctx context.Context, m Marker) error
}

// Marker is one moment of a release. It is printed as a line of JSON too.
type Marker struct {
	Event       string `json:"event"`
	State       string `json:"state"`
	Time        string `json:"time"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Version     string `json:"version,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Digest      string `json:"digest"`
	Reason      string `json:"reason,omitempty"`
}

// ParseAlert reads where alerts go: sns=ARN or webhook=URL.
func ParseAlert(text string) (Alert, error) {
	switch kind, target, _ := strings.Cut(text, "="); {
	case target == "":
	case kind == "sns":
		return sns(target), nil
	case kind == "webhook":
		return webhook(target), nil
	}
	return nil, fmt.Errorf("alert %q is neither sns=ARN nor webhook=URL", text)
}

// ParseMark reads where markers go: cloudwatch=CLUSTER, or grafana=URL with a token for it.
func ParseMark(text, token string) (Mark, error) {
	switch kind, target, _ := strings.Cut(text, "="); {
	case target == "":
	case kind == "cloudwatch":
		return cloudwatch(target), nil
	case kind == "grafana":
		return grafana{url: target, token: token}, nil
	}
	return nil, fmt.Errorf("mark %q is neither cloudwatch=CLUSTER nor grafana=URL", text)
}

type sns string

// Send publishes the report; its subject says the most important.
func (topic sns) Send(ctx context.Context, r *Report) error {
	text, err := json.Marshal(alertOf(r))
	if err != nil {
		return err
	}
	subject := fmt.Sprintf("%s %s: %s", r.Environment, r.Service, r.Verdict)
	return aws(ctx, "sns", "publish", "--topic-arn", string(topic), "--subject", subject[:min(100, len(subject))], "--message", string(text))
}

type webhook string

// Send posts the report as JSON.
func (url webhook) Send(ctx context.Context, r *Report) error {
	return post(ctx, string(url), "", alertOf(r))
}

// alertOf is what people are told: text for those who only read that, and the facts.
func alertOf(r *Report) map[string]any {
	return map[string]any{
		"text":    fmt.Sprintf("Release of %s %s in %s: %s. %s", r.Service, r.Version, r.Environment, r.Verdict, r.Reason),
		"service": r.Service, "environment": r.Environment, "namespace": r.Namespace, "version": r.Version, "commit": r.Commit, "image": r.Image,
		"verdict": r.Verdict, "reason": r.Reason, "revision": r.Revision, "backTo": r.BackTo, "began": r.Began, "ended": r.Ended,
	}
}

type cloudwatch string

// Put adds to the metric that dashboards mark releases by.
func (cluster cloudwatch) Put(ctx context.Context, m Marker) error {
	return aws(ctx, "cloudwatch", "put-metric-data", "--namespace", "Cartwright", "--metric-name", "release", "--value", "1",
		"--dimensions", "cluster="+string(cluster)+",service="+m.Service)
}

type grafana struct{ url, token string }

// Put makes an annotation.
func (g grafana) Put(ctx context.Context, m Marker) error {
	return post(ctx, strings.TrimSuffix(g.url, "/")+"/api/annotations", g.token, map[string]any{
		"text": fmt.Sprintf("%s %s %s", m.Service, m.Version, m.State), "tags": []string{"release", m.Service, m.Environment, m.State},
	})
}

const (
	tries      = 4
	firstPause = 500 * time.Millisecond
)

// again tries something that may fail by chance, with longer and longer pauses.
func again(ctx context.Context, try func(context.Context) error) error {
	var err error
	for n := range tries {
		if err = try(ctx); err == nil || errors.Is(err, errForGood) {
			return err
		}
		if n == tries-1 || pause(ctx, firstPause<<n) != nil {
			break
		}
	}
	return err
}

// errForGood is a refusal that no other try changes.
var errForGood = errors.New("refused")

func aws(ctx context.Context, arguments ...string) error {
	return again(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if output, err := exec.CommandContext(ctx, "aws", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("aws %s %s: %w: %.400s", arguments[0], arguments[1], err, output)
		}
		return nil
	})
}

func post(ctx context.Context, url, token string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return again(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
		if err != nil {
			return errors.Join(errForGood, err)
		}
		request.Header.Set("Content-Type", "application/json")
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
		code := response.StatusCode
		switch {
		case code >= 200 && code < 300:
			return nil
		case code >= 400 && code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout:
			return fmt.Errorf("%w: %s", errForGood, strconv.Itoa(code))
		}
		return fmt.Errorf("answered %d", code)
	})
}
