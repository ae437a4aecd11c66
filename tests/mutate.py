"""Change one thing at a time in a module of scratch; do its tests notice?

    make mutate M=optim          (mutmut does it, in a copy; some minutes)

Prints every change that no test noticed and the share that was noticed.
The exit status is 1 when that is less than 80%. What is known of changes
that nobody can notice stands in tests/scratch/SURVIVORS.md.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST = 0.8
NOTICED = {"killed", "timeout", "segfault"}
SETTINGS = """
[project]
name = "mutants"
version = "1"
[tool.pytest.ini_options]
addopts = "-q -p no:cacheprovider"
markers = ["slow: takes more than two seconds"]
[tool.mutmut]
source_paths = ["scratch"]
only_mutate = ["scratch/{module}.py"]
also_copy = ["data"]
"""


def tests_of(module):
    """The test files that name the module in an import."""
    found = [path for path in sorted((ROOT / "tests/scratch").glob("test_*.py"))
             # Graphs show the names of functions, which mutmut changes.
             if path.stem != "test_graphs"
             and re.search(rf"import.*\b{module}\b|scratch\.{module} import",
                           path.read_text("utf-8"))]
    if not found:
        sys.exit(f"M={module}: expected a module of scratch that a file of "
                 "tests/scratch imports")
    return found


def mutate(module, folder):
    """Run mutmut in a folder; return {mutant: how it ended}."""
    shutil.copytree(ROOT / "code/scratch", folder / "scratch",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "tests").mkdir()
    for path in tests_of(module):
        shutil.copy(path, folder / "tests")
    shutil.copy(ROOT / "tests/labs.py", folder / "tests")
    (folder / "pyproject.toml").write_text(SETTINGS.format(module=module))
    log = folder / "log"
    with log.open("w") as said:
        status = subprocess.run(
            [sys.executable, "-m", "mutmut", "run", "--max-children", "2"],
            cwd=folder, stdout=said, stderr=said).returncode
    if status:
        sys.exit(log.read_text()[-2000:])
    lines = mutmut("results", "--all", "true", at=folder).splitlines()
    return dict(line.strip().split(": ") for line in lines if ": " in line)


def mutmut(*words, at):
    return subprocess.run([sys.executable, "-m", "mutmut", *words], cwd=at,
                          capture_output=True, text=True, check=True).stdout


def main():
    module = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ended = mutate(module, folder)
        left = [mutant for mutant in ended if ended[mutant] not in NOTICED]
        for mutant in left:
            print(f"{ended[mutant]}: {mutant}")
            print("\n".join(line for line in mutmut(
                "show", mutant, at=folder).splitlines()
                if line[:1] in "+-" and line[:3] not in ("+++", "---")))
    share = 1 - len(left) / len(ended)
    print(f"{module}: {len(ended) - len(left)} of {len(ended)} changes "
          f"noticed, {share:.0%}")
    sys.exit(share < LEAST)


if __name__ == "__main__":
    main()
