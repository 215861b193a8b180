"""Who gets an automatic answer, and every reason why somebody does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy.answering import MAX_ASKED, Question, Ruling, judge

ANNA = "anna@example.test"
HOST = "mx.example.test"
OWN = frozenset((ANNA, "sales@example.test"))


def is_own(address: str) -> bool:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in OWN


def ask(
    *fields: str,
    sender: str = "bert@b.test",
    recipient: str = ANNA,
    author: str = "Bert <bert@b.test>",
    to: str = "To: Anna <anna@example.test>",
    spam: bool = False,
    catch_all: bool = False,
    addresses: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
) -> Ruling:
    head = "\r\n".join([f"From: {author}", to, *fields, "Subject: Hi", "", "text"]).encode()
    return judge(
        Question(head, sender, recipient, is_own, catch_all, spam, addresses, excluded, HOST)
    )


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "auto-submitted: NO (a person)",
        "Precedence: normal",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-List-Colour: blue",
        "Content-Type: multipart/mixed; boundary=x",
        "X-Priority: 1",
    ],
)
def test_ordinary_mail_is_answered(field: str) -> None:
    assert ask(field) == Ruling(own=ANNA)


@pytest.mark.parametrize(
    ("found", "answered"),
    [
        ("none", True),
        ("spf=pass smtp.mailfrom=b.test; dmarc=fail header.from=b.test", True),
        ("spf=none smtp.mailfrom=b.test", True),
        ("spf=fail smtp.mailfrom=b.test", False),
        ("spf=softfail smtp.mailfrom=b.test; dmarc=none header.from=b.test", False),
        ("spf=fail smtp.helo=b.test", True),
        # Sent on by somebody who breaks SPF, and signed.
        ("spf=fail smtp.mailfrom=b.test; dmarc=pass header.from=B.test", True),
        # Signed by whoever writes in another's name.
        ("spf=fail smtp.mailfrom=b.test; dmarc=pass header.from=evil.test", False),
        ("spf=none smtp.mailfrom=b.test; dmarc=fail header.from=b.test", False),
        ("spf=none smtp.mailfrom=b.test; dmarc=fail header.from=c.test", True),
    ],
)
def test_what_is_forged_is_not_answered(found: str, answered: bool) -> None:
    ruling = ask(f"Authentication-Results: {HOST};\r\n\t{found}")
    assert ruling.code == ("" if answered else "forged")
    # The first of ours counts; what others say does not.
    later = "spf=fail smtp.mailfrom=b.test"
    assert ask(f"Authentication-Results: other.test; {later}").may
    both = [f"Authentication-Results: {HOST}; {one}" for one in (found, later)]
    assert ask(*both).may is answered


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("Auto-Submitted: auto-generated", "automatic"),
        ("Auto-Submitted: auto-replied (vacation)", "automatic"),
        ("AUTO-SUBMITTED:\r\n auto-replied; x=y", "automatic"),
        ("Auto-Submitted:", "automatic"),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-replied", "automatic"),
        ("X-Autoreply: yes", "automatic"),
        ("X-Autorespond: Holiday", "automatic"),
        ("X-Auto-Generated: 1", "automatic"),
        ("List-Id: <friends.b.test>", "list"),
        ("list-unsubscribe: <https://b.test/u>", "list"),
        ("List-Post: NO", "list"),
        ("X-Mailing-List: friends", "list"),
        ("Precedence: bulk", "bulk"),
        ("Precedence: LIST", "bulk"),
        ("Precedence: junk ", "bulk"),
        ("X-Auto-Response-Suppress: All", "suppressed"),
        ("X-Auto-Response-Suppress: DR,\tOOF, RN", "suppressed"),
        ("X-Auto-Response-Suppress: AutoReply", "suppressed"),
        ("Content-Type: multipart/report; report-type=delivery-status", "report"),
        ("Content-Type: message/disposition-notification", "report"),
    ],
)
def test_no_machine_and_no_list_is_answered(field: str, code: str) -> None:
    ruling = ask(field)
    assert (ruling.code, ruling.may) == (code, False)
    assert ruling.text


def test_the_first_field_of_a_message_is_seen_too() -> None:
    for field, code in (("List-Id: <x.test>", "list"), ("Precedence: bulk", "bulk")):
        head = f"{field}\r\nTo: {ANNA}\r\nFrom: bert@b.test\r\n\r\n".encode()
        assert judge(Question(head, "bert@b.test", ANNA, is_own)).code == code


def test_what_the_body_says_is_no_reason() -> None:
    head = f"To: {ANNA}\r\nFrom: bert@b.test\r\n\r\nList-Id: <x>\r\nPrecedence: bulk\r\n".encode()
    assert judge(Question(head, "bert@b.test", ANNA, is_own)).may


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("", "null-sender"),
        ("<>", "null-sender"),
        ("no address", "bad-sender"),
        ("a@b@", "bad-sender"),
        ("MAILER-DAEMON@b.test", "machine"),
        ("mailer-daemon+x@b.test", "machine"),
        ("owner-friends@b.test", "machine"),
        ("friends-owner@b.test", "machine"),
        ("friends-request@b.test", "machine"),
        ("friends-bounces+anna=example.test@b.test", "machine"),
        ("bounce-1234@b.test", "machine"),
        ("bounces@b.test", "machine"),
        ("noreply@b.test", "machine"),
        ("No-Reply@b.test", "machine"),
        ("no_reply@b.test", "machine"),
        ("donotreply@b.test", "machine"),
        ("do-not-reply@b.test", "machine"),
        ("noreply-orders@b.test", "machine"),
        ("shop-noreply@b.test", "machine"),
        ("listserv@b.test", "machine"),
        ("majordomo@b.test", "machine"),
        ("autoreply@b.test", "machine"),
    ],
)
def test_senders_that_nobody_answers(sender: str, code: str) -> None:
    assert ask(sender=sender).code == code


@pytest.mark.parametrize(
    "local",
    [
        "bert",
        "norbert",
        "request",
        "noreen",
        "owner",
        "nora.reply",
        "bouncer",
        "nobodyhome",
        "list",
    ],
)
def test_people_with_such_names_are_answered(local: str) -> None:
    assert ask(sender=f"{local}@b.test", author=f"{local}@b.test").may


def test_a_machine_behind_another_envelope_is_one_too() -> None:
    assert ask(author="Shop <noreply@b.test>").code == "machine"


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        (ANNA, "anna@example.test"),
        ("anna+private@example.test", "x@b.test"),
        ("SALES@example.test", "x@b.test"),
        ("bert@b.test", "Anna <sales@example.test>"),
    ],
)
def test_own_mail_is_not_answered(sender: str, author: str) -> None:
    assert ask(sender=sender, author=author).code == "own"


def test_addresses_of_the_script_are_own_too() -> None:
    assert ask(sender="me@c.test", author="me@c.test", addresses=("me@c.test",)).code == "own"
    found = ask(to="To: Me+shop@C.test", addresses=("me@c.test",))
    assert (found.may, found.own.lower()) == (True, "me+shop@c.test")


def test_spam_and_what_the_catch_all_takes() -> None:
    assert ask(spam=True).code == "spam"
    assert ask(catch_all=True).code == "catch-all"


@pytest.mark.parametrize(
    ("to", "own"),
    [
        ("To: x@c.test, sales@example.test", "sales@example.test"),
        ("Cc: ANNA@example.test", "ANNA@example.test"),
        ("Bcc: anna@example.test", ANNA),
        ("Resent-To: anna@example.test", ANNA),
        ("Resent-Cc: anna@example.test", ANNA),
        ("Resent-Bcc: anna@example.test", ANNA),
        ("To: anna+shop@example.test", "anna+shop@example.test"),
        ("To: group: x@c.test, anna@example.test;", ANNA),
    ],
)
def test_who_is_named_in_any_of_the_fields_is_addressed(to: str, own: str) -> None:
    found = ask(to=to)
    assert (found.code, found.own) == ("", own)


def test_of_several_the_one_that_the_envelope_names_answers() -> None:
    to = "To: sales@example.test, anna@example.test"
    assert ask(to=to).own == ANNA
    assert ask(to=to, recipient="sales@example.test").own == "sales@example.test"


@pytest.mark.parametrize(
    "to",
    ["To: friends@c.test", "To: undisclosed-recipients:;", "X-To: anna@example.test", "To: anna"],
)
def test_who_is_not_named_is_not_addressed(to: str) -> None:
    assert ask(to=to).code == "not-addressed"


def test_so_many_recipients_are_looked_at() -> None:
    many = ", ".join(f"p{number}@c.test" for number in range(MAX_ASKED))
    assert ask(to=f"To: {many}, {ANNA}").code == "not-addressed"
    assert ask(to=f"To: {ANNA}, {many}").may


@pytest.mark.parametrize(
    ("pattern", "sender"),
    [
        ("bert@b.test", "Bert@B.test"),
        ("b.test", "other@b.test"),
        (".b.test", "other@deep.sub.b.test"),
    ],
)
def test_excluded_senders(pattern: str, sender: str) -> None:
    assert ask(sender=sender, author=sender, excluded=(pattern,)).code == "excluded"
    assert ask(sender="x@c.test", author=f"X <{sender}>", excluded=(pattern,)).code == "excluded"
    assert ask(sender="x@c.test", author="x@c.test", excluded=(pattern,)).may


@given(st.binary(max_size=400), st.text(max_size=60), st.text(max_size=60))
def test_any_octets_get_a_ruling(noise: bytes, sender: str, recipient: str) -> None:
    """It never raises; what may be answered has an address of the account's own."""
    for head in (noise, b"To: anna@example.test\r\nFrom: " + noise + b"\r\n\r\n"):
        ruling = judge(Question(head, sender, recipient, is_own))
        assert ruling.may == bool(ruling.own)
        assert ruling.may != bool(ruling.text)
