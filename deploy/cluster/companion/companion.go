// Package companion is what runs inside a cluster beside the shop while it is put to the proof: an issuer of tokens, buyers, and a way
// in for whoever watches from outside, who then needs nothing but the Kubernetes API. It lets anybody in: it is for proofs only.
package companion

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/cluster/steady"
	"github.com/cartwright-shop/cartwright/deploy/local/issuer"
)

// Ports of the companion.
const (
	// WebPort serves the issuer and the load.
	WebPort = "8080"
	// WayInPort takes CONNECT requests and leads them on.
	WayInPort = "8081"
)

// Audience is whom tokens are made for.
const Audience = "cartwright"

const (
	headerTime = 10 * time.Second
	dialTime   = 5 * time.Second
)

// companion is one running.
type companion struct {
	ctx  context.Context //nolint:containedctx // the load lives as long as the process, not as the request that starts it
	mu   sync.Mutex
	load *steady.Load
}

// Serve runs until ctx ends. url is where the issuer is found.
func Serve(ctx context.Context, url string) error {
	tokens, err := issuer.New(url, Audience, nil)
	if err != nil {
		return err
	}
	c := &companion{ctx: ctx}
	mux := http.NewServeMux()
	mux.Handle("/", tokens.Handler())
	mux.HandleFunc("POST /load", c.start)
	mux.HandleFunc("DELETE /load", c.stop)
	mux.HandleFunc("GET /load", c.figures)
	mux.HandleFunc("PUT /load/rate", c.rate)
	mux.HandleFunc("GET /promises", c.promises)
	web := &http.Server{Addr: ":" + WebPort, Handler: mux, ReadHeaderTimeout: headerTime}
	way := &http.Server{Addr: ":" + WayInPort, Handler: http.HandlerFunc(lead), ReadHeaderTimeout: headerTime}
	ended := make(chan error, 2)
	for _, server := range []*http.Server{web, way} {
		go func() { ended <- server.ListenAndServe() }()
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, web.Close(), way.Close())
}

func (c *companion) start(w http.ResponseWriter, r *http.Request) {
	var s steady.Settings
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.load != nil && !c.load.Figures().Ended {
		http.Error(w, "there is load already", http.StatusConflict)
		return
	}
	load, err := steady.Start(c.ctx, s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.load = load
}

// running is the load, or none with an answer that says so.
func (c *companion) running(w http.ResponseWriter) *steady.Load {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.load == nil {
		http.Error(w, "there was no load yet", http.StatusNotFound)
	}
	return c.load
}

// stop ends the load. What it has counted stays.
func (c *companion) stop(w http.ResponseWriter, _ *http.Request) {
	if load := c.running(w); load != nil {
		load.Stop()
	}
}

func (c *companion) rate(w http.ResponseWriter, r *http.Request) {
	load := c.running(w)
	if load == nil {
		return
	}
	var rate float64
	if err := json.NewDecoder(r.Body).Decode(&rate); err != nil || rate <= 0 {
		http.Error(w, "send requests a second", http.StatusBadRequest)
		return
	}
	load.Pace(rate)
}

func (c *companion) figures(w http.ResponseWriter, _ *http.Request) {
	if load := c.running(w); load != nil {
		_ = json.NewEncoder(w).Encode(load.Figures())
	}
}

func (c *companion) promises(w http.ResponseWriter, _ *http.Request) {
	load := c.running(w)
	if load == nil {
		return
	}
	lines := bufio.NewWriter(w)
	for _, promise := range load.Promises() {
		if promise.Write(lines) != nil {
			return
		}
	}
	_ = lines.Flush()
}

// lead opens a connection to where a CONNECT request wants to go. What cannot be reached is 502 with the reason.
func lead(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT is needed", http.StatusMethodNotAllowed)
		return
	}
	there, err := (&net.Dialer{Timeout: dialTime}).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = here.Close() }()
	if _, err := io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
		Join(here, there)
	}
}

// Join copies both ways until both sides have ended, or one is broken.
func Join(a, b net.Conn) {
	var waiting sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		waiting.Go(func() {
			_, err := io.Copy(way[0], way[1])
			if half, ok := way[0].(interface{ CloseWrite() error }); ok && err == nil {
				_ = half.CloseWrite()
				return
			}
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	waiting.Wait()
}
