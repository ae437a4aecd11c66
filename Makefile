# make help tells what there is. Everything works from any folder:
# make -C path/to/book book
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
PYTHON ?= python3
RUN := cd "$(ROOT)" && OMP_NUM_THREADS=1 .venv/bin/python

.PHONY: help book page pdf lab why fresh test serve lint bench mutate clean setup

help: ## this list
	@grep -E '^[a-z]+:.*## ' "$(ROOT)Makefile" | sed -E 's/:.*## /\t/' | expand -t 10

book: setup ## run the pages that are stale, build the site into _build/html
	@$(RUN) -m bookbuild.build

page: setup ## one page, run and built: make page P=01_perceptrons
	@test -n "$(P)" || { echo "Which page? make page P=01_perceptrons" >&2; exit 2; }
	@$(RUN) -m bookbuild.build "$(P)"

pdf: setup ## the book in print, by XeLaTeX, at _build/pdf/book.pdf
	@$(RUN) -m bookbuild.pdf

why: setup ## what a page depends on and why it will run or not: make why P=02
	@$(RUN) -m bookbuild.fingerprint "$(P)"

lab: setup ## a page's notebook in JupyterLab, as a copy in mine/: make lab P=02
	@$(RUN) -m bookbuild.lab "$(P)"

fresh: setup ## run everything again, report what changed; KEEP=1 keeps it
	@$(RUN) -m bookbuild.fresh $(P) $(if $(KEEP),--keep)

test: setup ## every test that needs no browser and no TeX
	@$(RUN) -m pytest -n 2 --dist loadfile -m "not browser" \
		--ignore=tests/pdf

lint: setup ## style of code, pages, citations and spelling
	@$(RUN) -m bookbuild.lint

serve: book ## look at the book at http://localhost:8000
	@$(RUN) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

bench: setup ## how long building takes: some runs each, the median printed
	@$(RUN) tests/bench.py

mutate: setup ## change a module line by line; do tests notice? M=optim
	@$(RUN) tests/mutate.py "$(M)"

clean: ## remove _build; stored notebooks and .venv stay
	@rm -rf "$(ROOT)_build"

setup:
	@"$(ROOT)code/bookbuild/setup.sh" "$(PYTHON)"
