// Command place passes places: those of a transaction, of a call between a client and a server of ours, and of a request over
// HTTP. It prints what became of each and how often the server worked.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	job := fault.Within(ctx, "job", "refill")
	fmt.Println("commit", fault.Point(job, fault.Commit) == nil)
	fmt.Println("committed", fault.Point(job, fault.Committed) == nil)
	fmt.Println("again", fault.Point(job, fault.Commit) == nil)
	worked := &atomic.Int64{}
	if err := call(ctx, worked); err != nil {
		return err
	}
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { worked.Add(1) }))
	defer web.Close()
	client := http.Client{Transport: fault.Transport(http.DefaultTransport)}
	answer, err := client.Post(web.URL+"/v1/things/7/captures", "text/plain", http.NoBody)
	if err == nil {
		_ = answer.Body.Close()
	}
	fmt.Println("http", err == nil)
	settle(worked)
	fmt.Println("worked", worked.Load())
	return nil
}

// settle waits until nothing has worked for a while: what was sent twice arrives by itself.
func settle(worked *atomic.Int64) {
	for last := int64(-1); last != worked.Load(); {
		last = worked.Load()
		<-time.After(400 * time.Millisecond)
	}
}

func call(ctx context.Context, worked *atomic.Int64) error {
	contract, err := echo.New()
	if err != nil {
		return err
	}
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) {
		contract.Register(r, func(context.Context, proto.Message) (string, error) {
			worked.Add(1)
			return "hello", nil
		})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = server.Serve(listener) }()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "echo", Addr: listener.Addr().String()})
	if err != nil {
		return err
	}
	request, err := contract.Request("")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err = contract.Call(ctx, conn, request, grpc.WaitForReady(true))
	fmt.Println("call", err == nil)
	return nil
}
