// Command table prints what the judges of the sandbox reported, and fails when one of them did not reach its bar.
package main

import (
	"fmt"
	"os"

	"example.com/tollgate/billing/sandbox/fidelity/table"
)

func main() {
	if err := table.Print(os.Stdout, os.Getenv(table.ReportEnv)); err != nil {
		fmt.Fprintf(os.Stderr, "\nbelow the bar:\n%v\n", err)
		os.Exit(1)
	}
}
