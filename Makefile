# Two commands do all: `make up` and `make test`. Each sets up what it needs first.
PY := .venv/bin/python
BIN := .venv/bin
SARDONYX_DATA ?= $(abspath ../shared/data)
export SARDONYX_DATA
HEAVY := heavy or published
CHECKS := types dead-code translations hygiene documents layers lint format
# Images often forbid byte code, to stay small. Here it would compile the portal anew for every
# start, and pytest would rewrite all tests in every worker of every run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down portal pictures test check format test-heavy bench bench-cluster wheel pins clean \
    cluster cluster-light cluster-down test-cluster test-cluster-light $(addprefix check-,$(CHECKS))

up:            ## set up and run the platform on this machine
	@python3 tools/bootstrap.py run
	@$(BIN)/sardonyx up $(UP)

down:          ## stop the platform
	@$(BIN)/sardonyx down

portal:        ## start the portal again with the code as it is now; services keep running
	@$(PY) tools/assets.py
	@$(PY) tools/portal.py

test:          ## set up and run the tests (real parts, Chromium where it is installed)
	@python3 tools/bootstrap.py dev
	@$(PY) tools/chromium.py
	@$(BIN)/pytest -n 2 --dist loadgroup

test-heavy:    ## what is slow, needs root or needs the published data
	@python3 tools/bootstrap.py dev
	@$(PY) tools/chromium.py
	@$(BIN)/pytest -m '$(HEAVY)'

cluster:       ## bring up both clusters to test on: simulated nodes, and where root allows a whole one
	@python3 tools/bootstrap.py dev
	@$(PY) -m tools.cluster up
	@$(PY) -m tools.cluster images || test $$? -eq 3

cluster-light: ## bring up the light cluster alone; no root
	@python3 tools/bootstrap.py dev
	@$(PY) -m tools.cluster up light

cluster-down:  ## end both and leave the machine as it was
	@$(PY) -m tools.cluster down

test-cluster:  ## the tests on clusters; says what this machine leaves out
	@python3 tools/bootstrap.py dev
	@$(PY) tools/chromium.py
	@$(PY) -m tools.cluster build
	@$(BIN)/pytest -n 2 --dist loadgroup -m 'cluster or node' -rs tests/cluster

test-cluster-light: ## those of them that need no root: an API server with simulated nodes
	@python3 tools/bootstrap.py dev
	@$(PY) -m tools.cluster up light
	@$(BIN)/pytest -m cluster -rs tests/cluster; ended=$$?; \
	    $(PY) -m tools.cluster down light; exit $$ended

check:         ## format, lint, types, layers, dead code, translations, documents, hygiene
	@python3 tools/bootstrap.py dev
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target \
	    $(addprefix check-,$(CHECKS))

check-types:
	$(BIN)/mypy
check-dead-code:
	$(BIN)/vulture
check-translations:
	$(PY) tools/translations.py check
check-hygiene:
	$(PY) tools/hygiene.py
check-documents:
	$(PY) tools/documents.py check
check-layers:
	$(BIN)/lint-imports
check-lint:
	$(BIN)/ruff check .
check-format:
	$(BIN)/ruff format --check .

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench:         ## measure, with peers in the same run
	@python3 tools/bootstrap.py dev
	@$(PY) tools/bench.py

bench-cluster: ## measure a platform on a cluster: lists, launches, open pages
	@python3 tools/bootstrap.py dev
	@$(PY) tools/bench.py --only cluster_lists --only cluster_launches --only cluster_pages

wheel:         ## build the wheel that `pip install 'sardonyx[local]'` takes
	@python3 tools/bootstrap.py dev
	$(BIN)/uv build --wheel --no-build-isolation --python $(PY) --out-dir dist

pictures:      ## take the pictures of the documents again
	@$(PY) tools/pictures.py

pins:          ## resolve every requirements file again
	$(PY) tools/pins.py

clean:
	rm -rf .venv node_modules dist build src/sardonyx/web/static/dist
