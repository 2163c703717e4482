package grpcclient

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// clientStream converts the errors of a stream and settles its account once, when it ends.
type clientStream struct {
	grpc.ClientStream
	peer          *peer
	method        string
	ctx           context.Context
	cancel        context.CancelFunc
	start         time.Time
	serverStreams bool
	once          sync.Once
}

// SendMsg sends a message; io.EOF means that RecvMsg has the reason.
func (s *clientStream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return s.finish(err)
}

// RecvMsg receives a message; io.EOF is the good end of a stream.
func (s *clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case err == nil:
		if !s.serverStreams {
			_ = s.finish(nil)
		}
		return nil
	case errors.Is(err, io.EOF):
		_ = s.finish(nil)
		return err
	default:
		return s.finish(err)
	}
}

// Header waits for the header of the answer.
func (s *clientStream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	if err != nil {
		return md, s.finish(err)
	}
	return md, nil
}

// CloseSend ends the sending side.
func (s *clientStream) CloseSend() error { return s.peer.convert(s.ClientStream.CloseSend()) }

func (s *clientStream) finish(err error) error {
	converted := s.peer.convert(err)
	s.once.Do(func() {
		s.peer.settle(s.ctx, err, s.start)
		s.peer.metrics.observe(s.peer.cfg.Peer, s.method, converted, time.Since(s.start))
		s.cancel()
	})
	return converted
}
