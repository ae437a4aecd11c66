"""Is every address that the book names still there? python -m bookbuild.links

links.json, which is committed, lists the addresses: how each was last found,
and on which day it was last good. Sphinx's link check asks them; no page is
run. What broke since the list was last written ends in exit status 1. Without
a network nothing is asked and nothing fails: only what pages no longer name
leaves the list, and what they newly name enters it.
"""

import json
import re
import socket
import sys
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sphinx.builders.linkcheck import CheckExternalLinksBuilder
from sphinx.errors import SphinxError

from bookbuild.build import bring_up_to_date, one_at_a_time
from bookbuild.editions import run_sphinx
from bookbuild.issue import Report
from bookbuild.pages import ROOT, PageError, pages_of, write

STATES = {  # of an address, and what each means
    "good": "it answered",
    "refused": "its server answers, and lets no program in",
    "unclear": "no answer in time, or its server is out of order",
    "broken": "there is no such server or page",
    "unchecked": "nobody has asked it yet"}
REFUSALS = re.compile(r"(401|403|405|406|418|429|999)\b|unauthorized")
PROBES, PATIENCE = 5, 10  # servers asked whether there is a network; seconds


# ---- Sphinx's part --------------------------------------------------------

def setup(app):
    app.add_builder(Links, override=True)
    app.connect("config-inited", set_defaults)
    return {"version": "1", "parallel_read_safe": True}


def set_defaults(app, config):
    config.linkcheck_anchors = False  # pages that scripts write have none
    config.linkcheck_timeout = 20
    config.linkcheck_retries = 2
    config.linkcheck_rate_limit_timeout = 60.0
    config.linkcheck_allow_unauthorized = False  # "refused", below
    config.linkcheck_report_timeouts_as_broken = False  # "unclear", below


class Links(CheckExternalLinksBuilder):
    """Sphinx's link check, which notes all it finds and warns of nothing."""

    def init(self):
        with warnings.catch_warnings(action="ignore"):  # of Sphinx's future
            super().init()
        socket.setdefaulttimeout(None)  # each question has its own

    def finish(self):
        self.hyperlinks = {
            address: link for address, link in self.hyperlinks.items()
            if address.startswith(("http://", "https://"))}
        self.results = {}
        if reachable(self.hyperlinks):
            super().finish()
        self.app.statuscode = 0
        write(Path(self.outdir, "found.json"), json.dumps({
            "places": {address: place(self, link)
                       for address, link in self.hyperlinks.items()},
            "results": self.results}))

    def process_result(self, result):
        self.results[result.uri] = [state_of(result), " ".join(
            result.message.split())[:200]]


def place(builder, link):
    path = Path(builder.env.doc2path(link.docname, base=False))
    line = link.lineno if link.lineno and link.lineno > 0 else None
    return path.as_posix() + (f":{line}" if line else "")


def state_of(result):
    """One of STATES for a result of Sphinx's link check."""
    if result.status in ("working", "redirected"):
        return "good"
    if result.status != "broken":  # timeout, or ignored: a server's outage
        return "unclear"
    if REFUSALS.match(result.message):
        return "refused"
    return "unclear" if re.match(r"5\d\d\b", result.message) else "broken"


def reachable(addresses):
    """Does any of the first few servers answer, whatever it says?"""
    servers = list(dict.fromkeys(
        "{0.scheme}://{0.netloc}/".format(urlsplit(address))
        for address in addresses))[:PROBES]

    def answers(server):
        try:
            requests.head(server, timeout=PATIENCE)
        except requests.RequestException:
            return False
        return True

    with ThreadPoolExecutor(PROBES) as pool:
        return any(pool.map(answers, servers))


def ask(root):
    """(where each address stands, {address: [state, words]}), the second
    empty where there is no network."""
    with one_at_a_time(root):
        pages = pages_of(root)
        bring_up_to_date(root, pages, pages)
        out = root / "_build" / "links"
        run_sphinx(root, "linkcheck", out, "bookbuild.links",
                   without=["sphinx_jupyterbook_latex", "bookbuild.plain"])
        found = json.loads((out / "found.json").read_text("utf-8"))
    return found["places"], found["results"]


# ---- the list -------------------------------------------------------------

def stored(root):
    """The committed list: {address: {"state": …, "good": day or None}}."""
    path = root / "links.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        for address, entry in found.items():
            if set(entry) != {"state", "good"} or entry["state"] not in STATES:
                raise ValueError(f"{address}: expected a state, one of "
                                 f"{', '.join(STATES)}, and the day it was "
                                 f"last good, got {entry}")
        return found
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        raise PageError(f"links.json: {error}") from error


def store(root, entries):
    """Write the list, an address a line, in the order of the alphabet."""
    rows = [f"{json.dumps(address, ensure_ascii=False)}: {json.dumps(entry)}"
            for address, entry in sorted(entries.items())]
    write(root / "links.json", "{\n" + ",\n".join(rows) + "\n}\n")


def brought_up_to_date(old, places, results, day):
    """(the new list, the addresses that broke since the old one)."""
    new, broke = {}, []
    for address in places:
        entry = old.get(address, {"state": "unchecked", "good": None})
        if address in results:
            state = results[address][0]
            if state == "broken" and entry["state"] != "broken":
                broke.append(address)
            entry = {"state": state,
                     "good": day if state == "good" else entry["good"]}
        new[address] = entry
    return new, sorted(broke)


def told(old, new, places, results, broke):
    """The report, in Markdown."""
    def row(address):
        good = new[address]["good"]
        return (f"- {address} ({places[address]}): {results[address][1]}; "
                + (f"last good on {good}" if good else "never seen good"))

    again = sorted(address for address, (state, _) in results.items()
                   if state == "broken" and address not in broke)
    back = sorted(address for address, (state, _) in results.items()
                  if state == "good" and old.get(address, {}).get(
                      "state") == "broken")
    parts = [(f"Broken since the list was written: {len(broke)}", broke),
             (f"Broken before: {len(again)}", again),
             (f"There again: {len(back)}", back)]
    return "\n".join([counted(new), ""] + [
        "\n".join([f"{head}", "", *map(row, rows), ""])
        for head, rows in parts if rows])


def counted(entries):
    count = Counter(entry["state"] for entry in entries.values())
    return f"{len(entries)} addresses: " + (", ".join(
        f"{count[state]} {state}" for state in STATES if count[state])
        or "none")


def check(root, day):
    """Ask, write the list, print; return whether something newly broke."""
    report = Report(root, "links", "Links of the book that broke")
    old = stored(root)
    places, results = ask(root)
    new, broke = brought_up_to_date(old, places, results, day)
    store(root, new)
    for words, names in (("new", new.keys() - old.keys()),
                         ("gone", old.keys() - new.keys())):
        for address in sorted(names):
            print(f"links.json: {words}: {address}")
    if places and not results:
        print("no server answers: there is no network here, and no address "
              f"was checked. links.json: {counted(new)}")
        report.write("No server answered: nothing was checked.", trouble=False)
        return False
    text = told(old, new, places, results, broke)
    print(text)
    report.write(text, trouble=bool(broke))
    return bool(broke)


def main():
    try:
        broke = check(ROOT, datetime.now(UTC).date().isoformat())
    except (SphinxError, OSError) as error:
        sys.exit(f"\n{error}")
    sys.exit(1 if broke else 0)


if __name__ == "__main__":
    main()
