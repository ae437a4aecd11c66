"""What runs on GitHub runs here: workflows of make's targets, sound scripts.

A workflow can't be tried here. So it holds nothing but pinned actions and
targets of the Makefile, which can, and the rest is read by a checker.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bookbuild.pages import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8"))
             for path in sorted(FOLDER.glob("*.yml"))}
SCRIPTS = [".ci/run", "binder/postBuild", "binder/start", *sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "code/bookbuild").glob("*.sh"))]
OFFLINE = ROOT / "code/bookbuild/offline.sh"


def tool(name):
    """A checker's path: beside Python, or where the machine has it."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}"
                         f"{os.environ['PATH']}")
    assert found, f"{name} is not installed; see requirements.txt"
    return found


def steps(workflow):
    return [step for job in workflow["jobs"].values()
            for step in job.get("steps", [])]


def targets():
    """What make can make."""
    text = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):", text, re.M))


# ---- workflows -----------------------------------------------------------

def test_there_is_one_to_test_one_to_publish_one_a_week():
    assert set(WORKFLOWS) == {"test", "publish", "weekly"}
    triggers = {name: set(workflow[True])  # YAML reads "on" as yes
                for name, workflow in WORKFLOWS.items()}
    assert triggers["test"] >= {"pull_request", "workflow_call"}
    assert triggers["publish"] >= {"push"}
    assert triggers["weekly"] >= {"schedule"}


def test_the_checker_finds_nothing():
    ran = subprocess.run(
        [tool("jactionlint"), "--strict-exit",
         f"--shellcheck={tool('shellcheck')}"],
        cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr


@pytest.mark.parametrize("wrong, found", [
    ("runs-on: ubuntu-24.04", "runs-om: ubuntu-24.04"),
    ("steps.pages.outputs", "steps.page.outputs"),
    ("needs: build", "needs: built"),
    ("fetch-depth: 0", "fetch-deep: 0"),
    ("uses: ./.github/workflows/test.yml", "uses: ./.github/workflows/t.yml"),
    ("deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128", "deploy-pages@v5"),
    ("branches: [main]", "branch: [main]")])
def test_the_checker_finds_what_is_wrong(tmp_path, wrong, found):
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    path = tmp_path / ".github/workflows/publish.yml"
    text = path.read_text("utf-8")
    assert wrong in text
    path.write_text(text.replace(wrong, found), "utf-8")
    ran = subprocess.run([tool("jactionlint"), "--strict-exit",
                          "--shellcheck="], cwd=tmp_path,
                         capture_output=True, text=True)
    assert ran.returncode == 1, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_step_is_a_pinned_action_or_a_target_of_make(name):
    known = targets()
    for step in steps(WORKFLOWS[name]):
        if "run" in step:
            words = step["run"].split()
            assert words[0] == "make" and words[1] in known, step["run"]
            assert all(re.fullmatch(r"[A-Z]=\w+", word)
                       for word in words[2:]), step["run"]
        else:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
    for line in (FOLDER / f"{name}.yml").read_text("utf-8").splitlines():
        if "uses: actions/" in line:
            assert re.search(r"# v\d+\.\d+\.\d+$", line), line


def test_an_action_is_pinned_alike_everywhere():
    pins = {}
    for workflow in WORKFLOWS.values():
        for step in steps(workflow):
            if "uses" in step:
                name, _, commit = step["uses"].partition("@")
                assert pins.setdefault(name, commit) == commit


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_no_more_than_it_must(name):
    """Only the job that deploys may write pages, only the weekly ones issues.
    """
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    may = {f"{job}: {right}" for job, told in workflow["jobs"].items()
           for right, kind in told.get("permissions", {}).items()
           if kind == "write"}
    assert may == {"test": set(), "publish": {
        "deploy: pages", "deploy: id-token"}, "weekly": {
        "links: issues", "newest: issues"}}[name]
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 240


def test_what_is_published_was_tested_and_knows_its_history():
    jobs = WORKFLOWS["publish"]["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert (jobs["build"]["needs"], jobs["deploy"]["needs"]) == (
        "test", "build")
    checkout, *_ = built = jobs["build"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    [make] = [step for step in built if step.get("run") == "make site"]
    assert make["env"] == {
        "SITE_URL": "${{ steps.pages.outputs.base_url }}"}
    [upload] = [step for step in built
                if "upload-pages-artifact" in step.get("uses", "")]
    assert upload["with"]["path"] == "_build/site"
    assert "cancel-in-progress" in WORKFLOWS["publish"]["concurrency"]
    assert not WORKFLOWS["publish"]["concurrency"]["cancel-in-progress"]


def test_the_weekly_runs_tell_and_break_nothing():
    for name, job in WORKFLOWS["weekly"]["jobs"].items():
        runs = [step for step in job["steps"] if "run" in step]
        assert [step["run"] for step in runs] == [
            f"make {name}", f"make issue R={name}"]
        assert runs[0]["continue-on-error"] is True
        assert "continue-on-error" not in runs[1]


def test_the_script_here_and_the_workflow_take_the_same_steps():
    ours = re.findall(r"^make .*", (ROOT / ".ci/run").read_text("utf-8"), re.M)
    assert ours == [step["run"] for step in steps(WORKFLOWS["test"])
                    if "run" in step]
    assert "make offline" in ours and "make test" in ours


def test_processors_get_their_own_builds_of_pytorch_as_on_binder():
    [address] = re.findall(r"^--extra-index-url (\S+)$", (
        ROOT / "binder/requirements.txt").read_text("utf-8"), re.M)
    for workflow in ("test", "publish", "weekly"):
        assert WORKFLOWS[workflow]["env"] == {"PIP_EXTRA_INDEX_URL": address}


# ---- scripts and targets -------------------------------------------------

@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_sound_and_can_be_run(name):
    path = ROOT / name
    ran = subprocess.run([tool("shellcheck"), str(path)], capture_output=True,
                         text=True)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert os.access(path, os.X_OK)


def test_every_target_is_one_always_made_and_has_a_line_of_help():
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = set(re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", text, re.M)[1]
                .replace("\\", "").split())
    assert phony == targets()
    ran = subprocess.run(["make", "-C", ROOT, "--no-print-directory", "help"],
                         capture_output=True, text=True, check=True)
    helped = {line.split()[0] for line in ran.stdout.splitlines()}
    assert helped == phony - {"setup"}
    assert max(map(len, ran.stdout.splitlines())) < 80


def test_the_page_on_use_lists_every_command():
    page = (ROOT / "chapters/how_to_use.md").read_text("utf-8")
    table = set(re.findall(r"^\| `make ([a-z]+)", page, re.M))
    assert table == targets() - {"help", "setup", "issue"}


# ---- without a network ---------------------------------------------------

def offline(*words, path=None, user=()):
    return subprocess.run([*user, "bash", OFFLINE, *words], text=True,
                          capture_output=True, timeout=30, env=os.environ | (
                              {"PATH": path} if path else {}))


def refusing(folder):
    """A PATH on which unshare and sudo refuse."""
    for name in ("unshare", "sudo"):
        script = folder / name
        script.write_text("#!/bin/sh\nexit 1\n")
        script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_command_sees_the_loopback_alone_and_runs_as_its_caller():
    seen = ("import os, socket; print(os.getuid(), "
            "[name for _, name in socket.if_nameindex()]); "
            "s = socket.create_server(('127.0.0.1', 0)); "
            "socket.create_connection(s.getsockname()); print('talked'); "
            "socket.create_connection(('192.0.2.1', 80), timeout=5)")
    ran = offline(sys.executable, "-c", seen)
    assert f"{os.getuid()} ['lo']" in ran.stdout or (
        "0 ['lo']" in ran.stdout), ran.stdout + ran.stderr  # mapped to root
    assert "talked" in ran.stdout
    assert ran.returncode == 1 and "unreachable" in ran.stderr


def test_the_status_is_that_of_the_command():
    assert offline("sh", "-c", "exit 7").returncode == 7
    assert offline("true").returncode == 0


def test_where_it_can_not_be_done_it_says_so_and_runs_nothing(tmp_path):
    ran = offline("touch", tmp_path / "ran", path=refusing(tmp_path))
    assert ran.returncode == 1
    assert "lets nobody shut the network off" in ran.stderr
    assert "Nothing was proved" in ran.stderr
    assert not (tmp_path / "ran").exists()


def test_a_place_with_a_network_is_none_without(tmp_path):
    """An unshare that does not do its work is found out."""
    fake = tmp_path / "unshare"
    fake.write_text('#!/bin/sh\nshift\nexec "$@"\n')
    fake.chmod(0o755)
    ran = offline("touch", tmp_path / "ran",
                  path=f"{tmp_path}:{os.environ['PATH']}")
    assert ran.returncode == 1
    assert "no place without a network" in ran.stderr
    assert not (tmp_path / "ran").exists()


def test_which_command_is_asked():
    assert "which command?" in offline().stderr


def test_a_clone_that_must_execute_something_is_no_proof(tmp_path):
    """make offline, in a folder whose site and sample only speak."""
    (tmp_path / "code/bookbuild").mkdir(parents=True)
    shutil.copy(OFFLINE, tmp_path / "code/bookbuild/offline.sh")
    text = (ROOT / "Makefile").read_text("utf-8")
    rule = re.search(r"^offline: setup.*?(?=\n\n)", text, re.M | re.S)[0]
    head = text[:text.index(".PHONY")]
    for count, sample, status in (0, "true", 0), (1, "true", 2), (0, "false", 2):
        (tmp_path / "Makefile").write_text(
            f"{head}\n{rule}\n\nsetup:\n\nsample:\n\t{sample}\n\nsite:\n"
            f"\t@echo 'executed: {count} of 9 pages'\n")
        ran = subprocess.run(["make", "-C", tmp_path, "offline"], text=True,
                             capture_output=True, timeout=30)
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "offline: no network but lo" in ran.stdout
        assert ("commit notebooks/ after make book" in ran.stderr) == bool(count)
