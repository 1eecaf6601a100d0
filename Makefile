# `make` lists what there is. Nothing here needs more than Go, git, make and a C compiler, except
# where the help says so.

TAGS    := -tags nosandbox
STATIC  := static/node_modules/.ready
TOOL    := go tool -modfile=tools/go.mod
RUN     := $(shell date +%s%N)
ACCOUNTS ?= 1000

# The race detector costs about five times the processor, so it runs where goroutines meet.
RACE := ./models/... ./internal/... ./billing ./billing/gateway

.DEFAULT_GOAL := help
.PHONY: help run dev test scenarios mutations fidelity fidelity-live simulate simulate-real bench build release fmt lint generate css seed ci

help: ## list these targets
	@echo "Tollgate. make run starts everything on this machine; make test proves it works."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-13s %s\n", $$1, $$2 }'

run: ## start the app, the sandbox that stands for Stripe, and the mailbox
	@go run .

dev: ## the same, restarted and reloaded on every change: open http://localhost:7331
	@go tool templ generate --watch --proxy=http://localhost:8080 --proxyport=7331 --open-browser=false --cmd="go run ."

# The sandbox leaves what it sent in a directory for its judges. The directory is new in every run, so that no test
# that reads its name comes out of the test cache; CI trusts the cache with nothing.
test: export SANDBOX_CAPTURES = $(CURDIR)/tmp/captures/$(RUN)
test: FRESH = $(if $(CI),-count=1)
test: ## everything that CI runs: vet, generated files, all tests on both databases, the sandbox's judges
	go vet ./...
	go vet $(TAGS) ./...
	tools/check_generated.sh
	go test -C tools ./scenarios ./mutate # the tools' own
	@go build -C tools -o ../bin/ ./testreport ./scenarios
	@rm -rf tmp/captures tmp/ran.json && mkdir -p $$SANDBOX_CAPTURES
	go test $(FRESH) -timeout 30m -json $$(go list ./... | grep -v /e2e) | tee -a tmp/ran.json | bin/testreport
	go test $(FRESH) -timeout 30m -json ./e2e/... | tee -a tmp/ran.json | bin/testreport # by itself: a browser and a killed process want the machine
	bin/scenarios -brief < tmp/ran.json # every way to go wrong around money was provoked by one of these tests
	SANDBOX_CAPTURES= go test $(FRESH) -timeout 30m -json -race -short $(RACE) | bin/testreport
	tools/fidelity.sh
	@rm -rf tmp/captures tmp/ran.json

scenarios: ## print which of the ways to go wrong around money a test provoked, and which none did
	@go build -C tools -o ../bin/ ./scenarios
	@go test $(if $(CI),-count=1) -timeout 30m -run '^Test([A-Z][0-9][0-9][a-z]?)+_' -json ./... | bin/scenarios

mutations: ## break load-bearing lines one at a time and show that the tests notice each (takes a while)
	@go build -C tools -o ../bin/mutate ./mutate
	@bin/mutate

fidelity: ## hold the sandbox against Stripe's schemas, types, clients and CLI, and print the table of judges
	@tools/fidelity.sh

fidelity-live: ## tell the judges' stories to Stripe's test mode too, and what differs: STRIPE_TEST_KEY=sk_test_...
	@go run -C billing/sandbox/fidelity ./cmd/live

SEEDS ?= 1000
FIRST ?= 1

simulate: export SEEDS := $(SEEDS)
simulate: export FIRST := $(FIRST)
simulate: export TRACE := $(TRACE)
simulate: ## live made-up lives and look for one that ends wrong: make simulate SEEDS=1000 FIRST=1, one with TRACE=1
	@go test -C internal/simulate -count=1 -timeout 24h -run 'TestSimulate$$'

simulate-real: export SEEDS := 20
simulate-real: export FIRST := $(FIRST)
simulate-real: export TRACE := $(TRACE)
simulate-real: ## the same with real processes, HTTP and databases, which are killed: make simulate-real SEEDS=20 FIRST=1
	@go test -C e2e -count=1 -timeout 24h -run 'TestRealLives$$' $(if $(TRACE),-v)

bench: ## measure speed and size beside their references, into docs/benchmarks.md
	@go run ./internal/bench -o docs/benchmarks.md

build: ## build bin/tollgate for development, with the sandbox inside
	go build -o bin/tollgate .

release: ## build bin/tollgate for production: stripped, without the sandbox
	CGO_ENABLED=1 go build $(TAGS) -trimpath -ldflags '-s -w' -o bin/tollgate .

fmt: ## format Go and templates
	$(TOOL) gofumpt -l -w $$(git ls-files --cached --others --exclude-standard '*.go' | grep -v _templ.go)
	go tool templ fmt .

lint: ## run the linters of .golangci.yaml (the first time, building them takes minutes)
	$(TOOL) golangci-lint run ./...

generate: ## write the Go code of the templates
	go tool templ generate

css: $(STATIC) ## build the style sheet, font, icons and scripts (needs npm)
	cd static && npm run build

# Not `npm ci`, which insists on the packages of every platform, and a registry's mirror may lack one
# that nobody here needs. What is installed is what the lock file says all the same.
$(STATIC): static/package-lock.json
	cd static && npm install --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

seed: ## write a believable population: make seed ACCOUNTS=100000
	go run . seed --accounts $(ACCOUNTS)

ci: lint test ## the linters and then everything that CI runs
