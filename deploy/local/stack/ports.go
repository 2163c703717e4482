package stack

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ServiceNames are the services in the order they are migrated and started.
var ServiceNames = []string{"product", "pricing", "inventory", "payment", "cart", "gateway"}

// Ports are where the processes of a shop listen, all on 127.0.0.1.
type Ports struct {
	// Gateway is the public port.
	Gateway int
	// Sandbox is the payment provider's.
	Sandbox int
	// Issuer is the token issuer's.
	Issuer int
	// Postgres is the database's; 0 when the database is somebody else's.
	Postgres int
	// GRPC and Ops are per service.
	GRPC, Ops map[string]int
}

// PortsFrom counts up from a base: the gateway has the base itself.
func PortsFrom(base int) Ports {
	p := Ports{Gateway: base, Sandbox: base + 1, Issuer: base + 2, Postgres: base + 3, GRPC: map[string]int{}, Ops: map[string]int{}}
	for i, name := range ServiceNames {
		p.GRPC[name] = base + 10 + 2*i
		p.Ops[name] = base + 11 + 2*i
	}
	return p
}

// FreePorts asks the system for ports that nobody uses.
func FreePorts() (Ports, error) {
	count := 4 + 2*len(ServiceNames)
	free := make([]int, count)
	for i := range free {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return Ports{}, err
		}
		defer func() { _ = listener.Close() }() // all stay open until all are known, so that none is given twice
		free[i] = listener.Addr().(*net.TCPAddr).Port
	}
	p := Ports{Gateway: free[0], Sandbox: free[1], Issuer: free[2], Postgres: free[3], GRPC: map[string]int{}, Ops: map[string]int{}}
	for i, name := range ServiceNames {
		p.GRPC[name], p.Ops[name] = free[4+2*i], free[5+2*i]
	}
	return p, nil
}

// check finds the first port that somebody else uses.
func (p Ports) check() error {
	named := map[string]int{"the gateway": p.Gateway, "the sandbox provider": p.Sandbox, "the token issuer": p.Issuer}
	if p.Postgres != 0 {
		named["Postgres"] = p.Postgres
	}
	for _, service := range ServiceNames {
		named[service+" (gRPC)"], named[service+" (ops)"] = p.GRPC[service], p.Ops[service]
	}
	for what, port := range named {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("port %d, which %s needs, is in use: stop the program that has it, or choose others with PORT=9080 make up", port, what)
		}
		if err != nil {
			return fmt.Errorf("port %d for %s: %w", port, what, err)
		}
		_ = listener.Close()
	}
	return nil
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func httpURL(port int) string { return "http://" + local(port) }
