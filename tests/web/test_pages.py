"""The pages as the application gives them: whole, linked, guarded, in each language."""

import json
import logging

import pytest

from alphorn.base.errors import Refused, Unavailable
from alphorn.base.help import PAGES
from alphorn.operations.door import Answer
from alphorn.web import assets
from alphorn.web.application import Application
from alphorn.web.texts import TEXTS
from tests.web.pages import HOSTNAME, Document, ask, free, header, site

PATHS = ["/", "/help/", "/help/blocked/", *(f"/help/{page}/" for page in PAGES)]


@pytest.fixture(scope="module")
def application() -> Application:
    return Application(site())


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_each_page_is_whole_in_each_language(application: Application, language: str) -> None:
    for path in PATHS:
        response = ask(application, path, headers={"Accept-Language": language})
        assert response.status == 200, path
        document = Document(response.body)
        assert ("html", {"lang": language}) in document.elements
        assert header(response, "Content-Language") == language
        assert "Accept-Language" in header(response, "Vary")
        assert document.headings[0] == "h1"
        assert document.headings.count("h1") == 1
        assert "{" not in document.words, path
        tags = [tag for tag, _ in document.elements]
        assert tags.count("main") == tags.count("title") == 1
        assert "script" not in tags
        assert not any("style" in found for _, found in document.elements)


def test_every_link_leads_somewhere(application: Application) -> None:
    seen, waiting = set[str](), ["/", "/?lang=fr"]
    while waiting:
        target = waiting.pop()
        if target in seen or target.startswith("#"):
            continue
        seen.add(target)
        response = ask(application, target)
        assert response.status == 200, target
        waiting += Document(response.body).links
    assert {path for path in seen if "?" not in path} == set(PATHS)
    assert len(seen) == len(PATHS) * (1 + len(TEXTS))


def test_a_chosen_language_is_kept_from_page_to_page(application: Application) -> None:
    response = ask(application, "/help/?lang=it", headers={"Accept-Language": "de"})
    assert header(response, "Content-Language") == "it"
    links = Document(response.body).links
    assert "/help/spam/?lang=it" in links
    assert all("lang=" in link for link in links if link.startswith("/"))
    form = Document(ask(application, "/help/blocked/?lang=it").body)
    assert ("input", {"type": "hidden", "name": "lang", "value": "it"}) in form.elements
    other = ask(application, "/help/?lang=tlh", headers={"Accept-Language": "de"})
    assert header(other, "Content-Language") == "de"


def test_the_form_knows_who_is_asking(application: Application) -> None:
    document = Document(ask(application, "/help/blocked/", client="2001:db8::7").body)
    (field,) = (found for tag, found in document.elements if found.get("name") == "address")
    assert field["value"] == "2001:db8::7"


def test_the_start_page_has_what_is_really_offered(application: Application) -> None:
    words = Document(ask(application, "/").body).words
    assert "993" in words
    assert "587" in words
    assert "ManageSieve" not in words


# -- guarded -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/help/spam/", "/nothing/", assets.URLS["alphorn"]])
def test_every_answer_is_guarded(application: Application, path: str) -> None:
    response = ask(application, path)
    policy = header(response, "Content-Security-Policy").split("; ")
    assert policy[0] == "default-src 'none'"
    assert set(policy[1:]) == {
        "style-src 'self'", "img-src 'self'", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'",
    }  # fmt: skip
    assert header(response, "X-Content-Type-Options") == "nosniff"
    assert header(response, "Referrer-Policy") == "no-referrer"
    assert header(response, "Strict-Transport-Security") == "max-age=31536000"
    assert header(response, "Cache-Control")


def test_among_neighbours_browsers_are_not_bound_to_tls() -> None:
    assert not header(ask(Application(site(local=True)), "/"), "Strict-Transport-Security")


def test_what_is_kept_how_long(application: Application) -> None:
    assert header(ask(application, "/help/"), "Cache-Control") == "public, max-age=300"
    assert header(ask(application, "/help/blocked/"), "Cache-Control") == "no-store"
    assert header(ask(application, "/none/"), "Cache-Control") == "no-store"
    style = ask(application, assets.URLS["alphorn"])
    assert header(style, "Cache-Control").endswith("immutable")
    assert header(style, "Content-Type") == "text/css; charset=utf-8"


@pytest.mark.parametrize("host", ["", "evil.test", "mail.example.test.evil.test", "127.0.0.1", "["])
def test_another_name_is_not_ours(application: Application, host: str) -> None:
    response = ask(application, "/", host=host)
    assert response.status == 400
    assert Document(response.body)
    if host:
        assert host.encode() not in response.body.replace(HOSTNAME.encode(), b"") or host == "["


@pytest.mark.parametrize("host", [HOSTNAME, HOSTNAME.upper(), f"{HOSTNAME}:443"])
def test_our_name_is_known_however_it_is_written(application: Application, host: str) -> None:
    assert ask(application, "/", host=host).status == 200


@pytest.mark.parametrize("path", ["/nothing", "/help/nothing/", "/static/x.css", "/help/../etc/"])
def test_what_is_not_there(application: Application, path: str) -> None:
    response = ask(application, path, headers={"Accept-Language": "de"})
    assert response.status == 404
    assert "Diese Seite gibt es nicht" in Document(response.body).words


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_pages_are_there_to_be_read(application: Application, method: str) -> None:
    for path in ("/", "/help/blocked/", assets.URLS["alphorn"]):
        response = ask(application, path, method=method)
        assert response.status == 405
        assert header(response, "Allow") == "GET, HEAD"
        Document(response.body)


def test_a_missing_slash_is_no_dead_end(application: Application) -> None:
    response = ask(application, "/help/spam")
    assert (response.status, header(response, "Location")) == (301, "/help/spam/")


@pytest.mark.parametrize(
    ("target", "status"),
    [("*", 400), ("help/", 400), (f"https://{HOSTNAME}/help/", 200), ("/%ff%00/", 404)],
)
def test_strange_targets(application: Application, target: str, status: int) -> None:
    assert ask(application, target).status == status


def test_a_fault_of_ours_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(address: str, language: str) -> Answer:
        raise RuntimeError("the inside is nobody's business")

    with caplog.at_level(logging.ERROR):
        response = ask(Application(site(blocked=broken)), "/help/blocked/?address=192.0.2.1")
    assert response.status == 500
    assert "Something went wrong" in Document(response.body).words
    assert b"business" not in response.body
    assert "nobody's business" in caplog.text


# -- am I blocked? -------------------------------------------------------------------------------

SHUT = Answer("192.0.2.1", True, False, 1_800_000_000.0, ("It is <banned>.",))


def test_an_answer_in_words(application: Application) -> None:
    response = ask(application, "/help/blocked/?address=+192.0.2.1+&lang=es")
    words = Document(response.body).words
    assert "El correo de 192.0.2.1 se acepta." in words
    assert "Mail from 192.0.2.1 is fine (es)." in words
    assert TEXTS["es"].check_after in words


def test_somebody_who_is_blocked() -> None:
    application = Application(site(blocked=lambda address, language: SHUT))
    response = ask(application, "/help/blocked/?address=192.0.2.1")
    words = Document(response.body).words
    assert "Mail from 192.0.2.1 is refused." in words
    assert "It is <banned>." in words
    assert b"<banned>" not in response.body
    assert TEXTS["en"].check_after not in words


def test_an_answer_for_programs(application: Application) -> None:
    accept = {"Accept": "application/json"}
    response = ask(application, "/help/blocked/?address=192.0.2.1", headers=accept)
    assert header(response, "Content-Type") == "application/json"
    assert "Accept" in header(response, "Vary").split(", ")
    assert json.loads(response.body) == free("192.0.2.1", "en").facts()
    browser = {"Accept": "text/html,application/json;q=0.9"}
    shown = ask(application, "/help/blocked/?address=192.0.2.1", headers=browser)
    assert header(shown, "Content-Type").startswith("text/html")


@pytest.mark.parametrize("address", ["x", "192.0.2.256", "%3Cscript%3E", "1" * 46, "192.0.2.0/24"])
def test_what_is_no_address(address: str) -> None:
    def read(text: str, language: str) -> Answer:
        assert len(text) <= 45
        raise Refused("no", code="address")

    application = Application(site(blocked=read))
    response = ask(application, f"/help/blocked/?address={address}")
    assert response.status == 400
    assert TEXTS["en"].check_failed["address"] in Document(response.body).words
    assert b"<script" not in response.body
    for_programs = ask(
        application, f"/help/blocked/?address={address}", headers={"Accept": "application/json"}
    )
    assert for_programs.status == 400
    assert json.loads(for_programs.body)["error"] == "address"


def test_somebody_who_asks_too_often() -> None:
    application = Application(site(checks=2))
    target = "/help/blocked/?address=192.0.2.1"
    assert [ask(application, target).status for _ in range(3)] == [200, 200, 429]
    told = ask(application, target)
    assert int(header(told, "Retry-After")) > 0
    assert TEXTS["en"].check_failed["rate"] in Document(told.body).words
    assert ask(application, target, client="198.51.100.1").status == 200
    assert ask(application, "/help/blocked/").status == 200


def test_an_answer_that_is_not_there_in_time() -> None:
    def late(address: str, language: str) -> Answer:
        raise Unavailable("late", code="busy")

    response = ask(Application(site(blocked=late)), "/help/blocked/?address=192.0.2.1")
    assert response.status == 503
    assert header(response, "Retry-After")
    assert TEXTS["en"].check_failed["busy"] in Document(response.body).words
