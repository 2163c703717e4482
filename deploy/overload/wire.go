package overload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// maxConnections bounds what visitors of ours hold open at once. A visitor beyond it is counted as not sent.
	maxConnections = 1500
	// answerTime is how long a visitor waits for an answer: longer than the gateway lets any request take.
	answerTime = 40 * time.Second
)

var (
	errNotSent = errors.New("the load generator holds all connections it may hold")
	// errClosed is that a connection was closed before the first byte of an answer.
	errClosed = errors.New("closed without an answer")
)

// wire sends requests that are ready as bytes over connections that it keeps: a client that costs little, for it runs on the
// processors that it measures.
type wire struct {
	address string
	idle    chan *connection
	open    atomic.Int64
	// wait is how long it waits for an answer.
	wait time.Duration
}

type connection struct {
	net.Conn
	reader *bufio.Reader
	used   bool
}

// answer is what a visitor needs to know of an answer.
type answer struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

func newWire(address string) *wire {
	return &wire{address: address, idle: make(chan *connection, maxConnections), wait: answerTime}
}

// send sends a request and reads its answer. A kept connection that the gateway has closed meanwhile is replaced, until one is new:
// every request has a key, only reads, or sets what may be set again to the same. Whatever else goes wrong is the answer that a
// visitor gets: an answer that is cut off, one that does not come in time, a new connection that is closed.
func (w *wire) send(request []byte) (answer, error) {
	for {
		c, err := w.take()
		if err != nil {
			return answer{}, err
		}
		kept := c.used
		a, reusable, err := c.ask(request, w.wait)
		if err == nil && reusable {
			c.used = true
			w.idle <- c
			return a, nil
		}
		w.drop(c)
		if !kept || !errors.Is(err, errClosed) {
			return a, err
		}
	}
}

func (w *wire) take() (*connection, error) {
	select {
	case c := <-w.idle:
		return c, nil
	default:
	}
	if w.open.Add(1) > maxConnections {
		w.open.Add(-1)
		return nil, errNotSent
	}
	dialer := net.Dialer{Timeout: w.wait}
	conn, err := dialer.DialContext(context.Background(), "tcp", w.address)
	if err != nil {
		w.open.Add(-1)
		return nil, err
	}
	return &connection{Conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (w *wire) drop(c *connection) {
	_ = c.Close()
	w.open.Add(-1)
}

func (w *wire) close() {
	for {
		select {
		case c := <-w.idle:
			w.drop(c)
		default:
			return
		}
	}
}

func (c *connection) ask(request []byte, wait time.Duration) (a answer, reusable bool, err error) {
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		return a, false, err
	}
	if _, err := c.Write(request); err != nil {
		return a, false, unanswered(err)
	}
	if _, err := c.reader.Peek(1); err != nil {
		return a, false, unanswered(err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return a, false, err
	}
	defer func() { _ = response.Body.Close() }()
	a.status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		a.retryAfter = time.Duration(seconds) * time.Second
	}
	a.body, err = io.ReadAll(response.Body)
	return a, !response.Close, err
}

// unanswered is errClosed, unless the time was over: then the gateway may be at work on the request.
func unanswered(err error) error {
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return err
	}
	return fmt.Errorf("%w: %w", errClosed, err)
}
