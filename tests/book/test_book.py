"""The book itself: every page keeps the rules and its outputs are its own."""

import json

import nbformat
import pytest

from bookbuild.fingerprint import stale
from bookbuild.lint import book_problems, page_problems
from bookbuild.pages import ROOT, pages_of

PAGES = pages_of()
EXECUTED = [page for page in PAGES if page.code]
LONG = 5  # pages that may take more than the usual budget


def names(pages):
    return [page.stem for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_page_keeps_the_rules(page):
    assert page_problems(page) == []


def test_labels_citations_and_quotations_hold_between_pages():
    assert book_problems() == []


@pytest.mark.parametrize("page", EXECUTED, ids=names(EXECUTED))
def test_stored_outputs_belong_to_the_present_code(page):
    assert stale(page) == []


@pytest.mark.parametrize("page", EXECUTED, ids=names(EXECUTED))
def test_page_ran_inside_its_budget(page):
    record = page.stored().metadata.book
    seconds, megabytes = page.budget
    assert record.seconds <= seconds <= 400
    assert record.megabytes <= megabytes
    assert page.store.stat().st_size <= 2e6


@pytest.mark.parametrize("page", EXECUTED, ids=names(EXECUTED))
def test_stored_notebook_is_a_valid_one(page):
    nbformat.validate(json.loads(page.store.read_bytes()))


def test_few_pages_ask_for_more_time():
    assert sum("budget" in page.notebook.metadata for page in EXECUTED) <= LONG


def test_data_fit_in_40_mb():
    files = (ROOT / "data").rglob("*")
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 40e6
