"""An IPython extension, loaded into the kernel that runs a page.

It notes what the run costs, which files of the book it opens and which
modules of scratch it holds, and writes this after each cell, so that nothing
is lost when a kernel dies.
"""

import json
import linecache
import os
import resource
import sys
import time
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path

BOOK, REPORT = "BOOK_ROOT", "BOOK_REPORT"  # set by bookbuild.execute
IMPORT = "<frozen importlib._bootstrap_external>"
# Seconds that the reference core takes for the work of `pace`.
ARITHMETIC, STEPS = 0.008, 0.0105


def load_ipython_extension(shell):
    if os.getppid() != int(os.environ["JPY_PARENT_PID"]):
        os._exit(1)  # the run was killed before this kernel stood
    report = Path(os.environ[REPORT])
    root = os.path.realpath(os.environ[BOOK])
    import_from(os.path.join(root, "code"))
    files = watch_files(root)
    seconds, used = 0, 0

    def write(result=None):
        nonlocal seconds, used
        seconds += (processor_seconds() - used) / pace()
        used = processor_seconds()
        for name in list(linecache.cache):  # so that its opening shows again
            if name.startswith(root):
                del linecache.cache[name]
        report.write_text(json.dumps({
            "files": files, "megabytes": peak_megabytes(),
            "seconds": seconds,
            "modules": [name for name in sys.modules
                        if name.partition(".")[0] == "scratch"]}))

    shell.events.register("post_run_cell", write)
    write()


def import_from(folder):
    """Import the book's modules from this folder before all others, and from
    their source, never from bytecode: Python takes old bytecode for a module
    that has its old length and was edited within the second, or backdated."""
    class Source(SourceFileLoader):
        def get_code(self, name):
            path = self.get_filename(name)
            return self.source_to_code(self.get_data(path), path)

    def finder(path):
        if not (os.path.realpath(path) + os.sep).startswith(folder + os.sep):
            raise ImportError
        return FileFinder(path, (Source, [".py"]))

    sys.path.insert(0, folder)
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


def watch_files(root):
    """What of the book this process opens: a dictionary that fills with the
    names of files, and of folders listed, which end in "/", and their state
    before.

    Left out is what Python opens and searches to import a module or to name
    the lines of the present stack (PyTorch does when it is imported), and what
    lies in hidden folders, in _build and where Python is installed.
    """
    found = {}
    elsewhere = os.path.realpath(sys.prefix) + os.sep

    def note(event, arguments):
        if event not in ("open", "os.listdir", "os.scandir"):
            return
        if (not isinstance(arguments[0], str | bytes | os.PathLike)
                or sys._getframe(1).f_code.co_filename == IMPORT):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        name = os.path.relpath(path, root)
        if not (name.startswith((".", "_build")) or path.startswith(elsewhere)
                or (event != "open" and name == "code")
                or ".egg-info" in name or for_the_stack(sys._getframe(1))):
            name += "" if event == "open" else os.sep
            name = name if os.sep in name else os.path.join(".", name)
            found.setdefault(name, state(path))

    sys.addaudithook(note)
    return found


def for_the_stack(frame):
    """Is a file opened only to name the lines of the present stack?"""
    while frame:
        code, frame = frame.f_code, frame.f_back
        if (code.co_name == "extract_stack"
                and os.path.basename(code.co_filename) == "traceback.py"):
            return True
    return False


def state(path):
    """What changes when a file does; None where there is no file.

    Of the two times the system alone sets the second, at every change.
    """
    try:
        at = os.stat(path)
    except OSError:
        return None
    return [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino]


def peak_megabytes():
    """Peak memory of this process; Linux counts in kB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def processor_seconds():
    """Seconds of processor that this process and its ended children used:
    unlike the clock's, the same whatever else the machine is doing."""
    used = [resource.getrusage(who) for who in
            (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pace():
    """How many times as long as the reference core this one takes at present.

    An old core, or one whose caches others on the machine use too, needs two
    or three times the seconds for the same work; a page's budget is in
    seconds of the core on which the book's experiments were planned. Where
    PyTorch is loaded the work is a few steps of a small network, for which cores differ
    most, else some arithmetic.
    """
    torch = sys.modules.get("torch")
    work, reference = (steps, STEPS) if torch else (arithmetic, ARITHMETIC)
    work()  # makes ready
    began = time.process_time()
    work()
    return (time.process_time() - began) / reference


def arithmetic():
    sum(i * i for i in range(100_000))


def steps():
    """Three times forward and back, without a random number."""
    import torch
    from torch.nn.functional import conv2d
    with torch.enable_grad():
        x, v, w = (torch.full(shape, 0.1, dtype=torch.float32, device="cpu")
                   for shape in ((64, 1, 28, 28), (16, 1, 3, 3), (32, 16, 3, 3)))
        v.requires_grad_()
        w.requires_grad_()
        for _ in range(3):
            hidden = conv2d(x, v, stride=2, padding=1).relu()
            conv2d(hidden, w, stride=2, padding=1).relu().sum().backward()
