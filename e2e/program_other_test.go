//go:build !linux

package e2e

import "os/exec"

// dieWithParent can only be promised on Linux.
func dieWithParent(*exec.Cmd) {}
