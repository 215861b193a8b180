"""The TLS ports as OpenSSL sees them."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP

import pytest

from alphorn.servers.certificate import self_made
from tests.support.service import HOST, Service, running

pytestmark = pytest.mark.program("openssl")
PORTS = [
    ("imaps", ""),
    ("submissions", ""),
    ("smtp", "smtp"),
    ("submission", "smtp"),
    ("imap", "imap"),
    ("sieve", "sieve"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    accounts = {"anna@example.test": "crisp mountain air"}
    with running(tmp_path_factory.mktemp("tls"), accounts) as service:
        yield service


def dial(service: Service, listener: str, starttls: str, *options: str) -> tuple[int, str]:
    """The exit code of `openssl s_client` and what it says."""
    command = ["openssl", "s_client", "-connect", f"{HOST}:{service.ports[listener]}"]
    command += ["-CAfile", str(service.data / "tls/certificate.pem"), "-verify_return_error"]
    command += ["-verify_hostname", "mx.example.test", *options]
    if starttls:
        command += ["-starttls", starttls]
    done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace")


@pytest.mark.parametrize(("listener", "starttls"), PORTS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_modern_versions_with_a_certificate_that_verifies(
    service: Service, listener: str, starttls: str, version: str
) -> None:
    code, said = dial(service, listener, starttls, f"-tls{version.replace('.', '_')}")
    assert code == 0
    assert f"TLSv{version}" in said
    assert "Verify return code: 0 (ok)" in said


@pytest.mark.parametrize(("listener", "starttls"), PORTS)
@pytest.mark.parametrize("version", ["1", "1_1"])
def test_old_versions_are_refused(
    service: Service, listener: str, starttls: str, version: str
) -> None:
    options = (f"-tls{'1' if version == '1' else '1_1'}", "-cipher", "ALL:@SECLEVEL=0")
    code, said = dial(service, listener, starttls, *options)
    assert code != 0
    assert "Cipher is (NONE)" in said


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "DES-CBC3-SHA"])
def test_weak_ciphers_are_refused(service: Service, cipher: str) -> None:
    code, _ = dial(service, "imaps", "", "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert code != 0


def test_compression_and_renegotiation_are_off(service: Service) -> None:
    _, said = dial(service, "imaps", "", "-tls1_2")
    assert "Compression: NONE" in said


def test_renewed_certificate_is_taken_into_use_while_connections_are_up(tmp_path: Path) -> None:
    accounts = {"anna@example.test": "crisp mountain air"}
    with running(tmp_path, accounts) as service, service.imap("anna@example.test") as before:
        certificate, key = self_made(["mx.example.test", "localhost", HOST], time.time())
        (service.data / "tls/key.pem").write_bytes(key)
        (service.data / "tls/certificate.pem").write_bytes(certificate)
        service.process.signal(SIGHUP)
        service.process.wait_for("the TLS certificate was renewed")
        second = service.process.wait_for("the TLS certificate was renewed", after=1)
        assert second
        with service.imap("anna@example.test") as after:  # trusts the new one only
            assert after.noop()[0] == "OK"
        assert before.noop()[0] == "OK"
