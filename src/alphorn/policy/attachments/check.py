"""The stage that judges what a message carries: refused, or taken with what is to be said."""

from alphorn.message.parse import Entity
from alphorn.policy.attachments import names
from alphorn.policy.attachments.items import Fault
from alphorn.policy.attachments.rules import DEFAULT, AttachmentRules
from alphorn.policy.attachments.walk import Note, Path, Walk
from alphorn.policy.decision import Act, Decision, Reason

STAGE = "attachments"
STATUS = "5.7.0"
BASIC = 554
MAX_PATH = 6

_PASS = Decision(STAGE)

# What is said of a file, and what it adds to the score where the file is taken all the same.
_TEXTS: dict[Fault, tuple[str, float]] = {
    Fault.EXTENSION: ("is of a kind that is not taken here ({})", 5.0),
    Fault.PROGRAM: ("is not taken here, whatever its name: it is a {}", 5.0),
    Fault.SCRIPT_MACRO: ("has macros ({})", 1.0),
    Fault.AUTOMATIC_MACRO: ("is not taken here: it has macros that run by themselves ({})", 4.0),
    Fault.EXPLOIT: ("is not taken here: it is made to exploit a flaw ({})", 5.0),
    Fault.REMOTE: ("loads something from elsewhere when it is opened", 3.0),
    Fault.ENCRYPTED: ("is encrypted, so that it cannot be examined", 1.0),
    Fault.BOMB: ("is not taken here: it is made so that it cannot be examined", 5.0),
    Fault.PARTIAL: ("is not taken here: it is a piece of a message that cannot be examined", 3.0),
    Fault.SEALED: ("is an archive of a kind that cannot be examined", 1.0),
    Fault.UNSEEN: ("could be examined only in part", 0.5),
    Fault.OVERRIDE: ("has a name of which a part is shown backwards", 3.0),
    Fault.FOREIGN: ("is a program", 1.0),
}
_PROGRAM = "program"


def check(raw: bytes, entity: Entity, rules: AttachmentRules = DEFAULT) -> Decision:
    """What is to be done with a message for what it carries; `entity` is its parse tree.

    Never raises. REFUSE names the file and the path to it; PASS has a reason for each file about
    which there is something to say, with a score.
    """
    walk = Walk(rules, len(raw))
    refusal = walk.message(raw, entity)
    if refusal is not None:
        text = _sentence(refusal)
        return Decision(
            STAGE,
            Act.REFUSE,
            STATUS,
            text,
            BASIC,
            page=STAGE,
            reasons=(Reason(f"attachment-{refusal.finding.fault}", f"{text}.", 0.0),),
            facts={
                "file": shown_path(refusal.path),
                "fault": str(refusal.finding.fault),
                "detail": refusal.finding.detail,
            },
        )
    if not walk.notes and not walk.budget.files:
        return _PASS
    reasons = dict.fromkeys(walk.notes)
    return Decision(
        STAGE,
        reasons=tuple(
            Reason(
                f"attachment-{note.finding.fault}",
                f"{_sentence(note)}.",
                _TEXTS[note.finding.fault][1],
            )
            for note in reasons
        ),
        facts={"files": walk.budget.files, "work": walk.budget.spent},
    )


def shown_path(path: Path) -> str:
    """The way to a file as people read it; of a long one the beginning and the end."""
    if len(path) > MAX_PATH:
        path = (*path[: MAX_PATH // 2], "…", *path[-MAX_PATH // 2 :])
    return " » ".join(names.shown(name) or "unnamed" for name in path)


def _sentence(note: Note) -> str:
    text, _ = _TEXTS[note.finding.fault]
    detail = names.shown(note.finding.detail) or _PROGRAM
    return f"The attachment {shown_path(note.path)} {text.format(detail)}"
