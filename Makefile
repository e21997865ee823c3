# Switchboard's tasks. Each needs Go, and Node.js 18 or newer for the agents' page; `make test` also uses a C compiler (the
# race detector), Chromium (the page as agents use it, with sound) and kcat (one test) where they are, and says so where
# they are not.

.DEFAULT_GOAL := help
.PHONY: help run test clean fmt lint desktop audit

# -modfile is refused in a workspace.
export GOWORK := off

# $(call step,what,command): a line before, the command's own output, and a line with the time it took.
step = @printf '\n== %s\n' '$(1)'; began=$$(date +%s); \
	if { $(2); }; then printf -- '-- %s: %ss\n' '$(1)' $$(($$(date +%s) - began)); \
	else printf -- '-- %s: FAILED after %ss\n' '$(1)' $$(($$(date +%s) - began)); exit 1; fi

go_files = find . -name '*.go' -not -path './.dev/*' -not -path '*/node_modules/*'

# Tests with real processes, apart from the others: they need what `dev build` builds.
whole_stack = ./dev/... ./e2e/... ./features/...

# The race detector needs cgo and a C compiler.
race := $(shell test "$$(go env CGO_ENABLED)" = 1 && command -v "$$(go env CC)" >/dev/null && echo -race)

npm := $(shell command -v npm)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole product on this machine, with three sample calls; flags in ARGS, e.g. make run ARGS='-samples 10'
	@test -x .dev/bin/dev || echo "Compiling what runs it; the first time this takes a minute or two."
	@go build -o .dev/bin/dev ./dev
	@.dev/bin/dev $(ARGS)

test: lint ## everything CI checks
	$(if $(npm),$(call step,the official library for Node.js,cd simulator/clients/node && npm ci --no-audit --no-fund --loglevel=error),@echo && echo "no npm: the simulator is not tested with Twilio's library for Node.js")
	$(if $(npm),$(call step,the page: types and unit tests,cd desktop/page && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm test --silent),@echo && echo "no npm: the agents' page is neither built nor tested")
	$(if $(race),,@echo && echo "no C compiler: tests run without the race detector")
	$(call step,unit$(,) workflow and replay tests,go test $(race) $$(go list ./... | grep -v -E '/(dev|e2e|features)(/|$$)'))
	$(call step,what the whole-stack tests need,go run ./dev build)
	$(call step,whole-stack tests,go test $(race) -timeout 30m -p 1 -parallel 4 $(whole_stack))
	$(call step,some of them with a worker that replays every step,go test $(race) -timeout 10m ./e2e -run 'TestEveryPhone|TestEveryTrouble' -forgetful)

desktop: ## the agents' page, bundled into what the webhook process serves
	@go run ./dev desktop

lint: ## the checks of make test that run no test
	$(call step,gofmt,unformatted=$$($(go_files) -print0 | xargs -0 gofmt -l) && if [ -n "$$unformatted" ]; then echo "make fmt would change:" && echo "$$unformatted" && exit 1; fi)
	$(call step,go vet,go vet ./...)
	$(call step,staticcheck,go tool -modfile=tools/lint.mod staticcheck ./...)
	$(call step,workflowcheck,go tool -modfile=tools/lint.mod workflowcheck ./workflows/...)

audit: ## known vulnerabilities in what we use, as far as their lists can be reached
	@.ci/audit

fmt: ## format every Go file
	@$(go_files) -print0 | xargs -0 gofmt -l -w

clean: ## forget what was built and what happened: calls, events, logs
	@if [ -e .dev ]; then \
		echo "Forgetting .dev: the Temporal database with every call, Kafka's log with every event, the processes' logs,"; \
		echo "and the binaries, the Temporal CLI among them (building it again takes some minutes)."; \
		rm -rf .dev; \
	else echo "There is nothing to forget."; fi

, := ,
