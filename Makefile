# Everything here needs Python 3.10-3.13 and make, and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST_WORKERS ?= 2

# tensorflow-cpu is half the size, but has wheels for Linux on x86-64 only.
KERAS := $(shell [ "$$(uname -s)-$$(uname -m)" = Linux-x86_64 ] && echo keras-cpu || echo keras)

.PHONY: demo test test-long fuzz packaged-models lint bench bench-check costs compression-table readme wheel clean

demo: $(VENV)/.demo
	$(BIN)/edgepack demo

test: $(VENV)/.dev
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal

test-long: $(VENV)/.dev
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -m long --cases 200

# 100,000 broken models; what is found lies in .pytest_cache/fuzz/found.
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.models.fuzz .pytest_cache/fuzz

packaged-models: $(VENV)/.dev
	$(BIN)/python -m tests.models.packaged

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.nets
	$(BIN)/python -m benchmarks.mlperf_tiny

# What CI runs; the four models are left out where EDGEPACK_MODELS names no folder with them.
BENCH_CHECK ?= mps2-an386 mps2-an385-m0 riscv-virt
bench-check: $(VENV)/.dev
	$(BIN)/python -m benchmarks.nets --check $(BENCH_CHECK)
	[ -z "$$EDGEPACK_MODELS" ] || $(BIN)/python -m benchmarks.mlperf_tiny --check $(BENCH_CHECK)

costs: $(VENV)/.dev
	$(BIN)/python -m benchmarks.costs

# Hours; what is in benchmarks/compression.json already is not made again.
compression-table: $(VENV)/.dev
	$(BIN)/python -m benchmarks.compression
	$(BIN)/python -m benchmarks.tables

readme: $(VENV)/.dev
	$(BIN)/python -m benchmarks.sessions
	$(BIN)/python -m benchmarks.tables

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist edgepack-out .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[zig,unicorn,$(KERAS),demo]'
	touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[zig,unicorn,$(KERAS),demo,dev]'
	touch $@
