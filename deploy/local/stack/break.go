package stack

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// Kill ends one program at once, as a crash would.
func (s *Shop) Kill(name string) { s.processes[name].signal(syscall.SIGKILL) }

// Terminate asks one program to end and waits until it has.
func (s *Shop) Terminate(name string) { s.processes[name].signal(syscall.SIGTERM) }

// Crashed tells whether a program ended without being asked to.
func (s *Shop) Crashed(name string) bool { return s.processes[name].crashed() }

// Continue wakes a program that was stopped by SIGSTOP.
func (s *Shop) Continue(name string) error {
	return syscall.Kill(s.Pids()[name], syscall.SIGCONT)
}

// Restart starts a program that has ended and waits until it is ready. It is the binary that BinaryOf gives now.
func (s *Shop) Restart(ctx context.Context, name string) error {
	p := s.processes[name]
	p.binary = s.options.binary(name, p.binary)
	if err := p.start(&s.starter); err != nil {
		return err
	}
	return s.waitReady(ctx, name)
}

// Second starts another process of a service, on ports of its own, and waits until it is ready. It takes its part of the
// background work; nobody sends it requests.
func (s *Shop) Second(ctx context.Context, service, as string, ports [2]int) error {
	if err := s.Join(service, as, ports); err != nil {
		return err
	}
	return s.waitReady(ctx, as)
}

// Join starts another process of a service, as Second does, and does not wait.
func (s *Shop) Join(service, as string, ports [2]int) error {
	env, err := s.environment(service)
	if err != nil {
		return err
	}
	p := s.process(as, append(env, "GRPC_ADDR="+local(ports[0]), "OPS_ADDR="+local(ports[1])))
	p.binary = s.options.binary(as, s.processes[service].binary)
	s.processes[as], s.order = p, append(s.order, as)
	s.options.Ports.Ops[as] = ports[1]
	return p.start(&s.starter)
}

// KillDatabase ends our Postgres at once, as a crash of its machine would.
func (s *Shop) KillDatabase() error {
	server := s.database.cluster
	if server == nil {
		return errors.New("the database is not ours")
	}
	if err := syscall.Kill(server.Pid(), syscall.SIGKILL); err != nil {
		return err
	}
	<-server.Ended()
	return nil
}

// DatabaseEnded tells whether our Postgres has ended, whoever ended it.
func (s *Shop) DatabaseEnded() bool {
	if s.database.cluster == nil {
		return false
	}
	select {
	case <-s.database.cluster.Ended():
		return true
	default:
		return false
	}
}

// StartDatabase starts our Postgres after its death and returns when it accepts connections.
func (s *Shop) StartDatabase(ctx context.Context) error {
	deadline := time.Now().Add(readyTime)
	for {
		again, err := openDatabase(ctx, s.options)
		if err == nil {
			s.database = again
			return nil
		}
		if time.Now().After(deadline) {
			return err
		}
		select { // what the dead server had started is still ending
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
