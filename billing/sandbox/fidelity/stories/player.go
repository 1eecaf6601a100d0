package stories

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/client"
)

// StoryHeader names the story of a request, for a tape between the client and Stripe. The tape takes it off.
const StoryHeader = "Tollgate-Story"

// Target is a Stripe to play against: a sandbox, Stripe itself, or a tape in front of either.
type Target struct {
	URL, Key string
	// Live is Stripe itself, which delivers no webhooks to this machine.
	Live bool
}

// Limits of one story: Stripe itself takes seconds to advance a test clock.
const (
	storyPatience = 3 * time.Minute
	pollFirst     = 20 * time.Millisecond
	pollMost      = 2 * time.Second
)

// Player plays one story on stripe-go.
type Player struct {
	*client.API
	target  Target
	ctx     context.Context
	backend stripe.Backend
	clocks  []*stripe.TestHelpersTestClock
}

// storyFailed is thrown by a script at its first wrong answer, and becomes the error of Play.
type storyFailed struct{ err error }

// Play tells one story on stripe-go. The error says which promise was not kept.
func Play(ctx context.Context, target Target, name string) (err error) {
	script := scripts()[name]
	if script == nil {
		return fmt.Errorf("stripe-go has no script for %q", name)
	}
	ctx, cancel := context.WithTimeout(ctx, storyPatience)
	defer cancel()
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case storyFailed:
			err = fmt.Errorf("%s: %w", name, thrown.err)
		default:
			panic(thrown)
		}
	}()
	p := newPlayer(ctx, target, name)
	defer p.tidy()
	script(p)
	return nil
}

// newPlayer readies the official client, without retries and telemetry.
func newPlayer(ctx context.Context, target Target, name string) *Player {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(target.URL),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient:        &http.Client{Timeout: time.Minute, Transport: labelled{ctx, name}},
	})
	api := client.New(target.Key, &stripe.Backends{
		API: backend, Connect: backend, Uploads: backend,
	})
	return &Player{API: api, target: target, ctx: ctx, backend: backend}
}

// tidy takes the story's test clocks out of a real account, which may have only so many of them.
func (p *Player) tidy() {
	for _, clock := range p.clocks {
		if p.target.Live {
			_, _ = p.TestHelpersTestClocks.Del(clock.ID, nil)
		}
	}
}

// stranger is the same client with a key that nobody gave out.
func (p *Player) stranger() *client.API {
	return client.New("sk_test_nobodyknowsthiskey", &stripe.Backends{API: p.backend, Connect: p.backend, Uploads: p.backend})
}

// labelled puts the story's name on every request, and ends it with the story.
type labelled struct {
	ctx  context.Context
	name string
}

func (l labelled) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(l.ctx)
	r.Header.Set(StoryHeader, l.name)
	return http.DefaultTransport.RoundTrip(r)
}

// ok returns what a call answered, and ends the story when it was refused.
func ok[T any](value T, err error) T {
	if err != nil {
		panic(storyFailed{err})
	}
	return value
}

// refused returns how a call was refused, and ends the story when it was not.
func refused[T any](value T, err error) *stripe.Error {
	var e *stripe.Error
	if !errors.As(err, &e) {
		panic(storyFailed{fmt.Errorf("the call was not refused: %v, %w", value, err)})
	}
	return e
}

// same ends the story unless Stripe answered what its documentation promises.
func same[T comparable](what string, got, want T) {
	if got != want {
		panic(storyFailed{fmt.Errorf("%s is %v, and should be %v", what, got, want)})
	}
}

// each collects what an iterator of stripe-go yields, pages and all.
func each[T any](list interface {
	Next() bool
	Current() any
	Err() error
},
) []T {
	var out []T
	for list.Next() {
		out = append(out, list.Current().(T))
	}
	if err := list.Err(); err != nil {
		panic(storyFailed{err})
	}
	return out
}
