"""A message as the golden files show it: everything that a summary says, and what sections hold."""

from typing import Any

from alphorn.message import offsets
from alphorn.message.parse import Entity, Kind, parse
from alphorn.message.summarize import summarize

Json = dict[str, Any]


def view(raw: bytes) -> Json:
    """What is compared with the `.json` beside an `.eml`."""
    summary = summarize(raw)
    return {
        "size": summary.size,
        "header_size": summary.header_size,
        "envelope": summary.envelope.decode("ascii"),
        "structure": summary.structure.decode("ascii"),
        "message_id": summary.message_id,
        "thread_keys": list(summary.thread_keys),
        "subject": summary.subject,
        "base_subject": summary.base_subject,
        "sent": summary.sent,
        "sent_day": summary.sent_day,
        "sort": [
            summary.sort_from,
            summary.sort_to,
            summary.sort_cc,
            summary.sort_display_from,
            summary.sort_display_to,
        ],
        "preview": summary.preview,
        "has_attachment": summary.has_attachment,
        "sections": {
            section: shown(raw, summary.parts, section)
            for section in ("HEADER", *part_sections(parse(raw), ""))
        },
    }


def shown(raw: bytes, parts: bytes, section: str) -> str:
    """A section's octets as text, its middle left out where it is long."""
    found = offsets.find(parts, section)
    assert found is not None, section
    text = raw[found[0] : found[1]].decode("latin-1")
    return text if len(text) <= 60 else f"{text[:30]}…{text[-25:]}"


def part_sections(entity: Entity, prefix: str) -> list[str]:
    """Each section that a part of this message has, in the order of the parts."""
    if entity.kind is not Kind.MULTIPART:
        return [f"{prefix}1", *_inside(entity, f"{prefix}1")]
    sections = []
    for number, child in enumerate(entity.children, 1):
        name = f"{prefix}{number}"
        sections += [name, f"{name}.MIME", *_inside(child, name)]
    return sections


def _inside(entity: Entity, name: str) -> list[str]:
    if entity.kind is Kind.MULTIPART:
        return part_sections(entity, f"{name}.")
    if entity.kind is Kind.MESSAGE:
        return [
            f"{name}.HEADER",
            f"{name}.TEXT",
            *part_sections(entity.children[0], f"{name}."),
        ]
    return []
