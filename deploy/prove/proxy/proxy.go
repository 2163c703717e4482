// Package proxy stands between two processes and breaks their connections on demand: it cuts, resets, silences and slows them, and it
// can lose exactly one reply. It is written here because the libraries for it bring an HTTP API and a server of their own, and
// cannot lose the reply to one statement.
package proxy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Mode is how a proxy treats its connections.
type Mode string

// The modes.
const (
	// Pass forwards.
	Pass Mode = "pass"
	// Cut closes every connection and refuses new ones: the other side is down.
	Cut Mode = "cut"
	// Reset answers every byte, of old connections and new ones, with a reset.
	Reset Mode = "reset"
	// Silent keeps connections open and forwards nothing, as a partition of the network does. What arrives meanwhile is forwarded
	// when the partition ends.
	Silent Mode = "silent"
	// Slow forwards every piece a while later.
	Slow Mode = "slow"
)

// dialTime bounds the wait for the target.
const dialTime = 5 * time.Second

// Proxy forwards connections to one target. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed *sync.Cond
	mode    Mode
	latency time.Duration
	pairs   map[*pair]bool
	mark    []byte        // a request that contains it loses its reply; nil when none has to
	lost    chan struct{} // closed when it has
	closed  bool
}

// pair is one connection and its other half.
type pair struct {
	client, server net.Conn
}

// New listens on a free port of this machine and forwards to target, host:port.
func New(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, target: target, mode: Pass, pairs: map[*pair]bool{}}
	p.changed = sync.NewCond(&p.mu)
	go p.accept()
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set changes the mode; latency is for Slow.
func (p *Proxy) Set(mode Mode, latency time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.latency = mode, latency
	if mode == Cut || mode == Reset {
		p.endAll(mode == Reset)
	}
	p.changed.Broadcast()
}

// LoseReply forwards the next request that contains mark and resets its connection instead of forwarding what is answered. The
// channel is closed when that has happened.
func (p *Proxy) LoseReply(mark string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mark, p.lost = []byte(mark), make(chan struct{})
	return p.lost
}

// Close ends the proxy and its connections.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.endAll(false)
	p.changed.Broadcast()
	p.mu.Unlock()
	return p.listener.Close()
}

func (p *Proxy) endAll(reset bool) {
	for one := range p.pairs {
		one.end(reset)
	}
	clear(p.pairs)
}

// end closes both halves. A reset tells the client at once, as a machine that has forgotten the connection does.
func (one *pair) end(reset bool) {
	if tcp, ok := one.client.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = one.client.Close()
	_ = one.server.Close()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go p.connect(client)
	}
}

func (p *Proxy) connect(client net.Conn) {
	if p.refuses() {
		(&pair{client: client, server: client}).end(true)
		return
	}
	dialer := net.Dialer{Timeout: dialTime}
	server, err := dialer.DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	one := &pair{client: client, server: server}
	p.mu.Lock()
	p.pairs[one] = true
	p.mu.Unlock()
	if p.refuses() { // since
		p.end(one, true)
		return
	}
	go p.pipe(one, client, server, true)
	p.pipe(one, server, client, false)
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed || p.mode == Cut || p.mode == Reset
}

func (p *Proxy) end(one *pair, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one.end(reset)
	delete(p.pairs, one)
}

// pipe forwards one direction until either half ends.
func (p *Proxy) pipe(one *pair, from, to net.Conn, requests bool) {
	defer p.end(one, false)
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !p.forward(one, to, buffer[:n], requests) {
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) forward(one *pair, to net.Conn, piece []byte, request bool) bool {
	latency, open := p.await()
	if !open {
		return false
	}
	if latency > 0 {
		<-time.After(latency)
	}
	lose := request && p.takes(piece)
	if _, err := to.Write(piece); err != nil {
		return false
	}
	if lose {
		p.swallow(one)
		return false
	}
	return true
}

// await returns once the mode lets something through.
func (p *Proxy) await() (latency time.Duration, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == Silent && !p.closed {
		p.changed.Wait()
	}
	if p.mode == Slow {
		latency = p.latency
	}
	return latency, !p.closed
}

func (p *Proxy) takes(piece []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mark == nil || !bytes.Contains(piece, p.mark) {
		return false
	}
	p.mark = nil
	return true
}

// swallow cuts the client off, and leaves the server the time to do what it was asked before its half ends.
func (p *Proxy) swallow(one *pair) {
	p.mu.Lock()
	lost := p.lost
	p.mu.Unlock()
	if tcp, ok := one.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = one.client.Close()
	<-time.After(settleTime)
	close(lost)
}

// settleTime is what a server may take to do what it was asked when nobody waits for its answer.
const settleTime = 200 * time.Millisecond
