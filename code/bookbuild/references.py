"""Pages that show something of other pages are written again when it changes.

Sphinx writes again the pages that were read again. But a reference shows the
title or the number of what stands on another page, and every page shows the
book's outline: a page may be out of date though its own text is the same.
"""

from sphinx.addnodes import pending_xref


def setup(app):
    app.connect("doctree-read", note_references)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    # After Sphinx has numbered sections, figures and all else.
    app.connect("env-get-updated", out_of_date, priority=900)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True,
            "parallel_write_safe": True}


def note_references(app, doctree):
    references(app.env)[app.env.docname] = {
        node["reftarget"] for node in doctree.findall(pending_xref)}


def references(env):
    """What each page refers to: names of labels, in Sphinx's memory."""
    if not hasattr(env, "book_references"):
        env.book_references = {}
    return env.book_references


def forget(app, env, docname):
    references(env).pop(docname, None)


def merge(app, env, docnames, other):
    references(env).update({name: references(other)[name] for name in docnames
                            if name in references(other)})


def out_of_date(app, env):
    """The pages that show what is another than when they were written."""
    old = getattr(env, "book_shown", ({}, None))
    labels, outline = env.book_shown = shown(env), outline_of(env)
    if outline != old[1]:
        return list(env.found_docs)
    changed = {name for name in labels.keys() | old[0].keys()
               if labels.get(name) != old[0].get(name)}
    return [name for name, targets in references(env).items()
            if targets & changed]


def shown(env):
    """Of each label, what a reference to it can show: its page, the title
    there, and the numbers of that page."""
    labels = env.domaindata["std"]["anonlabels"] | env.domaindata["std"][
        "labels"] | env.domaindata["math"]["objects"]
    for label, proof in getattr(env, "proof_list", {}).items():
        labels[label] = proof["docname"], label
    numbers = {name: str((env.toc_secnumbers.get(name),
                          env.toc_fignumbers.get(name)))
               for name in env.found_docs}
    return {label: (*what, numbers.get(what[0]))
            for label, what in labels.items()}


def outline_of(env):
    """What each page shows of the whole: the pages' titles and numbers, in
    order."""
    return [(name, env.titles[name].astext(),
             env.toc_secnumbers.get(name, {}).get(""))
            for name in ordered(env, env.config.root_doc)]


def ordered(env, name):
    yield name
    for child in env.toctree_includes.get(name, ()):
        yield from ordered(env, child)
