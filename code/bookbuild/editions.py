"""The editions beside the site, PDF and EPUB: what making them shares."""

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from bookbuild.pages import PageError, reading


def run_sphinx(root, builder, out, ours, without=()):
    """Write the whole book with one of Sphinx's builders into the folder out;
    warnings are errors.

    ours: the extension that makes the edition; without: those of the site
    that it can't use. Everything is read anew, so that nothing in an edition
    is older than its page.
    """
    # After Sphinx's own modules, some of which it replaces.
    from jupyter_book.config import get_final_config

    reading.update(drafts=frozenset(), stored={})
    config, _ = get_final_config(
        user_yaml=root / "_config.yml", sourcedir=root, use_external_toc=True,
        cli_config={"external_toc_path": (root / "_toc.yml").as_posix(),
                    "latex_individualpages": False})
    config["project"] = yaml.safe_load(
        (root / "_config.yml").read_text("utf-8"))["title"]
    config["extensions"] = [name for name in config["extensions"]
                            if name not in without] + [ours]
    with patch_docutils(None), docutils_namespace():
        app = Sphinx(str(root), None, str(out),
                     str(root / "_build" / f".doctrees-{builder}"), builder,
                     config, status=None, freshenv=True, warningiserror=True)
        app.build()
    if app.statuscode != 0:
        raise PageError("Sphinx stopped at the fault printed above")


def split(node):
    """(the children of a node's title, what follows it)."""
    rest = list(node.children)
    title = rest.pop(0) if rest and isinstance(rest[0], nodes.title) else None
    content = []
    for child in rest:
        bare = isinstance(child, nodes.section) and not any(
            isinstance(part, nodes.title) for part in child.children)
        content += child.children if bare else [child]
    return list(title.children) if title else [], content
