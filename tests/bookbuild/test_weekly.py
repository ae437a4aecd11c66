"""What the weekly workflow runs: newest versions, and an issue that tells."""

import json
import sys

import pytest

from bookbuild import issue, newest
from bookbuild.pages import ROOT, PageError

# ---- an issue --------------------------------------------------------------

GH = """#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
known = json.loads((place / "issues").read_text())
with open(place / "calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[2] == "list":
    closed = {{"number": 1, "title": "Links that broke"}}
    print(json.dumps([closed] * ("open" not in sys.argv) + known))
elif sys.argv[2] == "create":
    print("https://example.org/issues/7")
elif {fails}:
    print("no right", file=sys.stderr)
    sys.exit(1)
"""


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """hub(issues): a gh that knows these; returns the calls that change."""
    def make(*titles, fails=False):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "gh").write_text(GH.format(
            python=sys.executable, place=str(tmp_path), fails=fails))
        (folder / "gh").chmod(0o755)
        (tmp_path / "issues").write_text(json.dumps(
            [{"number": n, "title": title}
             for n, title in enumerate(titles, 3)]))
        monkeypatch.setenv("PATH", str(folder))
        return lambda: [call for call in map(json.loads, (
            tmp_path / "calls").read_text().splitlines())
            if call[1] != "list"]
    return make


def report(root, trouble):
    issue.Report(root, "links", "Links that broke").write("gone: x", trouble)


def test_trouble_opens_an_issue(hub, tmp_path):
    calls = hub("Another")
    report(tmp_path, True)
    assert issue.tell(tmp_path, "links", {}) == "https://example.org/issues/7"
    assert calls() == [["issue", "create", "--title", "Links that broke",
                        "--body", "gone: x"]]


def test_trouble_that_lasts_changes_the_open_issue(hub, tmp_path):
    calls = hub("Another", "Links that broke")
    report(tmp_path, True)
    assert issue.tell(tmp_path, "links", {}) == "issue 4 brought up to date"
    assert calls() == [["issue", "edit", "4", "--body", "gone: x"]]


def test_trouble_that_is_over_closes_it(hub, tmp_path):
    calls = hub("Links that broke")
    report(tmp_path, False)
    assert issue.tell(tmp_path, "links", {}) == "issue 3 closed"
    assert calls() == [["issue", "close", "3", "--comment", "gone: x"]]


def test_no_trouble_is_not_told(hub, tmp_path):
    calls = hub("Another")
    report(tmp_path, False)
    assert issue.tell(tmp_path, "links", {}) == "nothing to tell"
    assert calls() == []


def test_the_page_of_the_run_shows_the_text(hub, tmp_path):
    hub()
    report(tmp_path, True)
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    issue.tell(tmp_path, "links", {"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text() == "before\n## Links that broke\n\ngone: x\n"


def test_a_run_that_did_not_end_is_no_good_news(hub, tmp_path):
    """The report of an earlier run is gone as soon as the next begins."""
    hub("Links that broke")
    report(tmp_path, False)
    issue.Report(tmp_path, "links", "Links that broke")
    with pytest.raises(PageError, match="did not come to its end"):
        issue.tell(tmp_path, "links", {})


def test_without_gh_or_the_right_it_says_so(hub, tmp_path, monkeypatch):
    hub("Links that broke", fails=True)
    report(tmp_path, True)
    with pytest.raises(PageError, match="gh issue edit failed: no right"):
        issue.tell(tmp_path, "links", {})
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(PageError, match="gh, which is not here"):
        issue.tell(tmp_path, "links", {})


def test_which_report_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["issue", ""])
    with pytest.raises(SystemExit, match="make issue R=links"):
        issue.main()


# ---- the newest versions -----------------------------------------------------

PINS = ("# torch==1.0 in words\nnumpy==2.4.6\njupyter-book==1.0.4.post1\n"
        "scikit-learn==1.9.1\n-e .\n")


def test_pins_become_lower_bounds_within_reason():
    assert newest.loosened(PINS) == (
        "# torch==1.0 in words\nnumpy>=2.4.6\n"
        "jupyter-book>=1.0.4.post1,<2\nscikit-learn>=1.9.1\n-e .\n")


def test_what_was_set_up_is_pinned_again():
    found = {"numpy": "2.5.0", "scikit-learn": "1.9.1", "other": "1",
             "axe-playwright": "1.1"}
    assert newest.repinned("Axe_Playwright==1.0\n", found) == (
        "Axe_Playwright==1.1\n")
    assert newest.repinned(PINS, found) == PINS.replace("2.4.6", "2.5.0")
    assert newest.differences(PINS, found) == ["numpy: 2.4.6 → 2.5.0"]


def test_every_pin_of_the_book_is_loosened():
    for name in newest.PINNED:
        text = (ROOT / name).read_text("utf-8")
        rows = [line for line in text.splitlines()
                if line and not line.startswith(("#", "-"))]
        assert rows and all("==" in line for line in rows)
        assert not [line for line in newest.loosened(text).splitlines()
                    if "==" in line and not line.startswith("#")]
    assert newest.HELD.keys() <= {
        name for name, _ in newest.PIN.findall(
            (ROOT / "requirements.txt").read_text("utf-8"))}


# A set-up that makes a Python which only lists packages and does steps.
SETUP = """#!/bin/bash
[ -e broken ] && { echo "numpy and scipy do not fit"; exit 1; }
grep -q 'numpy>=2.4.6' requirements.txt || exit 1
mkdir -p .venv/bin
cat > .venv/bin/python <<'END'
#!/bin/sh
case "$*" in
'-m pip list '*) echo '[{"name": "NumPy", "version": "2.5.0"}]';;
'-m good') grep -q '^numpy==2.5.0$' requirements.txt binder/requirements.txt;;
*) echo "a test fell"; exit 1;;
esac
END
chmod +x .venv/bin/python
"""


@pytest.fixture
def small(tmp_path):
    root = tmp_path / "small"
    for name, text in {
            "requirements.txt": PINS, "binder/requirements.txt": "numpy==2.4.6\n",
            "code/bookbuild/setup.sh": SETUP, ".venv/old": "", "mine/a": "",
            "_build/html/index.html": ""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def told(root):
    return json.loads((root / "_build/reports/newest.json").read_text())


def files(root):
    return {path: path.read_bytes() for path in root.rglob("*")
            if path.is_file() and "_build" not in path.parts}


@pytest.mark.parametrize("steps, well", [
    ({"pages": ["-m", "good"]}, True),
    ({"pages": ["-m", "good"], "tests": ["-m", "bad"]}, False),
    ({"tests": ["-m", "bad"], "pages": ["-m", "good"]}, False)])
def test_it_is_tried_in_a_copy_and_told(small, steps, well):
    before = files(small)
    assert newest.try_all(small, steps=steps) is well
    assert files(small) == before
    said = told(small)
    assert said["trouble"] is not well
    assert "Newer than the pins: numpy: 2.4.6 → 2.5.0." in said["text"]
    assert "**pages, 0 s: went well**" in said["text"]
    assert ("a test fell" in said["text"]) is not well
    copy = small / "_build/newest/book"
    assert (copy / "binder/requirements.txt").read_text() == "numpy==2.5.0\n"
    assert not (copy / "mine").exists() and not (copy / ".venv/old").exists()


def test_versions_that_do_not_go_together_are_told(small):
    (small / "broken").write_text("")
    assert newest.try_all(small, steps={}) is False
    assert "numpy and scipy do not fit" in told(small)["text"]
    assert told(small)["trouble"]


def test_the_steps_are_pages_tests_and_lint():
    """As the Makefile has them."""
    text = (ROOT / "Makefile").read_text("utf-8")
    for words in newest.STEPS.values():
        assert words[0] == "-m" and f"$(RUN) -m {words[1]}" in text
    ours = " ".join(newest.STEPS["the tests"])
    [theirs] = [" ".join(line.split()) for line in
                text.replace("\\\n", "").splitlines()
                if '"not browser"' in line]
    assert ours.removesuffix(" --maxfail=50") == theirs.removeprefix(
        "@$(RUN) ").replace('"', "")
