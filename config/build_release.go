//go:build nosandbox

package config

// A release build does not contain the sandbox, and is for production unless told otherwise.
const (
	defaultEnv   = Production
	sandboxBuilt = false
)
