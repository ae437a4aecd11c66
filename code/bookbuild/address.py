"""Where the book lives: its repository, and the site that shows it.

Both stand in _config.yml, each in one place, and may be empty; a workflow's
environment overrides them. What needs an address is left out where there is
none.
"""

import os
import re
from urllib.parse import urlsplit

import yaml

from bookbuild.pages import ROOT, PageError

URL = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w.~-]+)*")


def repository(root=ROOT, environ=os.environ):
    """The repository's address, such as https://github.com/owner/name; ""
    where it is unknown.

    environ: GITHUB_REPOSITORY (owner/name) and GITHUB_SERVER_URL override
    `repository: url:` of _config.yml. Pass {} for what stands there alone.
    """
    if name := environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
        return checked(f"{server.rstrip('/')}/{name}", "GITHUB_REPOSITORY", 2)
    url = settings(root, "repository").get("url") or ""
    return url and checked(url, "_config.yml: repository: url", 2)


def reference(root=ROOT, environ=os.environ):
    """(name, whether it can be edited) of the branch or tag that this is.

    In a workflow it is the one that is built, else `repository: branch:` of
    _config.yml; a tag can't be edited, nor what a pull request would give.
    """
    branch = settings(root, "repository").get("branch") or "main"
    kind, name = "heads", branch
    if environ.get("GITHUB_REPOSITORY"):
        found = re.fullmatch(r"refs/(heads|tags)/(.+)",
                             environ.get("GITHUB_REF", ""))
        kind, name = found.groups() if found else (kind, name)
    return name, kind == "heads"


def site(root=ROOT, environ=os.environ):
    """The address of the published site, with a "/" at its end; "" where it
    is unknown. environ: SITE_URL overrides `html: baseurl:` of _config.yml.
    """
    for url, where in (
            (environ.get("SITE_URL"), "SITE_URL"),
            (settings(root, "html").get("baseurl"),
             "_config.yml: html: baseurl")):
        if url:
            return checked(url, where) + "/"
    return ""


def settings(root, part):
    """One part of _config.yml as a dictionary, empty where there is none."""
    try:
        whole = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as error:
        raise PageError(f"_config.yml: {error}") from error
    return (whole or {}).get(part) or {}


def checked(url, where, names=0):
    """An address without the "/" or ".git" at its end; refuse any other."""
    url = str(url).rstrip("/").removesuffix(".git")
    if (not URL.fullmatch(url)
            or len(urlsplit(url).path.split("/")) - 1 < names):
        shape = ("https://github.com/owner/name" if names
                 else "https://example.org/book/")
        raise PageError(f"{where}: expected an address such as {shape}, "
                        f"got {url}")
    return url


def unknown(root=ROOT, environ=os.environ):
    """A sentence for each address that is missing, and what goes with it."""
    if not repository(root, environ):
        return ["The repository's address is not set (_config.yml, "
                "repository: url:): pages have no Binder and Colab buttons, "
                "and no links to edit them"]
    if not repository(root, {}):
        return ["The repository's address is not in _config.yml (repository: "
                "url:), only in the environment: stored notebooks can't tell "
                "where to get the book, so pages have no Colab button"]
    return []


# ---- what is found there -------------------------------------------------

def binder(url, ref, path):
    """The address under which Binder opens a file in JupyterLab."""
    parts = urlsplit(url)
    if parts.netloc == "github.com":
        where = f"gh{parts.path}"
    else:
        where = "git/" + url.replace(":", "%3A").replace("/", "%2F")
    return (f"https://mybinder.org/v2/{where}/{ref.replace('/', '%2F')}"
            f"?urlpath=lab%2Ftree%2F{path.replace('/', '%2F')}")


def colab(url, ref, path):
    """The address under which Colab opens a notebook; it reads from GitHub
    alone, so "" for other hosts."""
    parts = urlsplit(url)
    if parts.netloc != "github.com":
        return ""
    return ("https://colab.research.google.com/github"
            f"{parts.path}/blob/{ref}/{path}")


def is_github(url):
    """Are addresses below this one those of GitHub, or of a server like it?"""
    return "github" in urlsplit(url).netloc
