package mail_test

import (
	"bufio"
	"io"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// smtpServer speaks just enough SMTP to be a real conversation partner: it listens on a real port,
// keeps what it accepts, and can be told to refuse or to hang up at the worst moment.
type smtpServer struct {
	listener net.Listener
	conns    sync.WaitGroup

	mu         sync.Mutex
	accepted   []string
	refuse     map[string]string // recipient → the answer to RCPT
	dropAtQuit bool              // close the connection right after accepting a message
}

func startSMTP(t *testing.T, addr string) *smtpServer {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	s := &smtpServer{listener: listener, refuse: map[string]string{}}
	s.conns.Go(s.serve)
	t.Cleanup(s.stop)
	return s
}

func (s *smtpServer) addr() string { return s.listener.Addr().String() }

func (s *smtpServer) stop() {
	_ = s.listener.Close()
	s.conns.Wait()
}

func (s *smtpServer) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.conns.Go(func() {
			defer conn.Close()
			s.converse(conn)
		})
	}
}

func (s *smtpServer) converse(conn net.Conn) {
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	in := bufio.NewReader(conn)
	say("220 test ready")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "RCPT":
			say(s.recipient(argument))
		case "DATA":
			say("354 go on")
			body, ok := readData(in)
			if !ok {
				return
			}
			s.mu.Lock()
			s.accepted = append(s.accepted, body)
			drop := s.dropAtQuit
			s.mu.Unlock()
			say("250 accepted")
			if drop {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default: // EHLO, HELO, MAIL, NOOP, RSET
			say("250 ok")
		}
	}
}

func (s *smtpServer) recipient(argument string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for to, answer := range s.refuse {
		if strings.Contains(argument, to) {
			return answer
		}
	}
	return "250 ok"
}

func readData(in *bufio.Reader) (string, bool) {
	var body strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", false
		}
		if line == ".\r\n" {
			return body.String(), true
		}
		body.WriteString(line)
	}
}

// received parses everything that was accepted so far.
func (s *smtpServer) received(t *testing.T) []*netmail.Message {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*netmail.Message
	for _, raw := range s.accepted {
		m, err := netmail.ReadMessage(strings.NewReader(raw))
		require.NoError(t, err)
		out = append(out, m)
	}
	return out
}
