"""Where the book lives, as its settings and the environment tell."""

import pytest

from bookbuild import address
from bookbuild.pages import PageError

THERE = "https://github.com/owner/name"


def book(root, text):
    (root / "_config.yml").write_text(text)
    return root


@pytest.mark.parametrize("text, environ, found", [
    ("", {}, ""), ("title: a\n", {}, ""),
    ("repository: {url: ''}\n", {}, ""), ("repository:\n", {}, ""),
    (f"repository: {{url: {THERE}}}\n", {}, THERE),
    (f"repository: {{url: {THERE}.git/}}\n", {}, THERE),
    ("repository: {url: 'http://git.example.org/a/b'}\n", {},
     "http://git.example.org/a/b"),
    (f"repository: {{url: {THERE}}}\n", {"GITHUB_REPOSITORY": "my/fork"},
     "https://github.com/my/fork"),
    ("", {"GITHUB_REPOSITORY": "a/b",
          "GITHUB_SERVER_URL": "https://git.example.org/"},
     "https://git.example.org/a/b"),
    ("", {"GITHUB_SERVER_URL": "https://github.com"}, "")])
def test_the_environment_overrides_the_settings(tmp_path, text, environ,
                                                found):
    assert address.repository(book(tmp_path, text), environ) == found


def test_a_book_without_settings_has_no_address(tmp_path):
    assert address.repository(tmp_path, {}) == ""
    assert address.site(tmp_path, {}) == ""


@pytest.mark.parametrize("url", ["owner/name", "https://github.com/owner",
                                 "https://github.com/o/n ame", "'x\"y'"])
def test_what_is_no_address_is_refused_by_name(tmp_path, url):
    with pytest.raises(PageError, match=r"_config\.yml: repository: url: "):
        address.repository(book(tmp_path, f"repository: {{url: {url}}}\n"), {})
    for name in ("name alone", "alone"):
        with pytest.raises(PageError, match="GITHUB_REPOSITORY: expected"):
            address.repository(tmp_path, {"GITHUB_REPOSITORY": name})


def test_settings_that_are_no_yaml_are_named(tmp_path):
    with pytest.raises(PageError, match=r"^_config\.yml: "):
        address.site(book(tmp_path, "a: [b\n"), {})


@pytest.mark.parametrize("text, environ, found", [
    ("", {}, ("main", True)),
    ("repository: {branch: next}\n", {}, ("next", True)),
    ("", {"GITHUB_REF": "refs/tags/v1"}, ("main", True)),
    ("", {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/tags/v1"},
     ("v1", False)),
    ("", {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/heads/a/b"},
     ("a/b", True)),
    ("", {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/1/merge"},
     ("main", True))])
def test_the_branch_or_tag_is_the_one_that_is_built(tmp_path, text, environ,
                                                    found):
    assert address.reference(book(tmp_path, text), environ) == found


def test_the_site_ends_in_a_slash_wherever_its_address_comes_from(tmp_path):
    root = book(tmp_path, "html: {baseurl: 'https://a.org/b'}\n")
    assert address.site(root, {}) == "https://a.org/b/"
    assert address.site(root, {"SITE_URL": "https://c.org/"}) == "https://c.org/"
    with pytest.raises(PageError, match="SITE_URL: expected"):
        address.site(root, {"SITE_URL": "c.org"})


def test_what_is_missing_is_said_in_one_sentence(tmp_path):
    book(tmp_path, "")
    [said] = address.unknown(tmp_path, {})
    assert "not set" in said
    [said] = address.unknown(tmp_path, {"GITHUB_REPOSITORY": "a/b"})
    assert "no Colab" in said
    book(tmp_path, f"repository: {{url: {THERE}}}\n")
    assert address.unknown(tmp_path, {}) == []


def test_binder_and_colab_open_a_notebook_of_the_repository():
    path = "notebooks/01.ipynb"
    assert address.binder(THERE, "v1", path) == (
        "https://mybinder.org/v2/gh/owner/name/v1"
        "?urlpath=lab%2Ftree%2Fnotebooks%2F01.ipynb")
    assert address.binder("https://git.example.org/a/b", "a/b", path) == (
        "https://mybinder.org/v2/git/https%3A%2F%2Fgit.example.org%2Fa%2Fb/"
        "a%2Fb?urlpath=lab%2Ftree%2Fnotebooks%2F01.ipynb")
    assert address.colab(THERE, "v1", path) == (
        "https://colab.research.google.com/github/owner/name/blob/v1/" + path)
    assert address.colab("https://git.example.org/a/b", "v1", path) == ""


@pytest.mark.parametrize("url, found", [
    (THERE, True), ("https://github.example.org/a/b", True),
    ("https://git.example.org/a/b", False),
    ("https://git.example.org/a/github", False)])
def test_addresses_to_edit_a_page_are_known_of_github_alone(url, found):
    assert address.is_github(url) == found
