package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// contest is one comparison under load: ours beside a reference, in turns. The machine is never
// quiet, and turns let whatever disturbs it disturb both.
type contest struct {
	ours, reference http.Handler
	load            load // but for the address
}

// verdict is the medians over the rounds. ratio is the median of each round's own ratio, so that a
// round is only ever compared with itself.
type verdict struct {
	ours, reference outcome
	ratio           float64
}

func (c contest) run(ctx context.Context, rounds int) (v verdict, err error) {
	ours, err := serve(ctx, c.ours)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	reference, err := serve(ctx, c.reference)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, reference.close()) }()

	var mine, theirs []outcome
	var ratios []float64
	for round := -1; round < rounds; round++ { // the first round warms up and does not count
		ourTurn, err := c.turn(ctx, ours.addr, round)
		if err != nil {
			return v, fmt.Errorf("ours: %w", err)
		}
		theirTurn, err := c.turn(ctx, reference.addr, round)
		if err != nil {
			return v, fmt.Errorf("reference: %w", err)
		}
		if round >= 0 {
			mine, theirs = append(mine, ourTurn), append(theirs, theirTurn)
			ratios = append(ratios, ourTurn.perSecond/theirTurn.perSecond)
		}
	}
	return verdict{ours: middle(mine), reference: middle(theirs), ratio: median(ratios)}, nil
}

func (c contest) turn(ctx context.Context, addr string, round int) (outcome, error) {
	l := c.load
	l.addr = addr
	if round < 0 {
		l.duration /= 2
	}
	return l.run(ctx)
}

func middle(outcomes []outcome) outcome {
	var perSecond []float64
	var p50, p99 []time.Duration
	for _, o := range outcomes {
		perSecond, p50, p99 = append(perSecond, o.perSecond), append(p50, o.p50), append(p99, o.p99)
	}
	return outcome{perSecond: median(perSecond), p50: median(p50), p99: median(p99)}
}

func median[T float64 | time.Duration | int64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
