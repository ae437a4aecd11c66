"""What pages say to the world: launch links, heads, foot, sitemap, 404."""

import re
import shutil
import subprocess
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from conftest import Book
from docutils import nodes

from bookbuild import build, share
from bookbuild.plain import setup_cell

SITE = "https://example.org/book/"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A tiny book with the extension, of which no address is known."""
    book = Book(tmp_path_factory.mktemp("shared"))
    book.edit("_config.yml", "bookbuild.plain]",
              "bookbuild.plain, bookbuild.share]")
    book.edit("chapters/index.md", "See {ref}`sec-one`.",
              "See {ref}`sec-one` & two.\n\nMore.")
    assert book.executed() == {"one", "two"}
    return book


@pytest.fixture
def known(shared, tmp_path, monkeypatch):
    """A copy, built for publication in a workflow of a repository."""
    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
            cwd=book.root, check=True, capture_output=True)

    book = shared.copy(tmp_path / "known")
    git("init")
    git("add", "-A")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-02-01T12:00:00Z")
    git("commit", "-m", "all")
    book.edit("chapters/two.md", "# two", "# Two")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-03-14T12:00:00Z")
    git("commit", "-a", "-m", "two")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("SITE_URL", SITE)
    book.edit("_config.yml", "title: Tiny",
              "title: Tiny\nrepository: {url: https://github.com/up/stream}")
    assert book.executed() == set()
    return book


def html(book, name="chapters/one.html"):
    return (book.root / "_build/html" / name).read_text("utf-8")


def launch(text):
    """{what a launch link is called: where it leads}."""
    block = re.search(r'<nav class="page-launch".*?</nav>', text, re.S)
    return block and {word: there for there, word in re.findall(
        r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', block[0])}


# ---- no address ----------------------------------------------------------

def test_without_an_address_a_page_offers_its_notebook_alone(shared):
    assert launch(html(shared)) == {
        "notebook": "../_notebooks/one.ipynb"}
    assert launch(html(shared, "chapters/index.html")) is None
    assert "<span>Download this page as a</span> <a download" in html(shared)


@pytest.mark.parametrize("word", [
    "mybinder", "colab.research", "/edit/", "Report a mistake", "og:url",
    "og:image", 'rel="canonical"', "Last changed"])
def test_what_needs_an_address_is_left_out(shared, word):
    assert word not in html(shared)


def test_there_is_no_sitemap_without_an_address(shared):
    assert not (shared.root / "_build/html/sitemap.xml").exists()


def test_a_page_says_what_it_is_about(shared):
    text = html(shared, "chapters/index.html")
    assert ('<meta name="description" content="See one &amp; two." />'
            in text)
    assert '<meta property="og:title" content="Tiny" />' in text
    assert '<meta property="og:title" content="one" />' in html(shared)


def test_a_lost_reader_is_told_where_to_go(shared):
    text = html(shared, "404.html")
    assert "This address leads to no page" in text
    assert 'href="chapters/index.html"' in text
    assert '<meta name="robots" content="noindex" />' in text


def test_the_build_says_once_what_is_unknown(shared):
    ran = shared.build()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("The repository's address is not set") == 1


def test_history_does_not_change_a_build_that_is_not_published(
        shared, tmp_path, monkeypatch):
    book = shared.copy(tmp_path / "history")
    for words in (["init"], ["add", "-A"], ["-c", "user.name=a", "-c",
                  "user.email=a@b.c", "commit", "-m", "all"]):
        subprocess.run(["git", *words], cwd=book.root, check=True,
                       capture_output=True)
    assert book.executed() == set()
    for name in ("chapters/one.html", "chapters/index.html", "404.html"):
        assert html(book, name) == html(shared, name)


# ---- addresses known -----------------------------------------------------

def test_a_build_for_publication_says_all_of_it(known):
    text = html(known)
    there = "owner/name/blob/main/notebooks/one.ipynb"
    assert launch(text) == {
        "Binder": "https://mybinder.org/v2/gh/owner/name/main"
                  "?urlpath=lab%2Ftree%2Fnotebooks%2Fone.ipynb",
        "Colab": f"https://colab.research.google.com/github/{there}",
        "notebook": "../_notebooks/one.ipynb"}
    assert "<span>or download the</span> <a download" in text
    home = "https://github.com/owner/name"
    assert f'href="{home}/edit/main/chapters/one.md"' in text
    assert f'href="{home}/issues/new?title=one%3A%20"' in text
    assert 'datetime="2026-02-01">February 1, 2026<' in text
    assert 'datetime="2026-03-14">March 14, 2026<' in html(
        known, "chapters/two.html")
    assert f'rel="canonical" href="{SITE}chapters/one.html"' in text
    assert f'property="og:url" content="{SITE}chapters/one.html"' in text
    assert 'property="og:type" content="article"' in text
    assert f'property="og:image" content="{SITE}_static/{share.CARD}"' in text
    assert 'name="twitter:card" content="summary_large_image"' in text
    front = html(known, "chapters/index.html")
    assert f'property="og:url" content="{SITE}" ' in front
    assert 'property="og:type" content="website"' in front

    # The stored notebook gets the book where _config.yml says, not where
    # the workflow runs.
    [cell] = [cell for cell in known.page("one").stored().cells
              if "HOME, VERSION" in cell.source]
    assert 'HOME, VERSION = "https://github.com/up/stream", "1.2.3"' in (
        cell.source)

    tree = ElementTree.parse(known.root / "_build/html/sitemap.xml")
    rows = [[part.text for part in row] for row in tree.getroot()]
    assert rows == [[f"{SITE}chapters/index.html", "2026-02-01"],
                    [f"{SITE}chapters/one.html", "2026-02-01"],
                    [f"{SITE}chapters/two.html", "2026-03-14"]]

    # Under any address below the site's, the 404 page finds its parts.
    links = re.findall(r'\b(?:href|src|action)="([^"]*)"',
                       html(known, "404.html"))
    assert "/book/chapters/index.html" in links
    assert all(link.startswith(("/book/", "#", "https://")) for link in links)


def test_where_pages_can_not_be_edited_no_link_says_so(known, monkeypatch):
    """The ways to edit a page and to report a mistake are GitHub's."""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.org")
    assert known.executed() == set()
    text = html(known)
    assert "Binder" in launch(text)
    assert "/edit/" not in text and "Report a mistake" not in text


def test_the_theme_is_not_told_of_the_repository(shared):
    config = SimpleNamespace(html_title="T", html_theme_options={
        "repository_url": "https://github.com/a/b", "kept": 1})
    share.note_addresses(SimpleNamespace(srcdir=shared.root), config)
    assert config.html_theme_options == {"kept": 1}


def test_the_index_is_on_no_map(tmp_path):
    share.write_map(SimpleNamespace(
        outdir=tmp_path, builder=SimpleNamespace(
            name="html", get_target_uri="{}.html".format),
        config=SimpleNamespace(html_baseurl=SITE, book_addresses={
            "changed": {}}),
        env=SimpleNamespace(found_docs={"genindex", "b c", "a"})), None)
    assert re.findall("<loc>(.*?)</loc>", (tmp_path / "sitemap.xml").read_text()
                      ) == [f"{SITE}a.html", f"{SITE}b%20c.html"]


@pytest.mark.parametrize("link, there", [
    ('href="a.html"', 'href="/book/a.html"'), ('src="./a"', 'src="/book/a"'),
    ('href="#part"', 'href="#part"'), ('href="/a"', 'href="/a"'),
    ('href="https://a.org"', 'href="https://a.org"'),
    ('data-content_root="./"', 'data-content_root="/book/"'),
    ('content_root: "./"', 'content_root: "./"')])
def test_links_of_the_page_for_lost_readers_begin_at_the_root(
        tmp_path, link, there):
    (tmp_path / "404.html").write_text(f"<a {link}>")
    share.root_lost_page(SimpleNamespace(
        outdir=tmp_path, builder=SimpleNamespace(name="html"),
        config=SimpleNamespace(html_baseurl=SITE)), None)
    assert (tmp_path / "404.html").read_text() == f"<a {there}>"


def test_a_change_of_the_environment_is_a_change_of_the_book(
        known, monkeypatch):
    monkeypatch.setenv("GITHUB_REF", "refs/tags/v1.2.3")
    monkeypatch.delenv("SITE_URL")
    assert known.executed() == set()
    text = html(known)
    assert "owner/name/v1.2.3?urlpath" in text
    assert "/blob/v1.2.3/chapters/one.md" in text and "/edit/" not in text
    assert "Last changed" not in text
    assert not (known.root / "_build/html/sitemap.xml").exists()


def test_an_address_of_the_environment_alone_gives_no_colab(
        known, monkeypatch):
    """A stored notebook would not know where to get the book."""
    known.edit("_config.yml", "https://github.com/up/stream", "''")
    assert known.executed() == set()
    assert set(launch(html(known))) == {"Binder", "notebook"}
    assert 'HOME, VERSION = ""' in setup_cell(known.root).source


def test_a_history_that_is_cut_short_dates_nothing(known, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1",
                    f"file://{known.root}", str(clone)], check=True)
    assert share.last_changes(clone) == {}
    assert share.last_changes(known.root)["chapters/two.md"] == "2026-03-14"
    assert share.last_changes(tmp_path) == {}


def test_a_book_in_a_folder_of_its_repository_is_dated_too(known, tmp_path):
    shutil.copytree(known.root / "chapters", tmp_path / "all/book/chapters")
    for words in (["init"], ["add", "-A"], ["-c", "user.name=a", "-c",
                  "user.email=a@b.c", "commit", "-m", "all"]):
        subprocess.run(["git", *words], cwd=tmp_path / "all", check=True,
                       capture_output=True)
    assert share.last_changes(tmp_path / "all/book").keys() == {
        "chapters/index.md", "chapters/one.md", "chapters/two.md"}


def test_without_git_nothing_is_dated(known, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert share.last_changes(known.root) == {}
    assert build.published(known.root)[-1] == ""


# ---- descriptions --------------------------------------------------------

def test_a_description_ends_with_a_sentence_or_a_word():
    sentence = "This sentence is repeated until the text is too long for it. "
    assert share.shortened("Short.") == "Short."
    assert share.shortened(sentence * 9) == (sentence * 3).strip()
    number = "Of a number such as 3.14 more is told than " + "word " * 99
    assert share.shortened(number + ".").endswith("word…")
    number = ("word " * 20) + "3.14 " + ("word " * 99)
    assert share.shortened(number).endswith("word…")
    cut = share.shortened("word " * 99)
    assert len(cut) <= share.LENGTH and cut.endswith("word…")


def test_a_description_is_the_first_paragraph_of_plain_text():
    def paragraph(*parts):
        return nodes.paragraph("", "", *parts)

    aside = nodes.note("", paragraph(nodes.Text("Aside.")))
    formula = paragraph(nodes.Text("Where "), nodes.math("", "x"))
    text = paragraph(nodes.Text("Plain\n text."))
    page = nodes.document(None, None)
    page += nodes.section("", aside, formula, text)
    assert share.description(page) == "Plain text."
    page.children[0].remove(text)
    assert share.description(page) == ""
