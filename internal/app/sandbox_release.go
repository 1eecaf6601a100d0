//go:build nosandbox

package app

import (
	"context"
	"errors"
)

// openSandbox cannot be reached: the configuration of a build without the sandbox never asks for it.
func (a *App) openSandbox(context.Context) error {
	return errors.New("this build does not contain the sandbox")
}

// followClock has nothing to follow.
func (a *App) followClock(context.Context) {}
