// Tollgate is a SaaS starter: sign-up, pricing, payment, access and administration in one binary.
package main

import (
	"os"

	"example.com/tollgate/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }
