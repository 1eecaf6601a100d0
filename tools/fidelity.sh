#!/usr/bin/env bash
# Holds the sandbox against Stripe's own artefacts, and prints the table of judges with the figure that each reached.
# It fails when one is below its bar or did not report.
#
# The judges of captures want what left the sandbox in all tests. SANDBOX_CAPTURES names the directory in which tests
# that ran before have left that; without it the tests that start a sandbox run here first.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
go build -C tools -o ../bin/testreport ./testreport

# run WHAT GO TEST RUNS, never out of the test cache: a cached test captures nothing.
run() {
	go test -count=1 -timeout 30m -json "$@" | bin/testreport || status=1
}

# users are the packages whose tests start a sandbox, here or in a program they run.
users() {
	go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... |
		awk '/ example\.com\/tollgate\/billing\/sandbox( |$)/ { print $1 }' | sort -u
}

if [ -z "${SANDBOX_CAPTURES:-}" ]; then
	export SANDBOX_CAPTURES=$work/captures
	mkdir "$SANDBOX_CAPTURES"
	run $(users | grep -v /e2e)
	run ./e2e/... # By itself: a browser wants the machine.
fi

# The judges that run sandboxes of their own are captured as well, so the judges of captures come last.
export FIDELITY_REPORT=$work/report
mkdir "$FIDELITY_REPORT"
cd billing/sandbox/fidelity
report=../../../bin/testreport
judges() {
	go test -count=1 -timeout 30m -json "$@" | "$report" || status=1
}
judges $(go list ./... | grep -v '/captured$')
judges ./captured

echo
go run ./cmd/table || status=1
exit "$status"
