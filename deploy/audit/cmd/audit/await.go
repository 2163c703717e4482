package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// askEvery is the time from one question of await to the next.
	askEvery = time.Second
	// answerWithin and answerSize bound an answer; that of an auditor is a few kilobytes.
	answerWithin = 5 * time.Second
	answerSize   = 1 << 20
)

// await asks an auditor that runs with -every until it has ended an audit, and prints what it tells then. What the audit found is no
// error: alerts are about that.
func await(ctx context.Context, url string, within time.Duration, output io.Writer) error {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	last := errors.New("it was not asked")
	for {
		told, err := ask(ctx, strings.TrimSuffix(url, "/")+"/metrics")
		switch {
		case err == nil && strings.Contains(told, "\naudit_age_seconds "):
			_, err := io.WriteString(output, told)
			return err
		case err == nil:
			last = errors.New("it tells of no audit that ended:\n" + told)
		case ctx.Err() == nil:
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the auditor has ended no audit within %v: %w", within, last)
		case <-time.After(askEvery):
		}
	}
}

func ask(ctx context.Context, url string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, answerWithin)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	told, err := io.ReadAll(io.LimitReader(response.Body, answerSize))
	return string(told), err
}
