# Everything runs from a private environment in .venv, made on first use.
#   make demo   the verdict on the bundled sample
#   make test   the tests
#   make lint   style, types, layers
#   make debuginfo  fetches the vmlinux of the bundled sample, and prints the folder for KDIVE_DEBUG_DIRS
#   make bench  side by side with other tools (KDIVE_SAMPLES=DIR for more dumps)
#   make matrix every kind of crash on every kernel, and how right the reports are (MATRIX=DIR; hours, tens of GB)
#   make oracle the dumps of the matrix made by kdive and by makedumpfile, page by page (MATRIX=DIR)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

MATRIX ?= matrix
MATRIX_KERNELS := 5.10 6.1 6.12 newest

.PHONY: demo test lint debuginfo bench matrix lock clean

demo: $(READY)
	@$(BIN)/kdive report samples/sample.vmcore

test: $(READY)
	@$(BIN)/python -m pytest

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

debuginfo: $(READY)
	@$(BIN)/kdive debuginfo fetch samples/sample.vmcore --from apt --quiet

bench: $(READY)
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.dump --table docs/benchmarks.md

matrix: $(READY)
	-@$(BIN)/kdive lab matrix $(MATRIX) $(MATRIX_KERNELS:%=--kernel %)
	-@$(BIN)/kdive lab matrix $(MATRIX) --arch aarch64 --kernel 6.1 --kernel 6.12 \
		--kind sysrq --kind null-deref --kind null-deref-timer --kind soft-lockup
	@$(BIN)/kdive lab score $(MATRIX) --table docs/matrix.md --revision $$(git rev-parse --short HEAD)

oracle: $(READY)
	@$(BIN)/python -m benchmarks.oracle $(MATRIX) --table docs/oracle.md

$(READY): requirements.txt pyproject.toml tools/make-venv
	@tools/make-venv $(VENV)
	@touch $@

# Newest versions that pyproject.toml allows, with hashes and no addresses.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements.txt

clean:
	rm -rf $(VENV) dist build
