// Package mailtest is a mail server for tests: a real partner of a real conversation.
package mailtest

import (
	"bufio"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Server speaks just enough SMTP to be a real conversation partner: it listens on a real port, keeps what it accepts, and
// can be told to refuse or to hang up at the worst moment.
type Server struct {
	// Refuse maps a recipient to the answer to RCPT. DropAtQuit closes the connection right after accepting a message.
	// Both are set before the first conversation.
	Refuse     map[string]string
	DropAtQuit bool

	listener net.Listener
	conns    sync.WaitGroup

	mu       sync.Mutex
	accepted []string
}

// Start listens at addr until the test ends.
func Start(t *testing.T, addr string) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	s := &Server{listener: listener, Refuse: map[string]string{}}
	s.conns.Go(s.serve)
	t.Cleanup(s.Stop)
	return s
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Stop hangs up and listens no more.
func (s *Server) Stop() {
	_ = s.listener.Close()
	s.conns.Wait()
}

func (s *Server) serve() {
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

func (s *Server) converse(conn net.Conn) {
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
			drop := s.DropAtQuit
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

func (s *Server) recipient(argument string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for to, answer := range s.Refuse {
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

// Received parses everything that was accepted so far.
func (s *Server) Received(t *testing.T) []*netmail.Message {
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

// Parts reads the two parts of a message, decoded.
func Parts(t *testing.T, m *netmail.Message) (text, html string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // which undoes quoted-printable by itself
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return text, html
		}
		body, err := io.ReadAll(part)
		require.NoError(t, err)
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			html = string(body)
		} else {
			text = string(body)
		}
	}
}
