# make run: set up, index the articles, open the chat.  make test: set up, run all checks.
# make bench BENCH='--corpus DIR': measure beside other systems, which it installs into .bench/ (add --quick for minutes).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7860

.PHONY: run test setup build score reliability bench clean

run: build
	$(BIN)/crosscite chat --port $(PORT)

build: setup
	$(BIN)/crosscite build

test: setup
	$(BIN)/ruff check .
	$(BIN)/pytest
	$(BIN)/crosscite build
	$(BIN)/crosscite score --gate

score: build
	$(BIN)/python -m eval.calibrate
	$(BIN)/python -m eval.publish

reliability: setup
	$(BIN)/python -m eval.reliability

bench: setup
	$(BIN)/python -m eval.bench $(BENCH)

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "CrossCite needs Python 3.11 or newer; install it, or name it: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing; install it (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[models,test]'
	@touch $@

clean:
	rm -rf $(VENV) .index .bench artifacts
