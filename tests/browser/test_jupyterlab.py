"""The stored notebooks, run by a reader's hand in a real JupyterLab."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest
from nbformat import v4

from bookbuild.pages import ROOT, SETUP, pages_of

pytestmark = [pytest.mark.browser, pytest.mark.quiet]

QUICK = sorted((page for page in pages_of() if page.code),
               key=lambda page: page.stored().metadata.book.seconds)[:3]
LAB = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
       "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython",
       "JUPYTERLAB_SETTINGS_DIR": "settings",
       "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
ROOM = 2e9  # bytes that Binder grants: the server, its kernels, what they start


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """(address, folder, process) of a JupyterLab on copies of the stored
    notebooks."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "book"
    folder.mkdir()
    for name in ("code", "data", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "notebooks", folder / "mine")
    settings = home / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}')
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
         "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
         "--IdentityProvider.token=", "--ServerApp.password=",
         f"--ServerApp.root_dir={folder}"],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | {
            name: str(home / part) for name, part in LAB.items()},
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for line in server.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                yield found[0], folder, psutil.Process(server.pid)
                break
        else:
            pytest.fail("JupyterLab did not start")
    finally:
        server.terminate()
        server.communicate(timeout=30)


def idle(address):
    with urllib.request.urlopen(f"{address}api/kernels") as answer:
        return all(kernel["execution_state"] == "idle"
                   for kernel in json.load(answer))


def memory(process, without):
    """Bytes that a process and all below it hold, some apart."""
    held = 0
    for one in {process, *process.children(recursive=True)} - without:
        with contextlib.suppress(psutil.NoSuchProcess):
            held += one.memory_info().rss
    return held


def said(cell):
    """What a cell's outputs say, figures and digits apart: another processor
    rounds otherwise, and its claims have been checked as they ran."""
    outputs = [(output.output_type, output.get("text"),
                output.get("data", {}).get("text/plain"),
                output.get("metadata", {}).get("claim", {}).get("claim"))
               for output in cell.outputs]
    return re.sub(r"[-+]?\d[\d.]*(e[-+]\d+)?", "#", repr(outputs)).split()


@pytest.mark.parametrize("page", QUICK, ids=[page.stem for page in QUICK])
def test_a_stored_notebook_runs_to_its_end_in_jupyterlab(page, lab, browser):
    address, folder, server = lab
    others = set(server.children(recursive=True))  # earlier notebooks' kernels
    path = folder / "mine" / page.store.name
    tab = browser.new_page()
    tab.goto(f"{address}lab/tree/mine/{page.store.name}")
    tab.wait_for_selector(f"{NOTEBOOK} .jp-CodeCell", timeout=60_000)
    tab.get_by_text("| Idle").wait_for(timeout=60_000)
    time.sleep(3)  # what is sent while it connects is lost
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    ends = time.monotonic() + 4 * page.stored().metadata.book.seconds + 60
    peak = 0
    while True:
        time.sleep(1)
        peak = max(peak, memory(server, others))
        if idle(address):
            tab.keyboard.press("Control+s")
            time.sleep(1)
            ran = v4.reads(path.read_text("utf-8"))
            code = [c for c in ran.cells if c.cell_type == "code"]
            if ([cell.execution_count for cell in code]
                    == [*range(1, len(code) + 1)] and idle(address)):
                break
            failed = [cell for cell in code if any(
                output.output_type == "error" for output in cell.outputs)]
            assert not failed, failed
        assert time.monotonic() < ends, "the cells did not all run"
    tab.close()
    print(f"{page.stem}: at most {peak / 1e6:.0f} MB")
    assert peak < ROOM
    stored = [c for c in page.stored().cells if c.cell_type == "code"]
    assert SETUP in code[0].metadata.tags
    timed = [number for number, cell in enumerate(stored)
             if "timing" in cell.metadata.get("tags", [])]
    for number, (now, then) in enumerate(zip(code, stored)):
        assert now.source == then.source
        if number not in timed:
            assert said(now) == said(then), now.source
