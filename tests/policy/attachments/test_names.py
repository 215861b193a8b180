"""What a name acts under, for every way known to hide it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.policy.attachments import AttachmentRules, names
from alphorn.policy.attachments.rules import extensions
from tests.policy.attachments.makers import (
    JPEG,
    PDF,
    PROGRAM,
    codes,
    judge,
    judge_file,
    message,
    part,
    refused,
)

PROGRAMS = (
    "run.exe",
    "RUN.EXE",
    "invoice.pdf.exe",
    "photo.jpg                                     .exe",
    "run.exe.",
    "run.exe . . ",
    "run.exe\u00a0",
    "run.exe::$DATA",
    "run.exe:stream",
    "letter.txt:run.exe",
    "photo\u202egpj.exe",
    "\u2066photo\u2069.exe",
    "run.e\u200bxe",
    "run.ex\u00ade",
    "run.\ufeffexe",
    "run.ｅｘｅ",
    "run．exe",
    "run․exe",
    "run%2Eexe",
    "run%252Eexe",
    "run.exe%20",
    "run.exe\0.jpg",
    "run.exe?",
    "run.exe|",
    "C:\\Users\\me\\run.exe",
    "../../run.exe",
    "a/b/run.exe;1",
    "=?utf-8?Q?run=2Eexe?=",
    "run.exe\t",
    "x" * 5000 + ".exe",
)
OTHERS = {
    "report.com": "com",
    "www.example.com": "com",
    "EICAR.COM": "com",
    "a.{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}": names.CLASS,
    "a.js": "js",
    "a.library-ms": "library-ms",
    "a.pdf": "pdf",
    "exe": "",
    ".exe": "exe",
    "exe.txt": "txt",
    "run.exe.txt": "txt",
    "Brief an Müller.docx": "docx",
    "": "",
    "...": "",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_under_any_name_is_one(name: str) -> None:
    assert "exe" in names.acting(name)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_extension_of(name: str) -> None:
    assert names.acting(name) == {OTHERS[name]}


@settings(deadline=None, max_examples=500)
@given(st.text(max_size=60))
def test_no_name_upsets(name: str) -> None:
    assert len(names.acting(name)) <= names.MAX_VARIANTS
    names.shown(name).encode("utf-8")
    assert len(names.shown(name)) <= names.MAX_SHOWN


@given(st.text(alphabet=" .\u00a0\u200b\u202e?*|", max_size=20))
def test_what_follows_the_extension_and_is_dropped_hides_nothing(tail: str) -> None:
    assert "exe" in names.acting("run.exe" + tail)


def test_the_refusal_names_the_file() -> None:
    decision = judge_file(b"hello", "invoice.pdf.exe")
    assert decision.text == (
        "The attachment invoice.pdf.exe is of a kind that is not taken here (.exe)"
    )
    assert refused(decision) == "invoice.pdf.exe: extension"


@pytest.mark.parametrize(
    "header",
    [
        b'Content-Disposition: attachment; filename="a.txt"; filename="run.exe"\r\n',
        b'Content-Disposition: attachment; filename="run.exe"; filename="a.txt"\r\n',
        b"Content-Disposition: attachment; filename=a.txt; filename*=utf-8''run%2Eexe\r\n",
        b"Content-Disposition: attachment; filename=run.exe; filename*=utf-8''a.txt\r\n",
        b"Content-Disposition: attachment; filename*0=run; filename*1=.ex; filename*2=e\r\n",
        b"Content-Disposition: attachment; filename*1*=.exe; filename*0*=utf-8''run\r\n",
        b"Content-Disposition: attachment;\r\n filename=run.exe\r\n",
        b'Content-Disposition: attachment; filename="=?utf-8?B?cnVuLmV4ZQ==?="\r\n',
        b'Content-Disposition: attachment; filename=a.txt\r\nContent-Type: x/y; name="run.exe"\r\n',
        b"Content-Disposition: inline\r\nContent-Disposition: attachment; filename=run.exe\r\n",
        b"Content-Disposition: inline\r\nContent-Disposition: attachment; FileName=run.exe\r\n",
        b'Content-Disposition: attachment; filename="run.exe\r\n',
        b"Content-Disposition: filename=run.exe\r\n",
        b"content-disposition : attachment; filename = run.exe\r\n",
    ],
)
def test_every_name_that_a_part_is_given_counts(header: bytes) -> None:
    assert refused(judge(message(part(b"hello", header=header)))).endswith("run.exe: extension")


def test_the_name_in_the_content_type_counts() -> None:
    body = part(b"hello", "a.txt", 'application/pdf; name="run.exe"')
    assert refused(judge(message(body))) == "run.exe: extension"


def test_a_type_that_says_program_counts_without_a_name() -> None:
    assert refused(judge(message(part(b"hello", media="application/x-msdownload"))))
    assert not refused(judge(message(part(PDF, "a.pdf", "application/x-msdownload"))))


def test_a_message_that_is_nothing_but_a_program() -> None:
    raw = b"From: a@b.c\r\n" + part(b"hello", "run.exe")
    assert refused(judge(raw)) == "run.exe: extension"


def test_a_saved_page_may_be_called_after_its_host() -> None:
    page = b"<!doctype html><title>x</title>"
    assert not refused(judge(message(part(page, "www.example.com", "text/html"))))
    assert refused(judge(message(part(b"X5O!P%@AP", "www.example.com", "text/html"))))
    assert refused(judge(message(part(page, "www.example.com", "text/plain"))))
    assert refused(judge(message(part(page, "www.example.exe", "text/html"))))


def test_a_forwarded_message_may_have_a_subject_that_ends_in_a_host() -> None:
    inner = b"From: a@b.c\r\nSubject: example.com\r\n\r\nHello.\r\n"
    named = 'message/rfc822; name="Your order at example.com"'
    assert not refused(judge(message(part(inner, media=named, encoding="7bit"))))
    named = 'message/rfc822; name="order.bat"'
    assert refused(judge(message(part(inner, media=named, encoding="7bit"))))


def test_a_name_shown_backwards_is_told() -> None:
    assert codes(judge_file(JPEG, "cod\u202egpj.jpg")) == {"override"}


def test_lists_of_extensions() -> None:
    rules = AttachmentRules(extensions=extensions(None, [".FOO"], ["exe"]))
    assert refused(judge_file(b"hello", "a.foo", rules)) == "a.foo: extension"
    assert not refused(judge_file(b"hello", "a.exe", rules))
    assert refused(judge_file(PROGRAM, "a.exe", rules)) == "a.exe: program"
    assert refused(judge_file(b"hello", "a.bat", rules))
    assert not refused(judge_file(b"hello", "a.bat", AttachmentRules(extensions(["foo"]))))


def test_files_uuencoded_in_a_text() -> None:
    raw = b"From: a@b.c\r\n\r\nHello.\r\n\r\nbegin 644 run.exe\r\nM35J0\r\n`\r\nend\r\n"
    assert refused(judge(raw)) == "run.exe: extension"
    assert refused(judge(raw.replace(b"run.exe", b"photo.jpg"))) == "photo.jpg: program"
    assert not refused(judge(b"From: a@b.c\r\n\r\nWe begin 644 run.exe\r\n"))


@pytest.mark.parametrize("junk", [b"\r\n" * 9000, b"!" * 9000 + b"\r\n", b" " * 9000])
def test_what_stands_before_the_data_hides_nothing(junk: bytes) -> None:
    body = part(PROGRAM * 100, "a.pdf").replace(b"\r\n\r\n", b"\r\n\r\n" + junk, 1)
    assert refused(judge(message(body))) == "a.pdf: program"


def test_two_encodings() -> None:
    header = (
        b"Content-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    )
    body = header + part(PROGRAM, header=b"X: y\r\n")
    assert refused(judge(message(body))) == "a.pdf: program"


def test_a_multipart_that_is_encoded_as_a_whole() -> None:
    inner = b"--q\r\n" + part(b"x", "run.exe") + b"\r\n--q--\r\n"
    body = part(inner, media="multipart/mixed; boundary=q")
    assert refused(judge(message(body))) == "run.exe: extension"


def test_a_piece_of_a_message_is_not_taken() -> None:
    raw = b'From: a@b.c\r\nContent-Type: message/partial; id="x"; number=1; total=2\r\n\r\nx\r\n'
    assert refused(judge(raw)) == "message: partial"
