# The first call of any target makes its own environment in .venv and says what the system lacks.

.PHONY: help demo test check bench soak mutants fuzz docs clean
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
RECIPE := constraints.txt setup.cfg setup.py

help:
	@echo "make demo    two cards, one PIN, one care sheet signed by both, on one screen"
	@echo "make test    the whole test suite"
	@echo "make check   lint, format, types, who may import whom, documentation"
	@echo "make bench   speed and memory, as ratios to a floor measured in the same run"
	@echo "make soak    a hundred clients, killed and misbehaving, and a million APDUs; for minutes"
	@echo "make mutants how many of the built-in faults the conformance suites catch"
	@echo "make fuzz    50 000 commands to the kernel and to an independent model of it; STEPS=… for another number;"
	@echo "             then atheris on every card and decoder, TIME=… seconds each; TARGETS=… chooses"
	@echo "make docs    the documentation, in docs/_build"
	@echo "make clean   remove what the other targets made"

# The core: no compiler, no PC/SC. pip is pinned like the rest.
$(VENV)/.core: $(RECIPE)
	@.ci/system-packages core
	@test -x $(BIN)/python || "$$(.ci/python)" -m venv --clear $(VENV)
	@echo "installing bifente in $(VENV)"
	@$(PIP) install -c constraints.txt --upgrade pip setuptools wheel
	@PYTHONWARNINGS=ignore $(PIP) install -c constraints.txt --no-build-isolation -e '.[figures,web]'
	@touch $@

# What testing and checking need besides.
$(VENV)/.test: $(VENV)/.core
	@.ci/system-packages test
	@echo "installing the test tools in $(VENV)"
	@PYTHONWARNINGS=ignore $(PIP) install -c constraints.txt --no-build-isolation -e '.[pcsc,figures,postgres,scale,web,test,check,docs]'
	@touch $@

demo: $(VENV)/.core
	@$(BIN)/bifente demo
	@echo
	@echo "The command is $(BIN)/bifente; '. $(BIN)/activate' puts it in reach of this shell."

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 3 --dist worksteal --session-timeout=1500

# Static checkers cannot follow the mapped folders of an editable install: mypy reads an installed copy.
check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@rm -rf build/check build/lib build/bdist.*
	@$(PIP) install --no-deps --no-index --no-build-isolation --target build/check .
	MYPYPATH=build/check $(BIN)/mypy -p bifente
	$(BIN)/python -m pytest -q tests/house/test_arrows.py
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.test
	@$(BIN)/python benchmarks

soak: $(VENV)/.test
	@$(BIN)/python benchmarks/soak.py

mutants: $(VENV)/.test
	@$(BIN)/python tests/mutants

fuzz: $(VENV)/.test
	@ORACLE_STEPS=$(or $(STEPS),50000) $(BIN)/python -m pytest -q tests/oracle --timeout 0
	@PYTHONWARNINGS=ignore $(PIP) install -c constraints.txt --no-build-isolation -e '.[fuzz]' >/dev/null 2>&1 \
		|| echo "the extra fuzz (atheris) cannot be installed here"
	@$(BIN)/python tests/fuzz $(or $(TIME),10) $(TARGETS)

docs: $(VENV)/.test
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

clean:
	rm -rf build dist *.egg-info docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis $(VENV)
