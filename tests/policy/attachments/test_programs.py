"""Archives as programs write them: 7-Zip, Info-ZIP, genisoimage, xorriso, gcab, bsdtar, ARJ."""

import subprocess
from pathlib import Path

import pytest

from alphorn.policy.attachments import AttachmentRules
from tests.policy.attachments.makers import (
    PDF,
    PROGRAM,
    codes,
    judge,
    judge_file,
    message,
    part,
    refused,
    zipped,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to be packed, of which none is a program."""
    inside = tmp_path / "files"
    (inside / "sub").mkdir(parents=True)
    (inside / "a.txt").write_bytes(b"hello " * 500)
    (inside / "sub" / "b.pdf").write_bytes(PDF)
    return inside


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def packed(folder: Path, name: str, *command: str) -> bytes:
    """What a program makes of the folder; it is called within it and told where to write."""
    target = folder.parent / name
    target.unlink(missing_ok=True)
    run(folder, *(word.replace("OUT", str(target)) for word in command))
    return target.read_bytes()


NAMED = {
    "7z": ("a.7z", "7z", "a", "OUT", "."),
    "7z with a plain header": ("a.7z", "7z", "a", "-mhc=off", "OUT", "."),
    "7z stored": ("a.7z", "7z", "a", "-mx=0", "OUT", "."),
    "7z LZMA": ("a.7z", "7z", "a", "-m0=lzma", "OUT", "."),
    "7z PPMd": ("a.7z", "7z", "a", "-m0=PPMd", "OUT", "."),
    "7z bzip2": ("a.7z", "7z", "a", "-m0=bzip2", "OUT", "."),
    "7z deflate": ("a.7z", "7z", "a", "-m0=deflate", "OUT", "."),
    "7z not solid": ("a.7z", "7z", "a", "-ms=off", "OUT", "."),
    "7z zip": ("a.zip", "7z", "a", "-tzip", "OUT", "."),
    "7z zip deflate64": ("a.zip", "7z", "a", "-tzip", "-mm=deflate64", "OUT", "."),
    "7z zip lzma": ("a.zip", "7z", "a", "-tzip", "-mm=lzma", "OUT", "."),
    "7z zip xz": ("a.zip", "7z", "a", "-tzip", "-mm=xz", "OUT", "."),
    "7z tar": ("a.tar", "7z", "a", "-ttar", "OUT", "."),
    "zip": ("a.zip", "zip", "-r", "OUT", "."),
    "iso9660": ("a.iso", "genisoimage", "-quiet", "-o", "OUT", "."),
    "joliet": ("a.iso", "genisoimage", "-quiet", "-J", "-R", "-o", "OUT", "."),
    "udf": ("a.iso", "genisoimage", "-quiet", "-udf", "-o", "OUT", "."),
    "xorriso": ("a.iso", "xorriso", "-as", "mkisofs", "-quiet", "-J", "-o", "OUT", "."),
    "bsdtar tar": ("a.tar", "bsdtar", "-cf", "OUT", "."),
    "bsdtar 7z": ("a.7z", "bsdtar", "--format=7zip", "-cf", "OUT", "."),
    "bsdtar zip": ("a.zip", "bsdtar", "--format=zip", "-cf", "OUT", "."),
    "bsdtar iso": ("a.iso", "bsdtar", "--format=iso9660", "-cf", "OUT", "."),
    "bsdtar tzst": ("a.tzst", "bsdtar", "--zstd", "-cf", "OUT", "."),
}
CLOSED = {"7z PPMd", "7z zip deflate64"}


def cases(names: object) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.program(NAMED[name][1]))
        for name in sorted(NAMED)
        if name in names  # type: ignore[operator]
    ]


@pytest.mark.parametrize("name", cases(NAMED))
def test_forbidden_names(folder: Path, name: str) -> None:
    file_name, *command = NAMED[name]
    decision = judge_file(packed(folder, file_name, *command), file_name)
    assert decision.passes
    assert decision.facts["files"]
    assert not codes(decision)
    (folder / "sub" / "run.scr").write_bytes(b"x")
    path = refused(judge_file(packed(folder, file_name, *command), file_name))
    assert path.lower().endswith("sub/run.scr: extension")


@pytest.mark.parametrize("name", cases(NAMED.keys() - CLOSED))
def test_programs_under_other_names(folder: Path, name: str) -> None:
    file_name, *command = NAMED[name]
    (folder / "sub" / "b.pdf").write_bytes(PROGRAM)
    decision = judge_file(packed(folder, file_name, *command), file_name)
    assert refused(decision).lower().endswith("sub/b.pdf: program")


@pytest.mark.parametrize("name", cases(NAMED.keys() - CLOSED))
def test_archives_within(folder: Path, name: str) -> None:
    file_name, *command = NAMED[name]
    (folder / "c.zip").write_bytes(zipped(("run.scr", b"x")))
    decision = judge_file(packed(folder, file_name, *command), file_name)
    assert refused(decision).lower().endswith("c.zip » run.scr: extension")


@pytest.mark.program("gcab")
def test_cabinets(folder: Path) -> None:
    (folder / "run.scr").write_bytes(b"x")
    cabinet = packed(folder, "a.cab", "gcab", "-cz", "OUT", "a.txt", "run.scr")
    assert refused(judge_file(cabinet, "a.cab")) == "a.cab » run.scr: extension"
    assert not refused(judge_file(packed(folder, "a.cab", "gcab", "-c", "OUT", "a.txt"), "a.cab"))


@pytest.mark.program("arj")
def test_arj(folder: Path) -> None:
    (folder / "run.scr").write_bytes(b"x")
    archive = packed(folder, "a.arj", "arj", "a", "OUT", "a.txt", "run.scr")
    assert refused(judge_file(archive, "a.arj")) == "a.arj » run.scr: extension"
    good = judge_file(packed(folder, "a.arj", "arj", "a", "OUT", "a.txt"), "a.arj")
    assert not refused(good)
    assert good.facts["files"] == 3


@pytest.mark.program("7z")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.zip", ("-tzip", "-mem=AES256")),
        ("a.zip", ("-tzip", "-mem=ZipCrypto")),
        ("a.7z", ("-mhe=on",)),
        ("a.7z", ("-mhe=off",)),
    ],
)
def test_encrypted_archives(folder: Path, name: str, options: tuple[str, ...]) -> None:
    command = ("7z", "a", "-psecret", *options, "OUT", ".")
    archive = packed(folder, name, *command)
    assert codes(judge_file(archive, name)) == {"encrypted"}
    strict = AttachmentRules(encrypted=True)
    assert refused(judge_file(archive, name, strict)) == f"{name}: encrypted"
    (folder / "run.scr").write_bytes(b"x")
    hidden = "-mhe=on" in options
    decision = judge_file(packed(folder, name, *command), name)
    assert refused(decision) == ("" if hidden else f"{name} » run.scr: extension")


@pytest.mark.program("openssl")
@pytest.mark.parametrize("options", [(), ("-stream", "-indef")])
def test_messages_that_are_signed_as_a_whole(tmp_path: Path, options: tuple[str, ...]) -> None:
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a")
    run(tmp_path, *request, "-keyout", "key", "-out", "certificate")
    sign = ("openssl", "cms", "-sign", "-nodetach", "-signer", "certificate", "-inkey", "key")
    for name, expected in (("run.scr", "smime.p7m » run.scr: extension"), ("a.pdf", "")):
        (tmp_path / "inner").write_bytes(message(part(b"x" * 4000, name), boundary=b"inner"))
        run(tmp_path, *sign, *options, "-in", "inner", "-out", "outer")
        assert refused(judge((tmp_path / "outer").read_bytes())) == expected


@pytest.mark.program("msibuild")
def test_an_installer(tmp_path: Path) -> None:
    run(tmp_path, "msibuild", "a.msi", "-s", "Name", "Author", ";1033")
    assert refused(judge_file((tmp_path / "a.msi").read_bytes(), "a.doc")) == "a.doc: program"
