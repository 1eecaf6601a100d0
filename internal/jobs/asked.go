package jobs

import (
	"sync"
	"time"
)

// coveredFor is how long a pass that was asked for stands for all that ask after it, unless it begins before. It bounds
// the wait where another program took the pass, and we do not learn that it began.
const coveredFor = 100 * time.Millisecond

// asked is the passes that were asked for and have not begun here. While there is one, whoever asks for another needs
// none: it will see what they have written. Without this a busy program would write a job for each burst of wake-ups,
// as many as there is work, and most of them would find nothing to do.
type asked struct {
	mu     sync.Mutex
	passes map[string]*pass
	later  func(do func()) // after coveredFor
}

func newAsked() *asked {
	return &asked{
		passes: map[string]*pass{},
		later:  func(do func()) { time.AfterFunc(coveredFor, do) },
	}
}

// pass is one that was asked for. again says that somebody was told since that it covers them.
type pass struct{ again bool }

// ask reports whether a pass must be asked for. expired is called if that has not begun in time, and others relied on it.
func (a *asked) ask(name string, expired func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.passes[name]; p != nil {
		p.again = true
		return false
	}
	p := &pass{}
	a.passes[name] = p
	a.later(func() {
		if a.expire(name, p) {
			expired()
		}
	})
	return true
}

// begin says that a pass begins: who asks from now on may have written what it has read already.
func (a *asked) begin(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.passes, name)
}

// expire forgets a pass that has not begun, and reports whether others relied on it.
func (a *asked) expire(name string, p *pass) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.passes[name] != p {
		return false
	}
	delete(a.passes, name)
	return p.again
}
