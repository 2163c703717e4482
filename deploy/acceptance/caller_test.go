package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// caller calls the shop as somebody. An answer that its journey does not expect ends the test.
type caller struct {
	t       *testing.T
	shop    *shop
	client  *shopclient.Client
	token   string
	subject string
}

// claims is whom a token is asked for.
type claims struct {
	Subject string   `json:"sub"`
	Email   string   `json:"email,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	Scope   string   `json:"scope,omitempty"`
}

// guest is somebody without a token.
func (s *shop) guest(t *testing.T) *caller { return &caller{t: t, shop: s, client: s.web} }

// staff has every scope.
func (s *shop) staff(t *testing.T) *caller {
	return &caller{t: t, shop: s, client: s.web.WithToken(s.staffToken), token: s.staffToken}
}

// customer is somebody new who has signed in.
func (s *shop) customer(t *testing.T, groups ...string) *caller {
	subject := "customer-" + id.New()
	return s.bearer(t, claims{Subject: subject, Email: subject + "@example.com", Groups: groups})
}

// bearer is somebody with a token for claims.
func (s *shop) bearer(t *testing.T, c claims) *caller {
	body, err := json.Marshal(c)
	require.NoError(t, err)
	answer, err := http.Post(s.issuer+"/token", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&token))
	require.NotEmpty(t, token.AccessToken, "the issuer gives tokens")
	return &caller{t: t, shop: s, client: s.web.WithToken(token.AccessToken), token: token.AccessToken, subject: c.Subject}
}

// do sends a call and wants it done. Calls that change something carry a fresh key.
func (c *caller) do(verb, path string, in, out proto.Message) {
	c.t.Helper()
	c.keyed(id.New(), verb, path, in, out)
}

// keyed is do with a key of the journey's own.
func (c *caller) keyed(key, verb, path string, in, out proto.Message) {
	c.t.Helper()
	require.NoError(c.t, c.try(shopclient.Call{Verb: verb, Path: path, Key: key, In: in}, out), "%s %s", verb, path)
}

// get reads.
func (c *caller) get(path string, out proto.Message) {
	c.t.Helper()
	require.NoError(c.t, c.try(shopclient.Call{Verb: http.MethodGet, Path: path}, out), "GET %s", path)
}

// try sends a call and returns what the shop says against it. As every client should, it comes back later when the shop asks
// for that with a 503, or says that the call clashed with another one.
func (c *caller) try(call shopclient.Call, out proto.Message) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	for {
		err := c.client.Do(ctx, call, out)
		var busy *shopclient.Problem
		if !errors.As(err, &busy) || (busy.Status != http.StatusServiceUnavailable && busy.Reason != "CONFLICT") || !rewound(call) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(busy.RetrySeconds()) * time.Second):
		}
	}
}

// rewound tells whether the call can be sent once more, and makes its body ready for that.
func rewound(call shopclient.Call) bool {
	if call.Raw == nil {
		return true
	}
	body, ok := call.Raw.(io.Seeker)
	if !ok {
		return false
	}
	_, err := body.Seek(0, io.SeekStart)
	return err == nil
}

// send sends a call and returns the answer as it came. Only what the shop refused for too much work, before it looked at it, is
// sent again: other journeys make crowds.
func (c *caller) send(call shopclient.Call) *shopclient.Answer {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	for {
		answer, err := c.client.Send(ctx, call)
		require.NoError(c.t, err, "%s %s", call.Verb, call.Path)
		if answer.Status != http.StatusServiceUnavailable || !bytes.Contains(answer.Body, []byte(`"OVERLOADED"`)) || !rewound(call) {
			return answer
		}
		select {
		case <-ctx.Done():
			return answer
		case <-time.After(time.Second):
		}
	}
}

// refused sends a call that the shop must refuse for a reason, naming the fields at paths.
func (c *caller) refused(status int, reason string, call shopclient.Call, paths ...string) *shopclient.Problem {
	c.t.Helper()
	if call.Key == "" {
		call.Key = id.New()
	}
	return problem(c.t, c.try(call, nil), status, reason, paths...)
}

// problem reads err as a refusal and compares it; an empty reason stands for any.
func problem(t *testing.T, err error, status int, reason string, paths ...string) *shopclient.Problem {
	t.Helper()
	require.Error(t, err, "%d %s was expected", status, reason)
	p := problemOf(t, err)
	if reason != "" {
		require.Equal(t, reason, p.Reason, "%v", err)
	}
	require.Equal(t, status, p.Status, "%v", err)
	var named []string
	for _, field := range p.Errors {
		named = append(named, field.Path)
	}
	for _, path := range paths {
		require.Contains(t, named, path, "%v", err)
	}
	return p
}

// raw is a call with a body as text.
func raw(verb, path, body string) shopclient.Call {
	call := shopclient.Call{Verb: verb, Path: path}
	if body != "" {
		call.Raw, call.ContentType = strings.NewReader(body), "application/json"
	}
	return call
}

// until waits for a condition; the journey ends when it does not come true in time.
func until(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			require.Fail(t, what, "not within %s", limit)
		case <-tick.C:
		}
	}
}

// problemOf reads err as a refusal.
func problemOf(t *testing.T, err error) *shopclient.Problem {
	t.Helper()
	var p *shopclient.Problem
	require.ErrorAs(t, err, &p, "not a problem document")
	return p
}
