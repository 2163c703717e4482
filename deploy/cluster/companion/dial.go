package companion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// policyTime is how long network policies may take until they hold for a new pod.
	policyTime = 5 * time.Second
	// shutTime is after how long a connection counts as refused.
	shutTime = 3 * time.Second
)

// Dial tries connections, each NAME=HOST:PORT, and writes which were made as a JSON object.
func Dial(ctx context.Context, targets []string, output io.Writer) error {
	select {
	case <-time.After(policyTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	reached := map[string]bool{}
	var (
		mu      sync.Mutex
		waiting sync.WaitGroup
	)
	for _, target := range targets {
		name, address, ok := strings.Cut(target, "=")
		if !ok {
			return fmt.Errorf("%s: %w", target, errors.New("must be NAME=HOST:PORT"))
		}
		waiting.Go(func() {
			conn, err := (&net.Dialer{Timeout: shutTime}).DialContext(ctx, "tcp", address)
			if err == nil {
				_ = conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			reached[name] = err == nil
		})
	}
	waiting.Wait()
	return json.NewEncoder(output).Encode(reached)
}
