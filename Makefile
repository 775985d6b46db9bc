# Every target makes .venv by itself, from requirements.lock, when it is missing or older than the lock.

# Candidates, the first that runs and is 3.11 to 3.13 wins: a name on the path may be a shim without an interpreter.
PYTHON ?= python3.11 python3.12 python3.13 python3
BIN := .venv/bin
STAMP := .venv/.installed
PACKAGES := core adapters tasks flows cli deployments serving
SUITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# One package of the lock, with its hashes.
UV_PIN = awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock

# Empty means off: our own modules are compiled once, not at every start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test browser check up down bench reference screenshots docs lock clean FORCE

help: ## List what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

demo: $(STAMP) ## Show the whole loop on real flights, month after month; MONTHS=2 makes it shorter.
	@$(BIN)/everfit demo $(if $(MONTHS),--months $(MONTHS))

test: $(STAMP) ## Run the tests; ARGS="-k gate" picks some.
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

browser: $(STAMP) ## Run the tests in a real browser, those of the Prefect UI too; needs Chromium, root installs it.
	@BROWSER_TESTS=1 $(BIN)/python -m pytest tests/browser $(ARGS)

check: $(STAMP) ## Check format, lint, types, import contracts, sizes, security, and what the locked packages are known for.
	@echo "== format" && $(BIN)/ruff format --check .
	@echo "== lint" && $(BIN)/ruff check .
	@echo "== types" && $(BIN)/mypy --strict
	@echo "== imports" && $(BIN)/lint-imports --no-logo
	@echo "== sizes" && $(BIN)/python -m pytest -q tests/test_house.py
	@echo "== security" && $(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES)
	@echo "== audit" && $(BIN)/python -m deployments.audit

up: $(STAMP) ## Start the local stack: Prefect server, MLflow, worker, serving.
	@$(BIN)/everfit up

down: ## Stop the local stack.
	@if [ -x $(BIN)/everfit ]; then $(BIN)/everfit down; else echo "nothing to stop: there is no .venv"; fi

bench: $(STAMP) ## Run the benchmarks side by side with peers.
	@if [ -f benchmarks/__main__.py ]; then $(BIN)/python -m benchmarks $(ARGS); else \
	  echo "no benchmark was run" >&2; \
	  echo "  why: benchmarks/__main__.py does not exist" >&2; \
	  echo "  fix: add it; it is run as \`python -m benchmarks\`" >&2; exit 1; fi

reference: $(STAMP) ## Write docs/reference from the code.
	@$(BIN)/python -m cli.reference

screenshots: $(STAMP) ## Take the pictures in docs/pictures from a small loop on real flights; needs Chromium.
	@$(BIN)/python -m deployments.screenshots docs/pictures

docs: $(STAMP) ## Build the documentation into build/docs; a broken link fails it.
	@$(BIN)/mkdocs build --quiet --strict --site-dir build/docs

lock: ## Solve pyproject.toml into requirements.lock; UPGRADE=1 takes the newest versions.
	@[ -x $(BIN)/uv ] || { $(new_venv); $(BIN)/python -m pip install -q uv; }
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  $(if $(UPGRADE),--upgrade) --output-file requirements.lock pyproject.toml
	@echo "requirements.lock is up to date; \`make\` installs it with the next target"

clean: ## Stop the stack and remove .venv, caches and .everfit.
	@if [ -d .everfit ] && [ -x $(BIN)/everfit ]; then EVERFIT_HOME="$(CURDIR)/.everfit" $(BIN)/everfit down || { \
	  echo "nothing was removed" >&2; \
	  echo "  why: \`everfit down\` failed, the stack may still write to .everfit" >&2; \
	  echo "  fix: stop the stack, remove .everfit, then run \`make clean\` again" >&2; exit 1; }; fi
	@rm -rf .everfit .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

define new_venv
	python=; for each in $(PYTHON); do \
	  if "$$each" -c '$(SUITS)' >/dev/null 2>&1; then python=$$each; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "the environment .venv cannot be made" >&2; \
	  echo "  why: none of these is a Python 3.11 to 3.13 with venv and ensurepip: $(PYTHON)" >&2; \
	  echo "  fix: install one of them, or name yours: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; fi; \
	rm -rf .venv; "$$python" -m venv .venv
endef

# pip installs uv from the lock, uv the rest; where uv does not get through, pip goes on with the same lock.
define install_lock
	echo "installing requirements.lock into .venv, a minute or two"; \
	$(UV_PIN) > .venv/uv.txt; \
	index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	if $(BIN)/python -m pip install -q --require-hashes --no-deps -r .venv/uv.txt \
	  && UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}" $(BIN)/uv pip sync -q --python $(BIN)/python \
	    --require-hashes --compile-bytecode requirements.lock; then :; else \
	  echo "uv did not get through, pip installs the same lock; this takes longer" >&2; \
	  $(BIN)/python -m pip install -q --require-hashes --no-deps -r requirements.lock; fi
endef

# The stamp is written last and holds the place: a half-made or moved .venv is made anew, an old one is updated.
ifneq ("$(shell cat $(STAMP) 2>/dev/null)","$(CURDIR)")
$(STAMP): FORCE
endif
$(STAMP): requirements.lock pyproject.toml
	@if [ "$$(cat $@ 2>/dev/null)" != "$(CURDIR)" ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  $(new_venv); fi
	@rm -f $@
	@cmp -s requirements.lock .venv/requirements.lock || { set -e; $(install_lock); cp requirements.lock .venv/; }
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation --no-index -e .
	@echo "$(CURDIR)" > $@
