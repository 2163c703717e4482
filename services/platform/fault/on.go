//go:build faults

package fault

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	// copies is how often a duplicated request is sent.
	copies = 5
	// lastCommit is the name of every further commit of a scope that does not end, such as a worker's.
	lastCommit = 9
)

// scope is what a context is within; it counts its transactions, so that "the second commit of an authorization" has a name.
type scope struct {
	name    string
	commits atomic.Int64
}

type scopeKey struct{}

// Within names what happens with the returned context, for the places it passes.
func Within(ctx context.Context, kind, name string) context.Context {
	return context.WithValue(ctx, scopeKey{}, &scope{name: kind + "." + name})
}

// Point passes a place of the scope of ctx. An error is the fault; the caller returns it as its own.
func Point(ctx context.Context, phase Phase) error {
	s, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		s = &scope{name: "process"}
	}
	if phase == Commit {
		s.commits.Add(1)
	}
	if act(ctx, phase, fmt.Sprintf("%s#%d", s.name, min(s.commits.Load(), lastCommit))).Action == Drop {
		return fmt.Errorf("connection to the database lost: %w", io.ErrUnexpectedEOF)
	}
	return nil
}

// act passes a place and does what can be done there and then; what is left concerns the caller.
func act(ctx context.Context, phase Phase, subject string) Arm {
	arm := armory().pass(string(phase) + " " + subject)
	switch arm.Action {
	case Die:
		if os.Getpid() == 1 { // the first process of a container cannot kill itself by a signal
			os.Exit(137)
		}
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // the signal may take a moment
	case Pause:
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	case Delay:
		timer := time.NewTimer(time.Duration(arm.Milliseconds) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-hurried(ctx, phase):
		}
	}
	return arm
}

// hurried ends a delay early where waiting longer than the caller changes nothing.
func hurried(ctx context.Context, phase Phase) <-chan struct{} {
	if phase == Send || phase == Got {
		return ctx.Done()
	}
	return nil
}

func lost() error { return status.Error(codes.Unavailable, "connection lost") }

// Client are the interceptors that pass the places of calls to others.
func Client() []grpc.UnaryClientInterceptor {
	return []grpc.UnaryClientInterceptor{
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return call(ctx, short(method), reply, func(ctx context.Context, reply any) error {
				return next(ctx, method, req, reply, cc, opts...)
			})
		},
	}
}

func call(ctx context.Context, name string, reply any, send func(ctx context.Context, reply any) error) error {
	switch act(ctx, Send, name).Action {
	case Drop:
		return lost()
	case Duplicate:
		for range copies - 1 {
			answer := reply.(proto.Message).ProtoReflect().New().Interface()
			go func() { _ = send(context.WithoutCancel(ctx), answer) }()
		}
	}
	if err := send(ctx, reply); err != nil {
		return err
	}
	if act(ctx, Got, name).Action == Drop {
		return lost()
	}
	if err := ctx.Err(); err != nil { // the reply was held back for too long
		return status.FromContextError(err).Err()
	}
	return nil
}

// Server are the interceptors that pass the places of calls from others.
func Server() []grpc.UnaryServerInterceptor { return []grpc.UnaryServerInterceptor{serve} }

func serve(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if strings.HasPrefix(info.FullMethod, "/grpc.health.") {
		return handler(ctx, req)
	}
	name := short(info.FullMethod)
	ctx = context.WithValue(ctx, scopeKey{}, &scope{name: name})
	switch arm := act(ctx, Take, name); arm.Action {
	case Drop:
		return nil, lost()
	case Refuse:
		return nil, status.Error(codes.ResourceExhausted, "too much to do")
	case Late:
		time.AfterFunc(time.Duration(arm.Milliseconds)*time.Millisecond, func() {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, _ = handler(late, req)
		})
		return nil, lost()
	}
	reply, err := handler(ctx, req)
	if err == nil && act(ctx, Done, name).Action == Drop {
		return nil, lost()
	}
	return reply, err
}

// short is the last part of a method's package and its name: InventoryService/Reserve.
func short(method string) string {
	service, name := path.Split(strings.TrimPrefix(method, "/"))
	return service[strings.LastIndexByte(service, '.')+1:] + name
}

// Transport passes the places of requests to an HTTP server, named for the last part of the path: "POST captures".
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	name := r.Method + " " + path.Base(r.URL.Path)
	if act(r.Context(), Send, name).Action == Drop {
		return nil, io.ErrUnexpectedEOF
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if act(r.Context(), Got, name).Action == Drop || r.Context().Err() != nil {
		_ = response.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return response, nil
}
