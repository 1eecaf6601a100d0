//go:build !nosandbox

package config

// A build that contains the sandbox is for development unless told otherwise.
const (
	defaultEnv   = Development
	sandboxBuilt = true
)
