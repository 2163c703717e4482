// Package shopclient calls the public REST API of a shop the way any client would: JSON over HTTP with the messages of
// the contracts. The loader, the acceptance journeys, the replay and the bench all go through it.
package shopclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// callTime bounds a call whose body is a message; files may take longer.
const callTime = time.Minute

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// Client calls one gateway. It is safe for concurrent use.
type Client struct {
	base  string
	http  *http.Client
	token string
}

// New returns a client without a token for a gateway's address, such as "http://127.0.0.1:8080".
func New(base string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	transport.MaxIdleConns = 256
	return &Client{base: base, http: &http.Client{Transport: transport}}
}

// WithToken returns a client that shares connections and sends a bearer token.
func (c *Client) WithToken(token string) *Client {
	return &Client{base: c.base, http: c.http, token: token}
}

// WithTransport returns a client whose requests pass what wrap makes of the transport: journeys watch every answer there.
func (c *Client) WithTransport(wrap func(http.RoundTripper) http.RoundTripper) *Client {
	web := *c.http
	web.Transport = wrap(web.Transport)
	return &Client{base: c.base, http: &web, token: c.token}
}

// Base is the gateway's address.
func (c *Client) Base() string { return c.base }

// Problem is a refusal of the shop (RFC 9457).
type Problem struct {
	Status     int               `json:"status"`
	Reason     string            `json:"reason"`
	Detail     string            `json:"detail"`
	Instance   string            `json:"instance"`
	Errors     []FieldProblem    `json:"errors"`
	Meta       map[string]string `json:"meta"`
	RetryAfter string            `json:"-"`
}

// FieldProblem is one wrong field.
type FieldProblem struct {
	Path    string `json:"path"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Error says what was refused and why.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s %v (request %s)", p.Status, p.Reason, p.Detail, p.Errors, p.Instance)
}

// Call is one request.
type Call struct {
	Verb, Path string
	// Key is the idempotency key, empty for none.
	Key string
	// In is the body, nil for none.
	In proto.Message
	// Raw is a body that is not a message; ContentType names it.
	Raw         io.Reader
	ContentType string
	// Header is added to the request.
	Header http.Header
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the call and decodes a 2xx answer into out, which may be nil. A refusal is a *Problem.
func (c *Client) Do(ctx context.Context, call Call, out proto.Message) error {
	answer, err := c.Send(ctx, call)
	if err != nil {
		return err
	}
	if answer.Status/100 != 2 {
		return problemOf(answer)
	}
	if out == nil {
		return nil
	}
	if err := protojson.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s %s: %w", call.Verb, call.Path, err)
	}
	return nil
}

func problemOf(answer *Answer) error {
	p := &Problem{}
	if err := json.Unmarshal(answer.Body, p); err != nil || p.Reason == "" {
		return fmt.Errorf("answer %d is no problem document: %.300s", answer.Status, answer.Body)
	}
	p.RetryAfter = answer.Header.Get("Retry-After")
	return p
}

// Send sends the call and returns the answer whatever its status.
func (c *Client) Send(ctx context.Context, call Call) (*Answer, error) {
	if call.Raw == nil {
		bounded, cancel := context.WithTimeout(ctx, callTime)
		defer cancel()
		ctx = bounded
	}
	request, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.Verb, call.Path, err)
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	body, contentType := call.Raw, call.ContentType
	if call.In != nil {
		text, err := protojson.Marshal(call.In)
		if err != nil {
			return nil, err
		}
		body, contentType = bytes.NewReader(text), "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, call.Verb, c.base+call.Path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range call.Header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if call.Key != "" {
		request.Header.Set("Idempotency-Key", call.Key)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}

// RetrySeconds is the wait that a refusal asks for, at least one second.
func (p *Problem) RetrySeconds() int {
	seconds, err := strconv.Atoi(p.RetryAfter)
	if err != nil || seconds < 1 {
		return 1
	}
	return seconds
}
