"""The book's addresses are asked, on a server of the test's own."""

import http.server
import json
import re
import threading
import warnings
from types import SimpleNamespace

import pytest

from bookbuild import links
from bookbuild.pages import PageError

DAY = "2026-11-28"
STATUS = {"/good": 200, "/gone": 404, "/shut": 403, "/sick": 500,
          "/out": 503, "/private": 401, "/": 200}


class Server(http.server.BaseHTTPRequestHandler):
    status = STATUS

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/good")
        elif self.path == "/no-head":
            self.send_response(405 if self.command == "HEAD" else 200)
        else:
            self.send_response(self.server.status.get(self.path, 404))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.asked, server.status = [], dict(STATUS)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def book(tmp_path, server, built_once, monkeypatch):
    """book(paths): a tiny book whose first page links to these."""
    book = built_once.copy(tmp_path / "book")
    (book.root / "_build").mkdir()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def linking(*paths):
        place = f"http://127.0.0.1:{server.server_address[1]}"
        book.write("chapters/index.md", "# Welcome\n\nSee {ref}`sec-one`.\n\n"
                   + "\n".join(f"[{n}]({path if ':' in path else place + path})"
                               for n, path in enumerate(paths)))
        return book
    return linking


def check(book, capsys, day=DAY):
    """(whether something newly broke, what was printed, {path: entry})."""
    with warnings.catch_warnings(action="ignore"):  # those of Sphinx
        broke = links.check(book.root, day)
    said = re.sub(r"http://127\.0\.0\.1:\d+", "", capsys.readouterr().out)
    text = (book.root / "links.json").read_text("utf-8")
    found = json.loads(re.sub(r"http://127\.0\.0\.1:\d+", "", text))
    return broke, said, found


def report(book):
    return json.loads(
        (book.root / "_build/reports/links.json").read_text("utf-8"))


def test_each_address_is_listed_with_what_was_found(book, capsys):
    book = book(*[path for path in STATUS if path != "/"], "/moved",
                "/no-head", "/good#part", "mailto:a@example.org")
    broke, said, found = check(book, capsys)
    assert {path: entry["state"] for path, entry in found.items()} == {
        "/good": "good", "/good#part": "good", "/moved": "good",
        "/no-head": "good", "/gone": "broken", "/shut": "refused",
        "/private": "refused", "/sick": "unclear", "/out": "unclear"}
    for path, entry in found.items():
        assert entry["good"] == (DAY if entry["state"] == "good" else None)
    assert broke
    assert "Broken since the list was written: 1" in said
    assert re.search(r"- /gone \(chapters/index\.md(:\d+)?\): 404 .*; "
                     "never seen good", said)
    assert "9 addresses: 4 good, 2 refused, 2 unclear, 1 broken" in said
    assert report(book)["trouble"] and "/gone" in report(book)["text"]


def test_only_what_newly_broke_is_a_fault(book, server, capsys):
    book = book("/good", "/gone")
    assert check(book, capsys)[0]  # /gone, at its first look
    broke, said, _ = check(book, capsys, "2026-12-05")
    assert not broke and "Broken before: 1" in said
    assert not report(book)["trouble"]

    server.status["/good"] = 410
    broke, said, found = check(book, capsys, "2026-12-12")
    assert broke
    assert "410" in said and "last good on 2026-12-05" in said
    assert found["/good"] == {"state": "broken", "good": "2026-12-05"}

    server.status |= {"/good": 200, "/gone": 200}
    broke, said, found = check(book, capsys, "2026-12-19")
    assert not broke and "There again: 2" in said
    assert set(map(str, found.values())) == {
        "{'state': 'good', 'good': '2026-12-19'}"}


def test_an_answer_that_says_nothing_keeps_the_last_good_day(
        book, server, capsys):
    book = book("/good")
    check(book, capsys)
    for status, state in ((403, "refused"), (502, "unclear")):
        server.status["/good"] = status
        broke, _, found = check(book, capsys, "2026-12-05")
        assert not broke
        assert found["/good"] == {"state": state, "good": DAY}


def test_the_list_follows_the_pages(book, capsys):
    there = book("/good", "/moved")
    check(there, capsys)
    _, said, found = check(book("/good", "/no-head"), capsys)
    assert set(found) == {"/good", "/no-head"}
    assert "links.json: new: /no-head" in said
    assert "links.json: gone: /moved" in said


def test_the_list_is_a_line_an_address_in_order(book, capsys):
    book = book("/moved", "/good", "https://example.invalid/ä")
    check(book, capsys)
    lines = (book.root / "links.json").read_text("utf-8").splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("{", "}", 5)
    assert lines[1:-1] == sorted(lines[1:-1])
    before = (book.root / "links.json").read_bytes()
    check(book, capsys)
    assert (book.root / "links.json").read_bytes() == before


def test_without_a_network_it_says_so_and_fails_nothing(book, server, capsys):
    book = book("/good")
    check(book, capsys)
    server.shutdown()
    server.server_close()
    book.edit("chapters/index.md", "[0]", "[new](https://example.invalid/)\n[0]")
    broke, said, found = check(book, capsys, "2026-12-05")
    assert not broke
    assert "there is no network here, and no address was checked" in said
    assert found == {"/good": {"state": "good", "good": DAY},
                     "https://example.invalid/": {"state": "unchecked",
                                                  "good": None}}
    assert not report(book)["trouble"]


def test_a_server_that_is_gone_is_a_broken_address(book, capsys):
    book = book("/good", "https://example.invalid/page")
    broke, _, found = check(book, capsys)
    assert broke
    assert found["https://example.invalid/page"]["state"] == "broken"


def test_no_page_is_run_and_no_notebook_written(book, capsys):
    book = book("/good")
    before = {path: path.read_bytes()
              for path in (book.root / "notebooks").iterdir()}
    check(book, capsys)
    assert before == {path: path.read_bytes()
                      for path in (book.root / "notebooks").iterdir()}


@pytest.mark.parametrize("text", [
    "[]", "{", '{"a": 1}', '{"a": {"state": "good"}}',
    '{"a": {"state": "fine", "good": null}}'])
def test_a_list_that_can_not_be_read_is_named(tmp_path, text):
    (tmp_path / "links.json").write_text(text)
    with pytest.raises(PageError, match=r"^links\.json: "):
        links.stored(tmp_path)


@pytest.mark.parametrize("status, message, state", [
    ("working", "", "good"), ("redirected", "https://x", "good"),
    ("timeout", "read timed out", "unclear"),
    ("ignored", "service unavailable", "unclear"),
    ("broken", "403 Client Error: Forbidden for url: x", "refused"),
    ("broken", "429 Client Error: Too Many Requests", "refused"),
    ("broken", "unauthorized", "refused"),
    ("broken", "500 Server Error", "unclear"),
    ("broken", "404 Client Error: Not Found for url: https://x/403", "broken"),
    ("broken", "410 Client Error: Gone", "broken"),
    ("broken", "HTTPSConnectionPool(host='x'): Max retries", "broken"),
    ("broken", "certificate verify failed", "broken")])
def test_what_sphinx_found_is_one_of_five_states(status, message, state):
    result = SimpleNamespace(status=status, message=message)
    assert links.state_of(result) == state
    assert state in links.STATES


def test_the_books_own_list_can_be_read():
    from bookbuild.pages import ROOT
    assert links.stored(ROOT)


@pytest.mark.parametrize("broke", [True, False])
def test_the_status_of_the_command(monkeypatch, broke):
    monkeypatch.setattr(links, "check", lambda root, day: broke)
    with pytest.raises(SystemExit) as ended:
        links.main()
    assert ended.value.code == int(broke)
