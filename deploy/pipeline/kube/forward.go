package kube

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
)

// Way is an open forwarding to one pod.
type Way struct {
	// Address is where the port is on this machine.
	Address string
	command *exec.Cmd
	stop    context.CancelFunc
	ended   chan struct{}
}

var forwarding = regexp.MustCompile(`^Forwarding from (127\.0\.0\.1:\d+) -> `)

// Forward opens a way to a port of a pod, and returns when it is there. It outlives the context until Close, or until the container that
// it leads to ends. It enters the pod by its node, so network policies that close the port do not stand in its way.
func (c Cluster) Forward(ctx context.Context, pod string, port int) (*Way, error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	arguments := append(c.flags("--context"), "port-forward", "--address", "127.0.0.1", "pod/"+pod, ":"+strconv.Itoa(port))
	w := &Way{command: c.Command(life, "kubectl", arguments...), stop: stop, ended: make(chan struct{})}
	output, err := w.command.StdoutPipe()
	if err == nil {
		err = w.command.Start()
	}
	if err != nil {
		stop()
		return nil, err
	}
	address := make(chan string, 1)
	go w.follow(output, address)
	select {
	case w.Address = <-address:
		return w, nil
	case <-w.ended:
		stop()
		return nil, errors.New("kubectl port-forward ended")
	case <-ctx.Done():
		_ = w.Close()
		return nil, fmt.Errorf("kubectl port-forward: %w", ctx.Err())
	}
}

// follow reads what kubectl says until it ends, and tells the address.
func (w *Way) follow(output io.Reader, address chan<- string) {
	defer close(w.ended)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if match := forwarding.FindStringSubmatch(lines.Text()); match != nil {
			address <- match[1]
			break
		}
	}
	_, _ = io.Copy(io.Discard, output)
	_ = w.command.Wait() // it is stopped, or whoever uses it next finds that it has ended
}

// Close ends the forwarding. A way that has only an address leads there without one.
func (w *Way) Close() error {
	if w.stop == nil {
		return nil
	}
	w.stop()
	<-w.ended
	return nil
}
