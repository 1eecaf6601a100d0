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

// load is a crowd of clients that each keep one connection and ask again as soon as they are answered.
type load struct {
	addr     string
	clients  int
	duration time.Duration
	// most bounds the requests of one run, whatever the duration.
	most int64
	// request gives the bytes of the nth request. It may write them into buf.
	request func(n int64, buf []byte) []byte
	status  int // that every answer must have
}

// outcome is what a crowd saw.
type outcome struct {
	perSecond float64
	p50, p99  time.Duration
}

// run asks until the time is over. Any answer but the one expected ends it: a rate of failures is no
// rate.
func (l load) run(ctx context.Context) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, l.duration+10*time.Second)
	defer cancel()
	var (
		crowd sync.WaitGroup
		asked atomic.Int64
		took  = make([][]time.Duration, l.clients)
		errs  = make([]error, l.clients)
	)
	start := time.Now()
	for i := range l.clients {
		crowd.Go(func() { took[i], errs[i] = l.client(ctx, &asked, start.Add(l.duration)) })
	}
	crowd.Wait()
	elapsed := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return outcome{}, err
		}
	}
	all := slices.Concat(took...)
	if len(all) == 0 {
		return outcome{}, fmt.Errorf("load on %s: no request was answered in %s", l.addr, l.duration)
	}
	slices.Sort(all)
	return outcome{
		perSecond: float64(len(all)) / elapsed.Seconds(),
		p50:       all[len(all)/2], p99: all[len(all)*99/100],
	}, nil
}

// client is one of the crowd. It speaks HTTP by hand, as plainly as it can, because its work is done
// by the processors that are being measured.
func (l load) client(ctx context.Context, asked *atomic.Int64, until time.Time) ([]time.Duration, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	var took []time.Duration
	var buf []byte
	reader := bufio.NewReaderSize(conn, 32<<10)
	for start := time.Now(); start.Before(until); {
		n := asked.Add(1)
		if n > l.most {
			break
		}
		buf = l.request(n, buf[:0])
		if _, err := conn.Write(buf); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		if err := readAnswer(reader, l.status); err != nil {
			return nil, err
		}
		now := time.Now()
		took = append(took, now.Sub(start))
		start = now
	}
	return took, nil
}

func readAnswer(reader *bufio.Reader, status int) error {
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != status {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 300)) // only to say what went wrong
		return fmt.Errorf("load: status %d: %s", answer.StatusCode, body)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

// get is a request for a page, with a cookie if there is one.
func get(path, cookie string) func(int64, []byte) []byte {
	text := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
	if cookie != "" {
		text += "Cookie: " + cookie + "\r\n"
	}
	bytes := []byte(text + "\r\n")
	return func(int64, []byte) []byte { return bytes }
}
