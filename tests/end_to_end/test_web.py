"""The pages of the real service: over TLS, from a process of their own, and in a real browser."""

import http.client
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from alphorn.base.help import PAGES
from alphorn.servers.status import read as read_status
from alphorn.web.texts import TEXTS
from tests.end_to_end.tools import run_alphorn, until
from tests.support.service import HOSTNAME, Service, running
from tests.web.pages import Document

ANNA = "anna@example.test"
STOP_SECONDS = 2.0
LIGHT, DARK = (0xF7, 0xF6, 0xF2), (0x13, 0x18, 0x19)
"""The ground of our style."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("web")
    with running(folder, {ANNA: "secret words"}, settings="web.checks = 12\n") as service:
        yield service


@dataclass
class Page:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        return Document(self.body).words


def connection(service: Service) -> http.client.HTTPSConnection:
    port, context = service.ports["https"], service.client_context()
    return http.client.HTTPSConnection(service.host, port, timeout=60, context=context)


def get(
    service: Service, target: str, host: str = "", headers: Mapping[str, str] | None = None
) -> Page:
    client = connection(service)
    try:
        fields = {"Host": host or f"{service.host}:{service.ports['https']}", **(headers or {})}
        client.request("GET", target, headers=fields)
        answer = client.getresponse()
        return Page(answer.status, dict(answer.headers), answer.read())
    finally:
        client.close()


def test_pages_over_tls(web: Service) -> None:
    start = get(web, "/")
    assert (start.status, start.headers["Content-Security-Policy"][:18]) == (
        200,
        "default-src 'none'",
    )
    assert str(web.ports["imaps"]) in start.words
    assert get(web, "/", host=HOSTNAME).status == 200
    assert get(web, "/", host="evil.test").status == 400
    assert get(web, "/nothing").status == 404
    (style,) = re.findall(rb'href="(/static/alphorn\.[0-9a-f]+\.css)"', start.body)
    assert get(web, style.decode()).headers["Content-Type"] == "text/css; charset=utf-8"


def test_one_connection_for_several_pages(web: Service) -> None:
    client = connection(web)
    for page in list(PAGES)[:5]:
        client.request("GET", f"/help/{page}/")
        answer = client.getresponse()
        assert answer.status == 200
        Document(answer.read())
    client.close()


def test_without_tls_there_is_only_the_way_to_it(web: Service) -> None:
    client = http.client.HTTPConnection(web.host, web.ports["http"], timeout=60)
    client.request("GET", "/help/?lang=de")
    answer = client.getresponse()
    assert answer.status == 308
    assert answer.getheader("Location") == (
        f"https://{web.host}:{web.ports['https']}/help/?lang=de"
    )
    client.close()


def test_a_refusal_leads_to_its_page(web: Service) -> None:
    with web.smtp() as client, pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        client.sendmail("x@example.net", ["nobody@example.test"], b"Subject: x\r\n\r\nx\r\n")
    ((code, said),) = caught.value.recipients.values()
    text, _, address = said.decode().partition("; help: ")
    assert (code, text) == (550, "5.1.1 There is no mailbox nobody@example.test here")
    base = f"https://{web.host}:{web.ports['https']}"
    assert address == f"{base}/help/no-mailbox/"
    page = get(web, address.removeprefix(base))
    assert TEXTS["en"].pages["no-mailbox"].title in page.words
    assert address in page.words


def test_a_wrong_password_leads_to_its_page(web: Service) -> None:
    with smtplib.SMTP(web.host, web.ports["submission"], timeout=60) as client:
        client.starttls(context=web.client_context())
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login(ANNA, "wrong")
    assert caught.value.smtp_error.decode().endswith("/help/login/")  # type: ignore[union-attr]


def test_the_same_answer_as_on_the_command_line(web: Service) -> None:
    run_alphorn(web, "ban", "add", "203.0.113.7", "--note", "between operators")
    shown = json.loads(run_alphorn(web, "blocked", "203.0.113.7", "--json").stdout)
    page = get(web, "/help/blocked/?address=203.0.113.7", headers={"Accept": "application/json"})
    assert json.loads(page.body) == shown
    assert shown["blocked"]
    german = get(web, "/help/blocked/?address=203.0.113.7&lang=de")
    assert "Mail von 203.0.113.7 wird abgelehnt." in german.words
    assert "wer diesen Server betreibt, hat so entschieden" in german.words
    assert b"between operators" not in german.body + page.body


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    with running(tmp_path, {ANNA: "secret words"}, settings="web.checks = 2\n") as service:
        target = "/help/blocked/?address=192.0.2.1"
        answers = [get(service, target) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert int(answers[2].headers["Retry-After"]) > 0
        assert get(service, "/help/blocked/").status == 200


def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path, {ANNA: "secret words"}) as service:
        service.process.expect_errors = True
        first = _pid(service)
        os.kill(first, signal.SIGKILL)
        service.process.wait_for("a worker died")

        def another() -> int:
            try:
                return get(service, "/").status
            except OSError:
                return 0

        assert until(another, "pages again") == 200
        assert _pid(service) != first
        with service.imap(ANNA):
            pass


def _pid(service: Service) -> int:
    """Of the process whose connection this is."""
    client = connection(service)
    client.connect()
    port = client.sock.getsockname()[1]
    found = subprocess.run(
        ["ss", "-Htnp", f"sport = :{service.ports['https']} and dport = :{port}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    client.close()
    (pid,) = map(int, re.findall(r"pid=(\d+)", found))
    return pid


def test_the_web_is_a_process_of_its_own(web: Service) -> None:
    pid = _pid(web)
    assert Path(f"/proc/{pid}/status").exists()
    status = read_status(web.data / "run")
    assert status is not None
    assert {binding.listener.name for binding in status.bindings} >= {"http", "https", "smtp"}
    assert pid != status.pid


def test_it_ends_in_time_whatever_is_open(tmp_path: Path) -> None:
    with running(tmp_path, {ANNA: "secret words"}) as service:
        client = connection(service)
        client.request("GET", "/")
        client.getresponse().read()  # the connection stays
        plain = socket.create_connection((service.host, service.ports["http"]), timeout=60)
        plain.sendall(b"GET / HT")
        took = service.process.stop(signal.SIGINT)
        assert took < STOP_SECONDS + 8  # a machine may be busy; the service says what is late
        late = [entry["text"] for entry in service.process.log if "in time" in entry["text"]]
        assert not late
        client.close()
        plain.close()


def test_a_new_certificate_is_used_without_interruption(tmp_path: Path) -> None:
    from alphorn.servers.certificate import self_made

    with running(tmp_path, {ANNA: "secret words"}) as service:
        before = _pid(service)
        certificate, key = self_made((HOSTNAME, "127.0.0.1"), 1_700_000_000)
        folder = service.data / "tls"
        for name, octets in (("key.pem", key), ("certificate.pem", certificate)):
            draft = folder / f"{name}.new"
            draft.write_bytes(octets)
            draft.replace(folder / name)
        run_alphorn(service, "reload")
        service.process.wait_for(
            lambda entry: (
                "certificate was renewed" in entry["text"] and entry["process"].startswith("web")
            )
        )
        assert get(service, "/").status == 200  # the client trusts the new one only
        assert _pid(service) == before


# -- in a browser ----------------------------------------------------------------------------------


@dataclass
class Browser:
    folder: Path
    base: str

    def run(self, target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Headless Chromium, which says on standard error what a page may not do."""
        command = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--ignore-certificate-errors", "--hide-scrollbars",
            "--enable-logging=stderr", f"--user-data-dir={self.folder}", *arguments,
            self.base + target,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    def ground(self, target: str, size: str, *arguments: str) -> tuple[int, ...]:
        """The colour at the lower left of what is seen."""
        picture = self.folder / "picture.png"
        self.run(target, f"--window-size={size}", f"--screenshot={picture}", *arguments)
        return pixel(picture.read_bytes(), 2, int(size.partition(",")[2]) - 3)


@pytest.fixture
def browser(web: Service, tmp_path: Path) -> Browser:
    return Browser(tmp_path, f"https://{web.host}:{web.ports['https']}")


@pytest.mark.program("chromium")
@pytest.mark.parametrize(
    "target", ["/", "/help/", "/help/banned/", "/help/blocked/?address=192.0.2.1", "/nothing"]
)
def test_a_browser_shows_it_and_has_nothing_to_complain_of(browser: Browser, target: str) -> None:
    shown = browser.run(target, "--dump-dom")
    assert "<h1>" in shown.stdout
    complaints = [
        line for line in shown.stderr.splitlines()
        if "CONSOLE" in line and "status of 404" not in line
    ]  # fmt: skip
    assert not complaints


@pytest.mark.program("chromium")
def test_the_style_is_there_by_day_and_by_night(browser: Browser) -> None:
    for size in ("390,844", "1280,900"):
        assert browser.ground("/help/spam/", size) == LIGHT
        assert browser.ground("/help/spam/", size, "--force-dark-mode") == DARK


@pytest.mark.program("chromium")
def test_a_browser_is_spoken_to_in_its_language(browser: Browser) -> None:
    shown = browser.run("/help/", "--dump-dom", "--accept-lang=fr").stdout
    assert '<html lang="fr">' in shown
    assert TEXTS["fr"].help_title in shown


def pixel(png: bytes, x: int, y: int) -> tuple[int, ...]:
    """The colour of a pixel in a picture of 8 bits a channel, not interlaced."""
    at, data, width, channels = 8, b"", 0, 0
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        chunk = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, channels = int.from_bytes(chunk[:4]), {2: 3, 6: 4}[chunk[9]]
        data += chunk if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride = zlib.decompress(data), width * channels
    row = bytearray(stride)
    for number in range(y + 1):
        start = number * (stride + 1)
        row = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], row, channels)
    return tuple(row[x * channels : x * channels + 3])


def _unfiltered(how: int, line: bytes, above: bytearray, step: int) -> bytearray:
    row = bytearray(line)
    for n in range(len(row)):
        left = row[n - step] if n >= step else 0
        corner = above[n - step] if n >= step else 0
        match how:
            case 1:
                row[n] = (row[n] + left) & 255
            case 2:
                row[n] = (row[n] + above[n]) & 255
            case 3:
                row[n] = (row[n] + (left + above[n]) // 2) & 255
            case 4:
                guess = left + above[n] - corner
                nearest = min((left, above[n], corner), key=lambda value: abs(guess - value))
                row[n] = (row[n] + nearest) & 255
    return row
