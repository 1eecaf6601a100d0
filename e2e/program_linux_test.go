package e2e

import (
	"os/exec"
	"syscall"
)

// dieWithParent leaves no program behind when the test run is itself killed.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
