# Everything this project does, one word each. `make help` lists the words.
#
#   PYTHON=python3.12 make serve     with a Python of your choice
#   PORT=9000 make serve             on another port

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt
INSTALL := $(BIN)/python -m pip install -qq --constraint $(CONSTRAINTS) --build-constraint constraints.txt

# An environment of its own with the lowest versions that pyproject.toml allows, on the oldest Python there is here.
LOWEST := .venv-lowest
OLDEST_PYTHON := $(or $(PYTHON),python3.11 python3.12 python3.13 python3)

# An environment of its own for the plugins, themes and tools of others that ours is tried with.
MATRIX := .venv-matrix

# A strict build that says nothing unless it fails: --quiet would let every warning pass.
BUILD := said=$$($(BIN)/mkdocs build --strict 2>&1) || { echo "$$said" >&2; exit 1; }

# Two at once; a file's tests stay together, so that what they share is made once; in order, as the slowest come first.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

# What tests write is thrown away: in memory it waits for no disk. Elsewhere where memory is scarce or runs no programs.
MEMORY := /dev/shm
TEST_FILES := $(or $(TMPDIR),$(shell \
	findmnt --noheadings --output OPTIONS --target $(MEMORY) 2>/dev/null | grep --invert-match --quiet noexec && \
	awk '/MemAvailable/ { exit $$2 < 12000000 }' /proc/meminfo && \
	df --output=avail $(MEMORY) | awk 'END { exit $$1 < 8000000 }' && echo $(MEMORY)),/tmp)
PYTEST := TMPDIR=$(TEST_FILES) $(BIN)/pytest

# Stamps live inside what they speak of, so that they go when it goes.
APP := $(VENV)/.app-installed
TOOLS := $(VENV)/.tools-installed
SITE := site/index.html
SITE_SOURCES := mkdocs.yml support-policy.yml $(shell find docs overrides site_plugins supportpolicy formapp/widgets formapp/*.py \
	-type f ! -name '*.pyc')

# The demo's guide and address, where the environment names no others.
export FORMAPP_SITE_DIR ?= site
export FORMAPP_BASE_URL ?= http://127.0.0.1:$(PORT)
DEMO_CUSTOMER := ada@shop.example

# Silences a banner about MkDocs 2, which this project doesn't use.
export NO_MKDOCS_2_WARNING := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List what make can do here
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Everybody who reaches the desk could read its mails, so of all targets this one alone asks for it.
serve: export FORMAPP_DEV_INBOX ?= 1
.PHONY: serve
serve: $(APP) $(SITE) ## Serve guide and help desk on http://127.0.0.1:8000, with demo data (PORT=9000 for another port)
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", int("$(PORT)"))).close()' 2>/dev/null || \
		{ echo "Port $(PORT) can't be used; something else may run there. Choose another: PORT=9000 make serve" >&2; exit 1; }
	@$(BIN)/formapp db upgrade >/dev/null
	@$(BIN)/formapp demo
	@echo
	@echo "  Sign in as $(DEMO_CUSTOMER):   $$($(BIN)/formapp signin-link $(DEMO_CUSTOMER))"
	@echo "  The link works once; \"make link\" prints another. Ctrl-C ends everything."
	@echo
	@exec $(BIN)/formapp serve --port $(PORT)

.PHONY: link
link: $(APP) ## Print a fresh sign-in link for the demo customer
	@$(BIN)/formapp signin-link $(DEMO_CUSTOMER)

.PHONY: site
site: $(SITE) ## Build the guide into site/

.PHONY: test
test: check $(TOOLS) browser servers $(MATRIX)/.installed ## Run every check and all tests but the longest; installs what they need
	$(PYTEST) $(PARALLEL)

.PHONY: test-quick
test-quick: $(TOOLS) ## Run three of four tests in a third of the time: rules, use cases, pages; no browser
	$(PYTEST) $(PARALLEL) tests/policy tests/reference tests/widgets tests/service tests/web tests/webhooks

.PHONY: test-failed
test-failed: check ## Run once more what failed in the last run, one test after another
	$(PYTEST) -n 0 --last-failed --last-failed-no-failures none

# Each room that says something to people has its messages in its own folder "locale".
ROOMS_WITH_MESSAGES := supportpolicy site_plugins formapp
LANGUAGES := de fr es ar
KEYWORDS := -k gettext -k _ -k ngettext:1,2 -k pgettext:1c,2 -k gettext_noop

.PHONY: translations
translations: $(TOOLS) ## Collect the messages of code and templates, add them to each language's catalogue, compile
	@for room in $(ROOMS_WITH_MESSAGES); do \
		mkdir -p $$room/locale; \
		$(BIN)/pybabel -q extract -F babel.cfg $(KEYWORDS) --no-default-keywords --sort-by-file --no-location --omit-header \
			-o $$room/locale/messages.pot $$room && \
		for language in $(LANGUAGES); do \
			folder=$$room/locale/$$language/LC_MESSAGES; \
			if [ -f $$folder/messages.po ]; then action=update; more="--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date"; else action=init; more=; fi; \
			$(BIN)/pybabel -q $$action -i $$room/locale/messages.pot -d $$room/locale -l $$language $$more && \
			$(BIN)/pybabel -q compile -d $$room/locale -l $$language || exit 1; \
		done; \
	done

.PHONY: test-all
test-all: check $(TOOLS) browser servers $(MATRIX)/.installed ## Run what "make test" runs and the long stories beside: a hundred kills, the largest files
	$(PYTEST) $(PARALLEL) -m ""

.PHONY: test-lowest
test-lowest: ## Run the tests that need no browser with the lowest versions that are allowed, in .venv-lowest
	@$(MAKE) --no-print-directory VENV=$(LOWEST) CONSTRAINTS=$(LOWEST)/constraints.txt PYTHON="$(OLDEST_PYTHON)" \
		$(LOWEST)/.tools-installed
	env -u FORMAPP_SITE_DIR -u FORMAPP_BASE_URL TMPDIR=$(TEST_FILES) $(LOWEST)/bin/pytest -n 2 tests/policy tests/widgets tests/plugin tests/web tests/service

.PHONY: matrix
matrix: $(TOOLS) browser $(MATRIX)/.installed ## Try the plugin beside others' plugins, themes and tools, and write the handbook's page of it
	$(PYTEST) -n 2 tests/matrix -m "" -k each_row --update-golden
	@$(BIN)/python -m site_plugins.reference

.PHONY: check
check: $(TOOLS) ## Run the checks without the tests: style, types, import directions, a strict build
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m supportpolicy check support-policy.yml
	$(BIN)/python -m site_plugins.lint
	@$(BUILD)

.PHONY: format
format: $(TOOLS) ## Put the Python files into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench-filing
bench-filing: $(TOOLS) $(SITE) ## Measure filing from the embedded form, beside django-helpdesk (2 minutes; ARGS=--quick for less)
	@$(BIN)/python -m benchmarks.filing $(ARGS)

.PHONY: bench-build
bench-build: $(TOOLS) ## Measure how much longer a guide of 1,000 pages takes to build with the plugin (10 minutes)
	$(BIN)/python -m benchmarks.build $(ARGS)

.PHONY: bench-queue
bench-queue: $(TOOLS) ## Measure the staff queue from 1,000 to 1,000,000 tickets, on SQLite and PostgreSQL (some minutes)
	$(BIN)/python -m benchmarks.queue

.PHONY: bench-search
bench-search: $(TOOLS) ## Measure search from 1,000 to 100,000 tickets, on both databases (ARGS="--largest 1000000" for more)
	$(BIN)/python -m benchmarks.search $(ARGS)

.PHONY: screens
screens: $(TOOLS) $(SITE) browser ## Take the guide's pictures anew from the running app, as docs/screens.yml lists them
	$(BIN)/python -m site_plugins.screens --site site

.PHONY: screens-check
screens-check: $(TOOLS) $(SITE) browser ## Try the guide's steps in the app, and compare its pictures ("make test" does it, too)
	$(BIN)/python -m site_plugins.screens --site site --check

.PHONY: reference
reference: $(TOOLS) ## Write the handbook's pages that are made from the code: settings, policy file, rooms
	@$(BIN)/python -m site_plugins.reference

.PHONY: clean
clean: ## Remove the environments and the built guide; var/ with the database stays
	rm -rf $(VENV) $(LOWEST) $(MATRIX) site build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(SITE): $(APP) $(SITE_SOURCES)
	@echo "Building the guide ..."
	@$(BUILD)

$(APP): pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing the guide and the help desk into $(VENV) (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	@$(INSTALL) --editable '.[desk]' --group guide
	@touch $@

$(TOOLS): $(APP)
	@echo "Installing what the tests need ..."
	@$(INSTALL) --editable '.[desk,postgresql,s3,metrics]' --group test
	@touch $@

# Where they can't be had, the rows of the matrix are skipped.
$(MATRIX)/.installed: tests/matrix/requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing the plugins, themes and tools of others that ours is tried with ..."
	@$(BIN)/python -m venv --clear $(MATRIX)
	@{ $(MATRIX)/bin/python -m pip install --quiet --constraint constraints.txt --upgrade pip && \
		$(MATRIX)/bin/python -m pip install --quiet --requirement tests/matrix/requirements.txt && \
		$(MATRIX)/bin/python -m pip install --quiet --no-deps --build-constraint constraints.txt --editable . && touch $@; } || \
		echo "They can't be installed; what needs them is skipped." >&2

# The tested versions, but the lowest of what pyproject.toml asks for: a name counts once, however it is spelled.
$(LOWEST)/constraints.txt: constraints-lowest.txt constraints.txt | $(LOWEST)/bin/python
	@awk -F== '{name = tolower($$1); gsub(/[-_.]+/, "-", name)} \
		NR == FNR {lowest[name]; print; next} !(name in lowest)' $^ > $@

# The first Python that is new enough and can make environments.
$(BIN)/python:
	@fits=; found=; \
	for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		fits="$${fits:-$$candidate}"; \
		"$$candidate" -c 'import ensurepip, venv' 2>/dev/null || continue; \
		found="$$candidate"; break; \
	done; \
	if [ -z "$$fits" ]; then \
		echo "Python 3.11 or newer is needed$(if $(PYTHON),; $(PYTHON) is not that)." \
			"Install it, or name it: PYTHON=/path/to/python3.11 make" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
		echo "$$fits is here, but can't make environments (its venv or ensurepip is missing)." \
			"On Debian and Ubuntu: apt-get install python3-venv. Or name another Python: PYTHON=/path/to/python3.11 make" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$found ..."; \
	"$$found" -m venv --clear $(VENV)

# A browser for the tests and the pictures: the system's, else Debian's without a window, where that may be installed.
# In a container it is that one even beside another: a page takes a third of the time in it. With a font as wide as most
# readers' have: alone there would be one that is wider.
.PHONY: browser
browser: $(TOOLS)
	@dpkg --status chromium-headless-shell fonts-liberation >/dev/null 2>&1 && exit 0; \
	found=$$($(BIN)/python -m site_plugins.chromium 2>/dev/null); \
	if [ -n "$$CHROMIUM" ] || { [ -n "$$found" ] && [ -d /run/systemd/system ]; }; then :; \
	elif command -v apt-get >/dev/null; then \
		if [ "$$(id -u)" = 0 ]; then as_root=; elif [ -z "$$found" ] && sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root=no; fi; \
		if [ "$$as_root" != no ]; then \
			echo "Installing Chromium for the tests ..."; \
			{ $$as_root apt-get update -qq; for one in chromium-headless-shell chromium; do \
				DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$one fonts-liberation && break; \
			done; } >/dev/null 2>&1 || true; \
		fi; \
	fi; \
	$(BIN)/python -m site_plugins.chromium >/dev/null

# nginx and Caddy for the tests that put them before the desk, Dovecot for those that fetch from a mailbox, Exim for one
# that is handed mail: Debian's, where they may be installed and no service would start by that. Without them those tests
# are skipped.
.PHONY: servers
servers:
	@PATH="$$PATH:/usr/sbin"; \
	for one in nginx:nginx caddy:caddy dovecot:dovecot-imapd exim4:exim4-daemon-light; do \
		command -v "$${one%:*}" >/dev/null && continue; \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && [ ! -d /run/systemd/system ]; then \
			echo "Installing $${one%:*} for the tests ..."; \
			{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				"$${one#*:}"; } >/dev/null 2>&1 || \
				echo "$${one%:*} can't be installed; its tests are skipped." >&2; \
		fi; \
	done
