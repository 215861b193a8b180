"""Macros, objects and links in office files of every form."""

import base64
import zlib
from binascii import hexlify
from struct import pack

import pytest

from alphorn.policy.attachments import AttachmentRules, Macros
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.vba import decompress
from tests.policy.attachments.makers import (
    AUTOMATIC,
    HARMLESS,
    PDF,
    PROGRAM,
    SHORTCUT,
    codes,
    compound,
    judge_file,
    native,
    ovba,
    refused,
    vba,
    zipped,
)

TYPES = b'<?xml version="1.0"?><Types xmlns="x"></Types>'
RELATIONSHIP = (
    b'<?xml version="1.0"?><Relationships><Relationship Id="rId1" Type="http://schemas'
    b'.openxmlformats.org/officeDocument/2006/relationships/%b" Target="%b"'
    b' TargetMode="External"/></Relationships>'
)
TAKE = AttachmentRules(macros=Macros.NONE)
REFUSE = AttachmentRules(macros=Macros.ALL)


def package(*parts: tuple[str, bytes]) -> bytes:
    return zipped(("[Content_Types].xml", TYPES), ("word/document.xml", b"<?xml?>"), *parts)


def macro_files(source: bytes) -> dict[str, bytes]:
    """The same project in every kind of file that may hold one."""
    project = compound(vba(source))
    mime = b"ActiveMime" + bytes(40) + zlib.compress(project)
    lines = base64.encodebytes(mime)
    return {
        "a.doc": project,
        "a.docm": package(("word/vbaProject.bin", project)),
        "a.docx": package(("word/media/image1.png", project)),
        "renamed.pdf": package(("word/vbaProject.bin", project)),
        "word2003.doc": b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDoc'
        b'ument><w:binData w:name="editdata.mso">' + lines + b"</w:binData></w:wordDocument>",
        "flat.xml": b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><pkg:package>'
        b"<pkg:part><pkg:binaryData>" + base64.encodebytes(project) + b"</pkg:binaryData>",
        "mhtml.doc": b"MIME-Version: 1.0\r\n"
        b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/html\r\n\r\n<p>\r\n--b\r\nContent-Location: editdata.mso\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Type: application/x-mso\r\n\r\n"
        + lines.replace(b"\n", b"\r\n")
        + b"\r\n--b--\r\n",
        "a.zip": zipped(("a.doc", project)),
    }


@pytest.mark.parametrize("name", sorted(macro_files(b"")))
def test_macros_that_run_by_themselves_are_refused(name: str) -> None:
    file = macro_files(AUTOMATIC)[name]
    decision = judge_file(file, name)
    assert refused(decision).endswith(": automatic-macro")
    assert decision.facts["detail"] == "AutoOpen"
    assert codes(judge_file(file, name, TAKE)) == {"automatic-macro"}


@pytest.mark.parametrize("name", sorted(macro_files(b"")))
def test_other_macros_are_told(name: str) -> None:
    file = macro_files(HARMLESS)[name]
    decision = judge_file(file, name)
    assert not refused(decision)
    assert codes(decision) == {"macro"}
    assert all(reason.score > 0 for reason in decision.reasons)
    assert refused(judge_file(file, name, REFUSE)).endswith(": macro")


@pytest.mark.parametrize(
    "line",
    [
        b"Private Sub Document_Open()",
        b"Public Sub Workbook_Open ()",
        b"sub AUTO_OPEN()",
        b"\tStatic Function AutoExec(x)",
        b"Private Sub InkPicture1_Painted(ByVal hDC As Long)",
        b"Sub AutoClose\r\n",
    ],
)
def test_procedures_that_run_by_themselves(line: bytes) -> None:
    source = b'Attribute VB_Name = "Module1"\r\n' + line + b"\r\nEnd Sub\r\n"
    assert refused(judge_file(compound(vba(source)), "a.xls")) == "a.xls: automatic-macro"


@pytest.mark.parametrize(
    "line",
    [
        b"Sub UserForm_Layout()",
        b"Sub Workbook_BeforePrint(Cancel As Boolean)",
        b"' Sub AutoOpen()",
        b"Sub MyAutoOpen()",
        b"Sub AutoOpener()",
        b'x = "Sub AutoOpen()"',
    ],
)
def test_what_only_looks_like_such_a_procedure(line: bytes) -> None:
    source = HARMLESS + line + b"\r\n"
    assert codes(judge_file(compound(vba(source)), "a.xls")) == {"macro"}


def test_modules_without_code_are_no_macros() -> None:
    source = b'Attribute VB_Name = "ThisDocument"\r\nAttribute VB_Base = "0{}"\r\n'
    assert not codes(judge_file(compound(vba(source)), "a.doc"))


def test_macros_whose_source_was_removed() -> None:
    compiled = b"\xcc\x61\xff\x00" + b"Shell\0AutoOpen\0x"
    source = b'Attribute VB_Name = "Module1"\r\n'
    assert refused(judge_file(compound(vba(source, compiled)), "a.doc")).endswith("automatic-macro")


def test_a_project_whose_directory_is_damaged() -> None:
    tree = vba(AUTOMATIC)
    tree["Macros"]["VBA"]["dir"] = b"\xff" * 100
    assert refused(judge_file(compound(tree), "a.doc")).endswith("automatic-macro")


def test_decompression_is_that_of_the_standard() -> None:
    """The examples of MS-OVBA §3.2."""
    budget = Budget(1 << 20, 10)
    none = "01 19 B0 00 61 62 63 64 65 66 67 68 00 69 6A 6B 6C 6D 6E 6F 70 00 71 72 73 74 75 76 2E"
    normal = (
        "01 2F B0 00 23 61 61 61 62 63 64 65 82 66 00 70 61 67 68 69 6A 01 38 08 61 6B 6C 00 30 6D"
        " 6E 6F 70 06 71 02 70 04 10 72 73 74 75 76 10 77 78 79 7A 00 3C"
    )
    most = "01 03 B0 02 61 45 00"
    assert decompress(bytes.fromhex(none), budget, 4096) == b"abcdefghijklmnopqrstuv."
    assert decompress(bytes.fromhex(normal), budget, 4096) == (
        b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"
    )
    assert decompress(bytes.fromhex(most), budget, 4096) == b"a" * 73
    assert decompress(ovba(b"x" * 9000), budget, 20_000) == b"x" * 9000


def test_excel_4_macros() -> None:
    def record(kind: int, value: bytes) -> bytes:
        return pack("<HH", kind, len(value)) + value

    sheet = record(0x85, pack("<LBB", 0, 0, 1) + b"\x06\0Macro1")
    name = record(0x18, pack("<H", 0x20) + bytes(12) + b"\0\x01")
    begin, end = record(0x809, bytes(16)), record(0x0A, b"")
    plain = compound({"Workbook": begin + sheet + end})
    assert codes(judge_file(plain, "a.xls")) == {"macro"}
    running = compound({"Workbook": begin + sheet + name + end})
    assert refused(judge_file(running, "a.xls")) == "a.xls: automatic-macro"
    ordinary = compound({"Workbook": begin + name + end})
    assert not codes(judge_file(ordinary, "a.xls"))


def test_excel_4_macros_in_a_package() -> None:
    sheet = ("xl/macrosheets/sheet1.xml", b"<x/>")
    book = b'<workbook><definedName name="_xlnm.Auto_Open">x</definedName></workbook>'
    assert codes(judge_file(package(sheet), "a.xlsm")) == {"macro"}
    running = package(sheet, ("xl/workbook.xml", book))
    assert refused(judge_file(running, "a.xlsm")) == "a.xlsm: automatic-macro"
    binary = package(sheet, ("xl/workbook.bin", "Auto_Open".encode("utf-16-le")))
    assert refused(judge_file(binary, "a.xlsb")) == "a.xlsb: automatic-macro"


@pytest.mark.parametrize("target", [b"https://example.org/a.dotm", b"\\\\host\\a.dotm", b"//h/a"])
def test_a_template_from_elsewhere_is_told(target: bytes) -> None:
    relations = RELATIONSHIP % (b"attachedTemplate", target)
    file = package(("word/_rels/settings.xml.rels", relations))
    assert codes(judge_file(file, "a.docx")) == {"remote"}


@pytest.mark.parametrize("target", [b"file:///C:\\Templates\\Normal.dotm", b"Normal.dotm"])
def test_a_template_of_ones_own_is_not(target: bytes) -> None:
    relations = RELATIONSHIP % (b"attachedTemplate", target)
    file = package(("word/_rels/settings.xml.rels", relations))
    assert not codes(judge_file(file, "a.docx"))


def test_links_and_pictures_from_elsewhere_are_nobodys_business() -> None:
    relations = RELATIONSHIP % (b"hyperlink", b"https://example.org/")
    assert not codes(judge_file(package(("word/_rels/document.xml.rels", relations)), "a.docx"))


def test_an_object_from_elsewhere_that_opens_a_page_is_refused() -> None:
    relations = RELATIONSHIP % (b"oleObject", b"https://example.org/a.html!")
    file = package(("word/_rels/document.xml.rels", relations))
    assert refused(judge_file(file, "a.docx")) == "a.docx: exploit"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [("run.exe", b"x", "extension"), ("a.pdf", PROGRAM, "program"), ("b.txt", SHORTCUT, "program")],
)
def test_files_packed_into_documents(name: str, content: bytes, fault: str) -> None:
    objects = compound({"\x01Ole10Native": native(name, content)})
    legacy = compound({"ObjectPool": {"_1": {"\x01Ole10Native": native(name, content)}}})
    hexed = hexlify(pack("<LLL", 0x501, 2, 8) + b"Package\0" + bytes(8) + native(name, content))
    rtf = b"{\\rtf1{\\object\\objemb{\\*\\objdata " + hexed + b"}}}"
    for file_name, file in (
        ("a.docx", package(("word/embeddings/oleObject1.bin", objects))),
        ("a.doc", legacy),
        ("a.rtf", rtf),
    ):
        assert refused(judge_file(file, file_name)).endswith(f"{name}: {fault}")
    assert not refused(judge_file(compound({"\x01Ole10Native": native("a.pdf", PDF)}), "a.doc"))


@pytest.mark.parametrize("between", [b"", b"\r\n", b"{\\*\\x}", b"\\'41 ", b" {} "])
def test_objects_in_rtf_however_written(between: bytes) -> None:
    digits = hexlify(compound({"\x01Ole10Native": native("run.exe", b"x")}))
    strewn = between.join(digits[at : at + 64] for at in range(0, len(digits), 64))
    rtf = b"{\\rtf1 {\\object\\objocx{\\*\\objdata" + between + b" " + strewn + b"}}}"
    assert refused(judge_file(rtf, "a.doc")).endswith("run.exe: extension")


def test_equations_that_somebody_wrote_are_none_of_it() -> None:
    equation = (
        b"\x1c\0" + bytes(26) + b"\3\1\1\3\0\x0a\1\x08\0\0Times New Roman\0" + b"\2\x83x\0" * 90
    )
    file = compound({"ObjectPool": {"_1": {"Equation Native": equation}}})
    assert not codes(judge_file(file, "a.doc"))
    digits = hexlify(pack("<LLL", 0x501, 2, 11) + b"Equation.3\0" + bytes(12) + file)
    assert not refused(judge_file(b"{\\rtf1{\\object{\\*\\objdata " + digits + b"}}}", "a.rtf"))


def test_an_object_in_rtf_that_is_fetched_at_once() -> None:
    moniker = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
    digits = hexlify(pack("<LLL", 0x501, 2, 9) + b"OLE2Link\0" + bytes(40) + moniker + bytes(40))
    link = b"{\\rtf1{\\object\\%b{\\*\\objdata " + digits + b"}}}"
    assert refused(judge_file(link % b"objautlink", "a.doc")) == "a.doc: exploit"
    assert codes(judge_file(link % b"objemb", "a.doc")) == {"remote"}


def test_the_equation_editor() -> None:
    data = hexlify(pack("<LLL", 0x501, 2, 11) + b"Equation.3\0" + bytes(20))
    assert refused(judge_file(b"{\\rtf1{\\object{\\*\\objdata " + data + b"}}}", "a.doc")) == (
        "a.doc: exploit"
    )
    stream = compound({"Equation Native": bytes(33) + b"\x08\x01\x02" + b"A" * 60})
    assert refused(judge_file(stream, "a.doc")) == "a.doc: exploit"


def test_encrypted_documents_are_told() -> None:
    file = compound({"EncryptedPackage": b"x" * 5000, "EncryptionInfo": b"x"})
    assert codes(judge_file(file, "a.xlsx")) == {"encrypted"}
    assert refused(judge_file(file, "a.xlsx", AttachmentRules(encrypted=True)))


def test_files_in_onenote() -> None:
    head = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
    mark = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")

    def section(name: str, content: bytes) -> bytes:
        told = name.encode("utf-16-le") + b"\0\0"
        return head + bytes(64) + told + mark + pack("<QLQ", len(content), 0, 0) + content

    assert refused(judge_file(section("a.pdf", PROGRAM), "a.one")).endswith("program")
    assert refused(judge_file(section("open me.hta", b"<script>"), "a.one")).endswith("extension")
    assert not refused(judge_file(section("a.pdf", PDF), "a.one"))


def test_packages_of_windows_are_installers() -> None:
    file = zipped(("AppxManifest.xml", b"<x/>"))
    assert refused(judge_file(file, "a.zip")) == "a.zip: program"
