"""Certificates: made here, read, and renewed while the service runs."""

import logging
import ssl
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.servers.certificate import describe, self_made
from alphorn.servers.tls import TlsContexts, TlsFiles
from tests.support.stage import certificate_files


def test_self_made_certificate_says_what_it_is_for() -> None:
    pem, _ = self_made(["mx.example.test", "192.0.2.1"], 1_700_000_000)
    info = describe(pem)
    assert info.names == ("mx.example.test", "192.0.2.1")
    assert info.self_signed
    assert info.expires > 1_700_000_000 + 9 * 365 * 86400
    assert info.covers("MX.example.test")
    assert not info.covers("example.test")


def test_host_name_too_long_for_a_common_name() -> None:
    name = ".".join(["a" * 40] * 3 + ["test"])
    pem, _ = self_made([name], 1_700_000_000)
    assert describe(pem).covers(name)


def test_wildcards_cover_one_label() -> None:
    pem, _ = self_made(["*.example.test"], 1_700_000_000)
    assert describe(pem).covers("mx.example.test")
    assert not describe(pem).covers("a.mx.example.test")
    assert not describe(pem).covers("example.test")


def test_context_refuses_old_versions_and_weak_ciphers(tmp_path: Path) -> None:
    context = certificate_files(tmp_path).load()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    for cipher in context.get_ciphers():
        assert cipher["aead"]
        assert cipher["kea"] in ("kx-ecdhe", "kx-dhe", "kx-any")


@pytest.mark.parametrize("missing", ["certificate.pem", "key.pem"])
def test_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    files = certificate_files(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(Refused, match="a file is missing"):
        files.load()


def test_key_of_another_certificate(tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    files.key.write_bytes(self_made(["other.test"], 1_700_000_000)[1])
    with pytest.raises(Refused, match="key values mismatch"):
        TlsContexts(files)


def test_renewal_is_noticed_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    files = certificate_files(tmp_path)
    contexts = TlsContexts(files)
    first = contexts.context()
    assert not contexts.refresh()
    assert contexts.context() is first

    certificate, key = self_made(["new.test"], 1_700_000_000)
    files.certificate.write_bytes(certificate)  # the key does not fit yet
    assert not contexts.refresh()
    assert not contexts.refresh()
    assert contexts.context() is first
    assert caplog.text.count("was not renewed") == 1

    files.key.write_bytes(key)
    assert contexts.refresh()
    assert contexts.context() is not first
    assert not contexts.refresh()

    files.key.unlink()
    assert not contexts.refresh()
    assert caplog.text.count("was not renewed") == 2


def test_files_lie_where_they_are_said_to(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        TlsFiles(tmp_path / "none.pem", tmp_path / "none.key").load()
