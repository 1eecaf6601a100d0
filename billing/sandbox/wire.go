package sandbox

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v81"
)

// maxBody bounds a request's form.
const maxBody = 1 << 20

// Handler serves everything: the API under /v1, the hosted pages and the console, and the faults under /_sim.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", s.serveAPI)
	mux.HandleFunc("/_sim/", s.serveSim)
	s.mountPages(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hostAllowed(r.Host) {
			http.Error(w, "This host name is not served by the sandbox.", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// call is one API request on its way through the wire.
type call struct {
	s       *Sandbox
	w       http.ResponseWriter
	r       *http.Request
	id      string
	started time.Time
	raw     Params // As decoded, for the log and for comparing repeated requests.
	row     *compiledRoute
	ids     []string
	key     string
	fault   *Fault // What was injected into this request, if anything.
}

func (s *Sandbox) serveAPI(w http.ResponseWriter, r *http.Request) {
	c := &call{s: s, w: w, r: r, started: s.opts.Now(), id: s.newID("req_", s.Now().Unix())}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Request-Id", c.id)
	h.Set("Stripe-Version", stripe.APIVersion)
	h.Set("Cache-Control", "no-cache, no-store")
	if account := r.Header.Get("Stripe-Account"); account != "" {
		h.Set("Stripe-Account", account)
	}
	if r.Method == http.MethodPost {
		c.key = r.Header.Get("Idempotency-Key")
		if c.key != "" {
			h.Set("Idempotency-Key", c.key)
		}
	}
	status, body, err := c.answer()
	if err != nil {
		status, body = c.refusal(err)
	}
	if status == 0 {
		c.cut() // An injected fault: the connection breaks and the client learns nothing.
		return
	}
	c.write(status, body)
}

// answer takes the request through authentication, decoding and faults to its handler.
func (c *call) answer() (int, []byte, error) {
	if err := c.s.authenticate(c.r); err != nil {
		return 0, nil, err
	}
	if err := checkVersion(c.r); err != nil {
		return 0, nil, err
	}
	if err := c.s.checkAccount(c.r); err != nil {
		return 0, nil, err
	}
	if c.row, c.ids = c.s.routes.match(c.r.Method, c.r.URL.Path); c.row == nil {
		return 0, nil, unrecognized(c.r.Method, c.r.URL.Path)
	}
	if err := c.decode(); err != nil {
		return 0, nil, err
	}
	if len(c.key) > maxIdempotencyKey {
		return 0, nil, invalidf("", "Invalid Idempotency-Key: must be at most %d characters", maxIdempotencyKey)
	}
	scope := c.r.Header.Get("Stripe-Account")
	if c.key != "" {
		if !c.s.flight.enter(scope + " " + c.key) {
			return 0, nil, keyInUse(c.key)
		}
		defer c.s.flight.leave(scope + " " + c.key)
	}
	c.fault = c.s.faults.take(c.r.Method, c.r.URL.Path)
	c.fault.wait(c.r.Context())
	if c.fault.before() && !c.fault.remembered() {
		return 0, nil, c.fault.fails()
	}
	status, body, err := c.execute(scope)
	if c.fault.strikes() && c.fault.AfterCommit {
		for _, name := range []string{"Idempotent-Replayed", "Original-Request", retryHeader} {
			c.w.Header().Del(name)
		}
		return 0, nil, c.fault.fails()
	}
	return status, body, err
}

// decode reads parameters from the query and from the form; GET and DELETE use the former, POST the latter.
func (c *call) decode() error {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return &Error{Status: http.StatusRequestEntityTooLarge, Type: typeInvalid, Message: "Request body too large."}
		}
		return invalidf("", "The request body could not be read.")
	}
	const form = "application/x-www-form-urlencoded"
	if len(body) > 0 && !strings.HasPrefix(c.r.Header.Get("Content-Type"), form) {
		return invalidf("", "Invalid request (check that your POST content type is "+form+"). If you have questions, we can help at https://support.stripe.com/.")
	}
	raw := c.r.URL.RawQuery
	if len(body) > 0 {
		if raw != "" {
			raw += "&"
		}
		raw += string(body)
	}
	c.s.captures.addRequest(c.r, raw)
	c.raw, err = decodeForm(raw)
	return err
}

// execute runs the handler, or repeats the answer that this idempotency key already got.
func (c *call) execute(scope string) (status int, body []byte, err error) {
	hash := ""
	if c.key != "" {
		hash = requestHash(c.r.Method, c.r.URL.Path, c.raw)
	}
	readOnly := c.r.Method == http.MethodGet
	err = c.s.transact(c.r.Context(), txOptions{readOnly: readOnly, request: c.id, idem: c.key}, func(tx *Tx) error {
		if c.key != "" {
			earlier, err := tx.recall(scope, c.key, hash)
			if err != nil {
				return err
			}
			if earlier != nil {
				c.w.Header().Set("Idempotent-Replayed", "true")
				c.w.Header().Set("Original-Request", earlier.request)
				status, body = earlier.status, earlier.body
				return nil
			}
		}
		var err error
		if c.fault.remembered() {
			status, body = c.refusal(c.fault.fails())
		} else if status, body, err = c.handle(tx); err != nil {
			return err
		}
		if c.key != "" && memorable(status) {
			return tx.remember(scope, c.key, hash, status, body)
		}
		return nil
	})
	return status, body, err
}

// handle runs the handler inside a savepoint: a refusal takes back what the handler wrote, and the transaction lives
// on to remember the answer.
func (c *call) handle(tx *Tx) (int, []byte, error) {
	if _, err := tx.sql.Exec(`SAVEPOINT handler`); err != nil {
		return 0, nil, err
	}
	answer, err := c.run(tx)
	var refused *Error
	if err != nil && !errors.As(err, &refused) {
		return 0, nil, err // A defect of the sandbox: everything is rolled back, and nothing remembered.
	}
	if refused != nil {
		if !refused.Keep {
			tx.undo()
			if _, err := tx.sql.Exec(`ROLLBACK TO handler`); err != nil {
				return 0, nil, err
			}
			tx.emitted, tx.rank, tx.advances = false, 0, false
		}
		status, body := c.refusal(refused)
		return status, body, nil
	}
	c.s.judge(c.r.Method+" "+c.row.Path, answer)
	return http.StatusOK, pretty(answer), nil
}

// run validates the parameters, calls the row's handler and expands its answer.
func (c *call) run(tx *Tx) (Object, error) {
	expand, err := takeExpand(c.raw)
	if err != nil {
		return nil, err
	}
	sent := Params{}
	for key, value := range c.raw {
		if key != "expand" {
			sent[key] = value
		}
	}
	params, err := validate(c.row.params, c.row.Extra, sent)
	if err != nil {
		return nil, err
	}
	// Account stays empty: the sandbox has no connected accounts yet, and its own id means itself.
	req := &apiRequest{Tx: tx, Params: params, Path: c.r.URL.Path}
	if len(c.ids) > 0 {
		req.ID = c.ids[0]
	}
	if len(c.ids) > 1 {
		req.Sub = c.ids[1]
	}
	answer, err := c.row.Handler(req)
	if err != nil {
		return nil, err
	}
	tree, err := c.s.parseExpand(expand, answer, c.row.answers())
	if err != nil {
		return nil, err
	}
	return tx.render(answer, tree)
}

func takeExpand(p Params) ([]string, error) {
	if !p.Given("expand") {
		return nil, nil
	}
	items, ok := p["expand"].([]any)
	if !ok {
		return nil, invalidf("expand", "Invalid array")
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		path, ok := item.(string)
		if !ok || path == "" {
			return nil, invalidf("expand", "Invalid string")
		}
		out = append(out, path)
	}
	return out, nil
}

// refusal renders an error. What is not Stripe's kind of error is a defect of the sandbox: it is logged, and answered
// as Stripe answers its own.
func (c *call) refusal(err error) (int, []byte) {
	var e *Error
	if !errors.As(err, &e) {
		c.s.log.Error("sandbox request failed", "request", c.id, "method", c.r.Method, "path", c.r.URL.Path, "error", err)
		e = &Error{
			Status: http.StatusInternalServerError, Type: typeAPI,
			Message: "An unknown error occurred in the sandbox: " + err.Error(),
		}
	}
	if e.Code == codeLockTimeout {
		c.w.Header().Set(retryHeader, "true")
	}
	if e.Status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", `Basic realm="Stripe"`)
	}
	for _, o := range []*Object{&e.PaymentIntent, &e.SetupIntent, &e.PaymentMethod} {
		if *o != nil {
			*o = c.s.public(*o)
		}
	}
	return e.Status, pretty(e.body(c.id))
}

// pretty prints JSON the way Stripe does, indented by two spaces.
func pretty(o Object) []byte { return append(encode(o, "  "), '\n') }

// retryHeader tells a client whether the same request may go well another time.
const retryHeader = "Stripe-Should-Retry"

// retriable reports whether a retry under the same key can get another answer: not when the failure is remembered, and
// not when there are too many requests already.
func (c *call) retriable(status int) bool {
	switch {
	case status == http.StatusConflict:
		return true
	case status == http.StatusInternalServerError:
		return c.key == "" || !c.fault.remembered() && c.w.Header().Get("Idempotent-Replayed") == ""
	default:
		return status > 500
	}
}

func (c *call) write(status int, body []byte) {
	h := c.w.Header()
	if status >= 400 && h.Get(retryHeader) == "" {
		h.Set(retryHeader, strconv.FormatBool(c.retriable(status)))
	}
	c.log(status, body) // First, so that whoever has the answer also finds it in the log.
	if c.fault != nil && c.fault.Truncate {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
	if c.fault != nil && c.fault.Truncate {
		_ = http.NewResponseController(c.w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// cut breaks the connection without an answer.
func (c *call) cut() {
	c.log(0, nil)
	panic(http.ErrAbortHandler)
}
