"""What makes Sphinx fast on a long book, without changing a byte of the site.

Libraries do for each reference, word or page what is enough once, or keep
whole pages where a title is enough; none has a setting for it.
"""

import functools
import gc

from pybtex.plugin import find_plugin, register_plugin
from sphinx.domains.std import StandardDomain
from sphinx.search.en import SearchEnglish

PAGES = 4  # kept in memory: references go to their own page and near ones


def setup(app):
    # As plugins of its own pybtex finds them at once; else it searches all
    # that is installed, for each citation.
    for name in ("docutils", "plaintext"):
        register_plugin("pybtex.backends", name,
                        find_plugin("pybtex.backends", name), force=True)
    app.add_domain(Standard, override=True)
    app.add_search_language(English)
    app.connect("env-before-read-docs", settle)
    app.connect("source-read", let_go)
    app.connect("doctree-read", cut_loose)
    app.connect("doctree-resolved", cut_loose)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


class Standard(StandardDomain):
    """Sphinx's domain of labels, which reads the page that a numbered
    reference points to: here once, not for each reference."""

    @functools.cached_property
    def remembering(self):
        return Remembering(self.env)

    def resolve_xref(self, env, *rest):
        return super().resolve_xref(self.remembering, *rest)


class Remembering:
    """An environment that keeps the last pages it read. Who asks may not
    change them."""

    def __init__(self, env):
        self.env = env
        self.get_doctree = functools.lru_cache(PAGES)(env.get_doctree)

    def __getattr__(self, name):
        return getattr(self.env, name)


class English(SearchEnglish):
    """Sphinx's search in English, which finds a word's stem: here once, not
    for each page."""

    def init(self, options):
        super().init(options)
        self.stem = functools.cache(self.stem)


def cut_loose(app, doctree, docname=None):
    """Keep of an exercise its title, not the page in which it stands.

    sphinx-exercise keeps exercises and solutions for their titles, in
    Sphinx's memory, which is read and written at every build.
    """
    for entry in getattr(app.env, "sphinx_exercise_registry", {}).values():
        if entry["docname"] == (docname or app.env.docname):
            whole = entry["node"]
            entry["node"] = alone = whole.copy()
            alone += whole.children[0].deepcopy()
            for node in alone.findall():
                node.document = None


def let_go(app, *_):
    """Keep no page in memory from its reading to its writing."""
    app.env._write_doc_doctree_cache.clear()


def settle(app, *_):
    """Have Python's search for garbage pass over what is there to stay, and
    come less often: a page is many small objects that come and go together."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)
