# make help tells what there is. Everything works from any folder:
# make -C path/to/book book
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
PYTHON ?= python3
RUN := cd "$(ROOT)" && OMP_NUM_THREADS=1 .venv/bin/python

.PHONY: help book page pdf epub site offline lab why fresh sample test check \
	serve lint links newest issue bench mutate packages clean setup

help: ## this list
	@grep -E '^[a-z]+:.*## ' "$(ROOT)Makefile" | sed -E 's/:.*## /\t/' | expand -t 10

book: setup ## run the pages that are stale, build the site into _build/html
	@$(RUN) -m bookbuild.build

page: setup ## one page, run and built: make page P=01_perceptrons
	@test -n "$(P)" || { echo "Which page? make page P=01_perceptrons" >&2; exit 2; }
	@$(RUN) -m bookbuild.build "$(P)"

pdf: setup ## the book in print, by XeLaTeX, at _build/pdf/book.pdf
	@$(RUN) -m bookbuild.pdf

epub: setup ## the book for e-readers, at _build/epub/book.epub
	@$(RUN) -m bookbuild.epub

site: book pdf epub ## all of it as it is published, in _build/site
	@$(RUN) -m bookbuild.publish

why: setup ## what a page depends on and why it will run or not: make why P=02
	@$(RUN) -m bookbuild.fingerprint "$(P)"

lab: setup ## a page's notebook in JupyterLab, as a copy in mine/: make lab P=02
	@$(RUN) -m bookbuild.lab "$(P)"

fresh: setup ## run everything again, report what changed; KEEP=1 keeps it
	@$(RUN) -m bookbuild.fresh $(P) $(if $(KEEP),--keep)

sample: setup ## run two pages afresh, chosen by the commit; stores nothing
	@$(RUN) -m bookbuild.execute --check \
		--chosen-by "$$(git -C "$(ROOT)" rev-parse HEAD)"

offline: setup ## site and sample where there is no network, all outputs stored
	@set -o pipefail; cd "$(ROOT)" && mkdir -p _build && \
		code/bookbuild/offline.sh $(MAKE) -C "$(ROOT)" site sample \
		| tee _build/offline.log
	@grep -q '^executed: 0 of ' "$(ROOT)_build/offline.log" || { echo \
		"a clone must not have to execute anything:" \
		"commit notebooks/ after make book" >&2; exit 1; }

test: setup ## every test that needs no browser and no TeX
	@$(RUN) -m pytest -n 2 --dist loadfile -m "not browser" \
		--ignore=tests/editions

check: setup ## the tests of what was built: in a browser, in print
	@$(RUN) -m pytest -n 2 --dist loadfile -m "browser and not quiet" \
		tests/browser
	@$(RUN) -m pytest -m "browser and quiet" tests/browser
	@$(RUN) -m pytest tests/editions

lint: setup ## style of code, pages, citations and spelling
	@$(RUN) -m bookbuild.lint

links: setup ## ask every address that the book names whether it is there
	@$(RUN) -m bookbuild.links

newest: setup ## try all of it, in a copy, with the newest libraries
	@$(RUN) -m bookbuild.newest

issue: setup ## tell on GitHub what links or newest found: make issue R=links
	@$(RUN) -m bookbuild.issue "$(R)"

serve: book ## look at the book at http://localhost:8000
	@$(RUN) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

bench: setup ## how long building takes: some runs each, the median printed
	@$(RUN) tests/bench.py

mutate: setup ## change a module line by line; do tests notice? M=optim
	@$(RUN) tests/mutate.py "$(M)"

packages: ## install what site and check need beside Python, on Debian
	@"$(ROOT)code/bookbuild/packages.sh"

clean: ## remove _build; stored notebooks and .venv stay
	@rm -rf "$(ROOT)_build"

setup:
	@"$(ROOT)code/bookbuild/setup.sh" "$(PYTHON)"
