"""An IPython extension, loaded into the kernel that runs a page.

It notes what the run costs and which data files it opens, and writes both
after each cell, so that nothing is lost when a kernel dies.
"""

import json
import os
import resource
import sys
from pathlib import Path

REPORT, DATA = "BOOK_REPORT", "BOOK_DATA"  # set by bookbuild.execute


def load_ipython_extension(shell):
    folder = Path(os.environ[DATA])
    report = Path(os.environ[REPORT])
    opened = set()

    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = Path(arguments[0])
            if path.is_relative_to(folder):
                opened.add(str(path.relative_to(folder)))

    def write(result=None):
        report.write_text(json.dumps({"data": sorted(opened),
                                      "megabytes": peak_megabytes()}))

    sys.addaudithook(note)
    shell.events.register("post_run_cell", write)
    write()


def peak_megabytes():
    """Peak memory of this process; Linux counts in kB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
