package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is what a server did under load.
type load struct {
	perSecond float64
	p99       time.Duration
}

// request makes the bytes of the next request on a connection.
type request func() []byte

// press keeps so many connections busy for one turn and counts the answers, all of which must be
// 200. It writes and reads plain HTTP/1.1 itself, because a full client would take as much of the
// machine as the server it measures.
func press(ctx context.Context, address string, connections int, next request) (load, error) {
	ctx, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	var done atomic.Int64
	var mu sync.Mutex
	var latencies []time.Duration
	errs := make(chan error, connections)
	began := time.Now()
	for range connections {
		go func() {
			var own []time.Duration
			err := converse(ctx, address, next, func(took time.Duration) { done.Add(1); own = append(own, took) })
			mu.Lock()
			latencies = append(latencies, own...)
			mu.Unlock()
			errs <- err
		}()
	}
	for range connections {
		if err := <-errs; err != nil {
			return load{}, err
		}
	}
	elapsed := time.Since(began)
	if len(latencies) == 0 {
		return load{}, fmt.Errorf("no answer from %s", address)
	}
	slices.Sort(latencies)
	return load{
		perSecond: float64(done.Load()) / elapsed.Seconds(), p99: latencies[len(latencies)*99/100],
	}, nil
}

// converse asks and listens on one connection until the turn is over.
func converse(ctx context.Context, address string, next request, answered func(time.Duration)) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	for ctx.Err() == nil {
		message, began := next(), time.Now()
		if _, err := conn.Write(message); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", address, response.Status)
		}
		answered(time.Since(began))
	}
	return nil
}

// compare measures two servers in turns and keeps the best turn of each.
func compare(ctx context.Context, connections int, ours, reference side) (best, other load, err error) {
	for range turns {
		for _, s := range []struct {
			side side
			best *load
		}{{reference, &other}, {ours, &best}} {
			l, err := press(ctx, s.side.address, connections, s.side.next)
			if err != nil {
				return load{}, load{}, err
			}
			if l.perSecond > s.best.perSecond {
				*s.best = l
			}
		}
	}
	return best, other, nil
}

// side is one server and what it is asked.
type side struct {
	address string
	next    request
}

// get asks for a path again and again, with the same headers.
func get(address, path, headers string) request {
	message := []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n" + headers + "\r\n")
	return func() []byte { return message }
}
