"""A file is not hidden behind more than is looked at, and looking at names costs little."""

import pytest

from alphorn.message.parse import MAX_DELIMITERS, MAX_DEPTH, MAX_PARTS, parse
from alphorn.policy.attachments import check
from alphorn.policy.attachments.mime import MAX_NAMED
from alphorn.policy.decision import Decision
from tests.support.cost import cost

HEAD = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n"
FILE = b"Content-Disposition: attachment; filename=%s\r\n\r\nMZ\r\n"
PROGRAM = FILE % b"a.exe"
DEEP = b"".join(HEAD % b"b%d" % level + b"--b%d\r\n" % level for level in range(MAX_DEPTH + 2))

HIDDEN = {
    "behind many parts": HEAD % b"b" + b"--b\r\n\r\nx\r\n" * MAX_PARTS + b"--b\r\n" + PROGRAM,
    "behind what looks like the end of a part": (
        HEAD % b"b" + b"--b\r\n\r\n" + b"--bx\r\n" * MAX_DELIMITERS + b"--b\r\n" + PROGRAM
    ),
    "deep within": DEEP + PROGRAM,
    "within messages": b"Content-Type: message/rfc822\r\n\r\n" * (MAX_DEPTH + 2) + PROGRAM,
    "within a long boundary": (
        HEAD % (b"b" * 1001 + b"c") + b"--" + b"b" * 1001 + b"c\r\n" + PROGRAM
    ),
}


def judged(raw: bytes) -> Decision:
    return check(raw, parse(raw))


@pytest.mark.parametrize("where", HIDDEN)
def test_a_file_does_not_hide(where: str) -> None:
    decision = judged(HIDDEN[where])
    assert not decision.passes
    assert decision.facts["fault"] == "bomb"
    assert decision.text == (
        "The attachment message is not taken here: it is made so that it cannot be examined"
    )


def test_nor_in_a_message_within_an_archive() -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.eml", b"From: a@b.example\r\n" + HIDDEN["behind many parts"])
    raw = (
        HEAD % b"outer"
        + b"--outer\r\nContent-Type: application/zip; name=a.zip\r\n\r\n"
        + packed.getvalue()
        + b"\r\n--outer--\r\n"
    )
    assert not judged(raw).passes


@pytest.mark.parametrize(
    "name", [b"x" * MAX_NAMED + b".exe", b"=?u?q?=41?=" * 500 + b"=?u?q?.exe?="]
)
def test_a_long_name_ends_as_any(name: bytes) -> None:
    assert not judged(HEAD % b"b" + b"--b\r\n" + FILE % name).passes


def test_long_names_cost_little() -> None:
    raw = HEAD % b"b" + (b"--b\r\n" + FILE % (b"=?u?q?=41?=" * 4000)) * (MAX_PARTS - 10)
    root = parse(raw)
    assert cost(lambda: check(raw, root), 1) < 1
