package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/cluster/companion"
)

// wayIn leads from this machine into the cluster: kubectl forwards a port to the companion, which dials whatever is asked for. A
// forward that breaks is opened again.
type wayIn struct {
	kube tools
	stop context.CancelFunc

	mu        sync.Mutex
	address   string
	listeners []net.Listener
}

const (
	forwardTime = 30 * time.Second
	dialTime    = 15 * time.Second
)

// openWayIn returns when the first connection can be made.
func openWayIn(ctx context.Context, k tools) (*wayIn, error) {
	ctx, stop := context.WithCancel(ctx)
	w := &wayIn{kube: k, stop: stop}
	go w.keep(ctx)
	err := waitFor(ctx, forwardTime, "a forwarded port to the companion", func(context.Context) (bool, error) { return w.at() != "", nil })
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *wayIn) at() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.address
}

func (w *wayIn) set(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.address = address
}

// keep runs kubectl again and again until ctx ends.
func (w *wayIn) keep(ctx context.Context) {
	for ctx.Err() == nil {
		command := w.kube.command(ctx, "kubectl", "-n", watchNamespace, "port-forward", "--address=127.0.0.1", "deployment/companion", ":"+companion.WayInPort)
		_ = w.forward(command)
		w.set("")
		_ = pause(ctx, lookEvery)
	}
}

func (w *wayIn) forward(command *exec.Cmd) error {
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "Forwarding from "); ok {
			address, _, _ := strings.Cut(text, " ")
			w.set(address)
		}
	}
	return command.Wait()
}

// close ends it, with all listeners.
func (w *wayIn) close() {
	w.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.listeners {
		_ = l.Close()
	}
}

// dial connects to an address as pods see it.
func (w *wayIn) dial(ctx context.Context, address string) (net.Conn, error) {
	entrance := w.at()
	if entrance == "" {
		return nil, errors.New("the way into the cluster is being opened again")
	}
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", entrance)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(dialTime))
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address); err != nil {
		_ = conn.Close()
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(byteByByte{conn}, 1), &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // what follows the head is the connection
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = conn.Close()
		return nil, fmt.Errorf("connect to %s: %s", address, answer.Status)
	}
	return conn, conn.SetDeadline(time.Time{})
}

// byteByByte keeps a reader of the answer's head from taking what follows it.
type byteByByte struct{ net.Conn }

// Read returns one byte at most.
func (b byteByByte) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return b.Conn.Read(p[:1])
}

// listen opens a port on this machine that leads to an address in the cluster; port 0 is any.
func (w *wayIn) listen(ctx context.Context, port int, address string) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	w.mu.Lock()
	w.listeners = append(w.listeners, l)
	w.mu.Unlock()
	go func() {
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = here.Close() }()
				there, err := w.dial(ctx, address)
				if err != nil {
					return
				}
				defer func() { _ = there.Close() }()
				companion.Join(here, there)
			}()
		}
	}()
	return l.Addr().String(), nil
}
