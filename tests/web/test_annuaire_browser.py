"""The annuaire's pages in a real browser: nothing to complain of, wide and narrow, with the keyboard alone."""

import pytest
from chromiumpipe import Browser
from webserver import ServedPages

PAGES = (
    "",
    "advanced?kind=structure",
    "search?text=nombreux",
    "search?text=zzz",
    "search?text=fi",
    "professional/899700000013",
    "professional/30B0990037/CPET0001",
    "structure/R10100000000101",
    "authorities",
    "nothing",
)
EXPECTED = {"search?text=fi": 400, "nothing": 404}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_whole_and_fits(browser: Browser, pages: ServedPages, language: str) -> None:
    for path in PAGES:
        # each page at both widths in one of the languages; the other has the same style sheet
        for width in (900, 400) if language == "fr" else (400,):
            browser.complaints.clear()
            browser.open(f"{pages.url}/{language}/{path}", width)
            status = EXPECTED.get(path)
            assert browser.complaints == ([] if status is None else browser.complaints[:1]), path
            assert all(str(status) in one for one in browser.complaints)
            assert browser.value("document.documentElement.scrollWidth") <= width, (path, width)
        assert browser.value("document.querySelectorAll('h1').length") == 1
        assert browser.value("document.documentElement.lang") == language
        assert (
            browser.value("getComputedStyle(document.querySelector('header')).borderBottomStyle") == "solid"
        ), path
        unnamed = browser.value(
            "[...document.querySelectorAll('input,select')].filter(one => !one.labels.length).length"
            " + [...document.querySelectorAll('a,button')].filter(one => !one.textContent.trim()).length"
        )
        assert unnamed == 0, path


def test_a_search_is_made_with_the_keyboard_alone(browser: Browser, pages: ServedPages) -> None:
    browser.open(f"{pages.url}/fr/")
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    browser.press("Enter", "\r")
    assert browser.value("document.activeElement.id") == "content"
    browser.press("Tab")
    assert browser.value("document.activeElement.id") == "text"
    browser.call("Input.insertText", text="épinette")
    browser.press("Enter", "\r")
    browser.wait()
    assert browser.value("location.pathname") == "/fr/search"
    assert "1 réponse" in browser.value("document.querySelector('[role=status]').textContent")
    while browser.value("document.activeElement.closest('.entries') === null"):
        browser.press("Tab")
    browser.press("Enter", "\r")
    browser.wait()
    assert browser.value("document.querySelector('h1').textContent") == "Docteur Maëlle FICTIF-ÉPINETTE"


def test_a_screen_reader_is_told_what_everything_is(browser: Browser, pages: ServedPages) -> None:
    browser.open(f"{pages.url}/fr/advanced")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in tree:
        if not node.get("ignored"):
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert {
        "banner",
        "main",
        "navigation",
        "search",
        "contentinfo",
        "radio",
        "combobox",
        "searchbox",
    } <= roles.keys()
    assert sorted(roles["navigation"]) == ["Langue", "Menu"]
    for role in ("searchbox", "combobox", "radio", "button", "link"):
        assert all(roles[role]), role
