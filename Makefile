# make demo     install, generate a bank (or read BANK_DATA), materialise every product, print the table
# make dev      the Dagster UI over the same MESH_HOME
#               another bank (BANK_DATA, SCALE or SEED) has a mesh home of its own, unless MESH_HOME is set
# make test     tests · make test-system: whole workspaces, pages, kills · make test-slow: those that take minutes
# make test-marquez: against a real Marquez
# make test-damage   proof that damaged records of every kind of legacy file are noticed, in bounded memory
# make leak     SEED=1 N=5000: generated reads of every way, and a search of all that leaves for hidden values
# make check    style, types, import rules, contracts, policies, lineage, dbt, dg · make bench: benchmarks

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCALE ?= 0.1
SEED ?= 1
PORT ?= 3000

# Two banks in one home would look like one that loses its history. So the home has the folder's name and a checksum of its path.
ifndef MESH_HOME
ifdef BANK_DATA
MESH_HOME := .mesh/banks/$(shell place=$$(realpath -m -- "$(BANK_DATA)"); \
  name=$$(basename -- "$$place" | LC_ALL=C tr -c 'A-Za-z0-9._\n-' '_'); \
  printf '%s-%s' "$$name" "$$(printf '%s' "$$place" | cksum | cut -d ' ' -f 1)")
else ifneq ($(SCALE)-$(SEED),0.1-1)
MESH_HOME := .mesh/banks/demo-$(SCALE)-$(SEED)
else
MESH_HOME := .mesh
endif
endif
# Three readers of a mesh home; the first one reads, for analytics, unless another was chosen before.
READERS = for reader in "retail_analyst --purpose analytics" service_agent \
  "data_owner $(foreach domain,$(notdir $(wildcard domains/*)),--domain $(domain))"; \
  do $(BIN)/mesh token issue --role $$reader > /dev/null || exit 1; done
ONE_CUSTOMER := --columns customer_id,full_name,age,balance --limit 1
DEMO := $(MESH_HOME)/demo_bank/$(SCALE)-$(SEED)

export MESH_HOME
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := true

PACKAGES := platform domains/* demo_bank

.PHONY: install demo dev test test-system test-slow test-damage test-marquez leak check bench lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock $(wildcard platform/pyproject.toml domains/*/pyproject.toml demo_bank/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Bankmesh needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Say PYTHON=python3.12, for example."; exit 1; }
	@echo "Installing into $(VENV); the first time takes a few minutes ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
	  $(foreach package,$(wildcard $(PACKAGES)),-e $(package))
	@touch $@

demo: install
ifdef BANK_DATA
	@test -d "$(BANK_DATA)" || { echo "BANK_DATA=$(BANK_DATA) is no folder."; exit 1; }
	@$(BIN)/mesh run
else
	@test -f "$(DEMO)/.complete" || { \
	  $(BIN)/python -m demo_bank --scale $(SCALE) --seed $(SEED) --out "$(DEMO)" && touch "$(DEMO)/.complete"; }
	@BANK_DATA="$(DEMO)" $(BIN)/mesh run
endif
	@$(READERS)
ifndef BANK_DATA
	@echo; echo "The same customer, as two roles see it:"
	@for reader in "retail_analyst --purpose analytics" "service_agent --purpose service"; do \
	  echo; echo "$$ $(BIN)/mesh get retail.customer_360 $(ONE_CUSTOMER) --as $$reader"; \
	  $(BIN)/mesh get retail.customer_360 $(ONE_CUSTOMER) --as $$reader || exit 1; done
endif

dev: install
	@$(BIN)/mesh dev --port $(PORT)

# One worker more than cores, because one usually waits for a daemon, a disk or a stop.
IN_PARALLEL := -n 3 --dist loadscope --no-loadscope-reorder

test: install
	$(BIN)/python -m pytest $(IN_PARALLEL) -m "not system and not slow and not marquez"

test-system: install
	$(BIN)/python -m pytest $(IN_PARALLEL) -m "system and not slow and not marquez"

test-slow: install
	$(BIN)/python -m pytest -m slow

# Damages 100,000 records of all kinds of legacy files, and lands 5,000,000 rows in bounded memory.
test-damage: install
	$(BIN)/python -m pytest -s -m slow platform/tests/sources/test_damaged_records.py platform/tests/sources/test_memory_of_landings.py

test-marquez: install
	$(BIN)/python -m pytest -m marquez tests/marquez

# N reads of each way; MUTANT names a defect of tests/leak/mutants.py, with which the check fails.
leak: N ?= 5000
leak: install
	PYTHONPATH=tests:platform/tests/helpers $(BIN)/python -m leak.leak_check --seed $(SEED) --reads $(N) --mutant "$(MUTANT)"

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models
	$(BIN)/mesh contract check
	$(BIN)/mesh policy check
	$(BIN)/mesh policy test
	$(BIN)/mesh lineage check
	$(BIN)/mesh test
	@for domain in $(notdir $(wildcard domains/*)); do \
	  (cd domains/$$domain && ../../$(BIN)/dg check defs --use-active-venv && ../../$(BIN)/dg check yaml) || exit 1; \
	  BANKMESH_DOMAIN=$$domain $(BIN)/dbt parse --quiet --project-dir dbt_project --profiles-dir platform/src/bankmesh/products/dbt/dbt_files \
	    --target-path "$(abspath $(MESH_HOME))/dbt/check-$$domain" --log-path "$(abspath $(MESH_HOME))/dbt/check-$$domain" || exit 1; \
	done

bench: install
	$(BIN)/python -m bench

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-strip-extras \
	  --all-extras --no-emit-package bankmesh platform/pyproject.toml demo_bank/pyproject.toml $(wildcard domains/*/pyproject.toml) \
	  -o requirements.lock

clean:
	rm -rf "$(MESH_HOME)"
