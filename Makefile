# `make run` opens the studio, `make test` tells whether this machine is fine, `make test-all` is what CI runs.
# All of them set .venv up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test test-tensorflow test-jax test-installed test-all soak bench laws pictures clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

# With no display the guided tour runs offscreen instead, and says where its pictures are.
run: $(VENV)/.installed
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then $(BIN)/studio; \
	else echo "There is no display: the guided tour runs offscreen."; \
	  QT_QPA_PLATFORM=offscreen $(BIN)/studio --tour tour; fi

test: $(VENV)/.installed laws
	$(PYTEST) -m "not soak and not thorough" tests

test-tensorflow: $(VENV)/.installed laws
	$(PYTEST) -m "not soak" tests

# Tiny models spend their time in the compiler: without its optimizations this takes three fifths of the time, and what a
# resumed run compiles again is found in a cache.
test-jax: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[jax]'
	cache=$$(mktemp -d) && KERAS_BACKEND=jax JAX_PLATFORMS=cpu JAX_DISABLE_MOST_OPTIMIZATIONS=1 \
	  JAX_COMPILATION_CACHE_DIR=$$cache JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.2 \
	  $(BIN)/python -m pytest -m "not soak and not one_backend" -n 2 --dist loadfile tests/models/backend && rm -rf $$cache

# A fresh environment that knows nothing of this checkout.
test-installed:
	place=$$(mktemp -d) && $(PYTHON) -m venv $$place/venv && $$place/venv/bin/python -m pip install --quiet . && \
	  cp tests/tools/installed.py $$place && cd $$place && venv/bin/generative-studio --version && \
	  venv/bin/python installed.py && rm -rf $$place

test-all: test-tensorflow test-jax test-installed
	env -u DISPLAY -u WAYLAND_DISPLAY $(MAKE) run

laws: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

soak: $(VENV)/.installed
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m soak tests
	$(BIN)/python -m tests.soak.campaign --minutes $(or $(MINUTES),5)

bench: $(VENV)/.installed
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/gui.py
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(VENV) build *.egg-info tour .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The screenshots of the README, taken by the guided tour in both themes.
pictures: $(VENV)/.installed
	for theme in light dark; do \
	  QT_QPA_PLATFORM=offscreen STUDIO_HOME=$$(mktemp -d) $(BIN)/studio --tour tour/$$theme --theme $$theme || exit 1; \
	  for pair in home-home:home data-fashion:data train-trained:train latent-directions-and-neighbours:latent \
	      latent-drawn-path:path arithmetic-sum:arithmetic \
	      styles-mixes:styles diffusion-middle:diffusion diffusion-prompt-effect-of-a-word:prompt \
	      train-generator-phase:steps denoise-comparison:denoise neurons-ablated:neurons gallery-exports:gallery; do \
	    cp tour/$$theme/*-$${pair%%:*}.png docs/pictures/$${pair##*:}-$$theme.png; done; done
