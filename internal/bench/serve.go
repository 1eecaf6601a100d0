package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// server answers on a port of its own. Both sides of every comparison are served by the same
// settings, which are those of the program.
type server struct {
	addr   string
	http   *http.Server
	served chan error
}

func serve(ctx context.Context, handler http.Handler) (*server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &server{addr: listener.Addr().String(), served: make(chan error, 1), http: &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

func (s *server) close() error {
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
