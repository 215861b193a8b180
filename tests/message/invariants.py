"""What must hold for every sequence of octets, however malformed."""

from alphorn.message import imap_structure, offsets
from alphorn.message.imap_string import utf8_string
from alphorn.message.parse import MAX_DEPTH, MAX_PARTS, Entity, Kind, parse
from alphorn.message.summarize import summarize
from alphorn.message.summary import Summary
from alphorn.message.text import searchable
from tests.message import imap_grammar


def check(raw: bytes) -> Summary:
    """Parses and summarizes; nothing raises, all is within bounds, IMAP can read the results."""
    root = parse(raw)
    assert root.start == 0
    assert root.end == len(raw)
    assert check_tree(root, 0) <= MAX_PARTS + MAX_DEPTH
    summary = summarize(raw, root)
    assert summary.size == len(raw)
    assert 0 <= summary.header_size <= len(raw)
    assert summary.envelope.isascii()
    assert summary.structure.isascii()
    imap_grammar.check_envelope(imap_grammar.read(summary.envelope))
    imap_grammar.check_body(imap_grammar.read(summary.structure), extended=True)
    basic = imap_structure.render(raw, root, extended=False).encode("ascii")
    imap_grammar.check_body(imap_grammar.read(basic), extended=False)
    imap_grammar.read(imap_structure.render(raw, root, utf8_string).encode("utf-8"))
    for section in ("", "HEADER", "TEXT", "1", "1.MIME", "1.1", "2.HEADER", "1.2.TEXT"):
        found = offsets.find(summary.parts, section)
        assert found is None or 0 <= found[0] <= found[1] <= len(raw)
    found_text = searchable(raw, root, limit=10_000)
    for text in (
        *(summary.message_id, *summary.thread_keys, summary.subject, summary.base_subject),
        *(summary.sort_from, summary.sort_to, summary.sort_cc, summary.preview),
        *(summary.sort_display_from, summary.sort_display_to),
        *found_text,
    ):
        text.encode("utf-8")  # no lone surrogates
        assert "\0" not in text
    assert len(found_text.body) <= 10_000 + MAX_PARTS
    for line in (summary.subject, summary.preview, summary.message_id):
        assert "\n" not in line
        assert "\r" not in line
    assert len(summary.preview) <= 200
    return summary


def check_tree(entity: Entity, depth: int) -> int:
    """How many entities there are; each lies within its parent, children in order."""
    assert depth <= MAX_DEPTH
    assert entity.start <= entity.body <= entity.end
    assert (entity.kind is Kind.LEAF) == (not entity.children)
    if entity.kind is Kind.MESSAGE:
        (child,) = entity.children
        assert (child.start, child.end) == (entity.body, entity.end)
    count = 1
    at = entity.body
    for child in entity.children:
        assert at <= child.start
        assert child.end <= entity.end
        at = child.end
        count += check_tree(child, depth + 1)
    return count
