"""What a weekly run found, told in an issue: python -m bookbuild.issue NAME

A run leaves _build/reports/NAME.json. Where it has trouble to tell, an issue
with its title is opened, or the open one brought up to date; where it has
none, the open one is closed. In a workflow the page of the run shows the text
as well. It needs GitHub's program gh, and the right to write issues.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bookbuild.pages import ROOT, PageError, write


@dataclass(frozen=True)
class Report:
    """What a run has to tell; its file is deleted as the run begins, so that
    none is left of an earlier one."""

    root: Path
    name: str
    title: str

    def __post_init__(self):
        self.path.unlink(missing_ok=True)

    @property
    def path(self):
        return self.root / "_build" / "reports" / f"{self.name}.json"

    def write(self, text, trouble):
        write(self.path, json.dumps(
            {"title": self.title, "text": text, "trouble": trouble}))


def tell(root, name, environ=os.environ):
    """Open, change or close the issue; return what was done, in words."""
    path = root / "_build" / "reports" / f"{name}.json"
    try:
        report = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PageError(f"{path.relative_to(root)} is not there: the run that "
                        "should have written it did not come to its end"
                        ) from None
    title, text = report["title"], report["text"]
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(f"## {title}\n\n{text}\n")
    if not shutil.which("gh"):
        raise PageError("an issue is written with GitHub's program gh, which "
                        "is not here")
    known = json.loads(gh(root, "issue", "list", "--state", "open", "--limit",
                          "1000", "--json", "number,title"))
    number = next((str(issue["number"]) for issue in known
                   if issue["title"] == title), None)
    if report["trouble"] and number:
        gh(root, "issue", "edit", number, "--body", text)
        return f"issue {number} brought up to date"
    if report["trouble"]:
        return gh(root, "issue", "create", "--title", title, "--body",
                  text).strip()
    if number:
        gh(root, "issue", "close", number, "--comment", text)
        return f"issue {number} closed"
    return "nothing to tell"


def gh(root, *words):
    ran = subprocess.run(["gh", *words], cwd=root, capture_output=True,
                         text=True)
    if ran.returncode != 0:
        raise PageError(f"gh {' '.join(words[:2])} failed: "
                        f"{ran.stderr.strip()}")
    return ran.stdout


def main():
    try:
        if len(sys.argv) != 2 or not sys.argv[1]:
            raise PageError("Which report? make issue R=links")
        print(tell(ROOT, sys.argv[1]))
    except PageError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
