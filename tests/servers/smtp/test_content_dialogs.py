"""What strangers are told once the message is there, word for word, and where it lies if it is
taken: proof of its sender, attachments, headers, lists of senders, spam, and kinds of mail."""

import email
import email.policy
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from alphorn.base.senders import SenderAction
from alphorn.dns.lists import ListZone
from alphorn.message import header, spam_field
from alphorn.message.spam_field import SpamField
from alphorn.operations.lists import set_senders
from alphorn.store.api import SpecialUse
from tests.servers.smtp.conftest import Guarded
from tests.support.dialog import Dialog
from tests.support.dns import Fault
from tests.support.gatehouse import HONEST, NAMELESS, Guard, letter, signed
from tests.support.mailhouse import ANNA, BERT

Open = Callable[..., Guarded]
JUNK = SpecialUse.JUNK


def send(
    guarded: Guarded,
    message: bytes,
    *recipients: str,
    sender: str = "carl@alps.zz",
    source: str = HONEST,
) -> str:
    """The reply to a message for Anna, or for others, without greylisting."""
    guarded.protect("example.test", greylisting=False)
    with Dialog(guarded.server, source) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask(f"MAIL FROM:<{sender}>")
        for recipient in recipients or (ANNA,):
            assert dialog.ask(f"RCPT TO:<{recipient}>") == "250 2.1.5 Recipient accepted"
        assert dialog.ask("DATA").startswith("354 ")
        dialog.send(message)
        return dialog.reply()


def taken(said: str) -> bool:
    return said.startswith("250 2.0.0 Delivered (")


def judged(raw: bytes) -> SpamField:
    """What our field on a delivered message says; it is there, and it is the only one."""
    assert header.get_all(raw, spam_field.NAME, 10)[1:] == []
    said = spam_field.read(raw)
    assert said is not None
    return said


def codes(raw: bytes) -> set[str]:
    return {reason.code for reason in judged(raw).reasons}


def results(raw: bytes) -> str:
    (value,) = header.get_all(raw, "Authentication-Results", 10)
    return " ".join(value.split())


# -- who sent it -----------------------------------------------------------------------------------

STRICT = """
    S 220 mx.example.test ESMTP
    C HELO mail.alps.zz
    S 250 mx.example.test
    C MAIL FROM:<carl@alps.zz>
    S 250 2.1.0 *
    C RCPT TO:<anna@example.test>
    S 250 2.1.5 Recipient accepted
    C DATA
    S 354 *
    M forged
    S 550 5.7.1 Nothing proves that it is from strict.zz, and strict.zz asks to reject such mail
      (DMARC). Whoever manages strict.zz can repair its SPF, DKIM or DMARC records;
      help: https://help.alps.zz/dmarc/
    C QUIT
    S 221 2.0.0 Goodbye
    S closed
    """


def test_dmarc_reject_names_the_domain_and_who_can_repair_it(guarded: Guarded) -> None:
    guarded.protect("example.test", greylisting=False)
    guarded.play(STRICT, HONEST, forged=letter("boss@strict.zz"))
    assert guarded.anna() == guarded.anna(JUNK) == []
    (event,) = guarded.house.events
    assert (event.stage, event.verdict.value, event.recipient) == ("dmarc", "refused", ANNA)
    assert event.facts["dmarc_policy"] == "reject"
    assert event.facts["dmarc_domain"] == "strict.zz"
    assert event.facts["spf"] == "pass alps.zz"
    assert event.facts["reasons"] == (
        "Nothing proves that it is from strict.zz, and strict.zz asks to reject such mail (DMARC)."
    )
    assert event.account_id == guarded.house.anna.id


def test_a_subdomain_falls_under_the_policy_above_it(guarded: Guarded) -> None:
    said = send(guarded, letter("boss@payroll.strict.zz"))
    assert said.startswith(
        "550 5.7.1 Nothing proves that it is from payroll.strict.zz, and strict.zz asks to reject "
    )


def test_dmarc_quarantine_goes_to_spam(guarded: Guarded) -> None:
    assert taken(send(guarded, letter("boss@careful.zz")))
    assert guarded.anna() == []
    (raw,) = guarded.anna(JUNK)
    assert "dmarc-quarantine" in codes(raw)
    assert judged(raw).verdict == "spam"
    assert "dmarc=fail" in results(raw)
    assert guarded.house.told("deliver") == [
        "filed: Filed in Spam: the sender's domain asks for it (DMARC)."
    ]


def test_a_policy_of_none_only_counts(guarded: Guarded) -> None:
    guarded.zone["_dmarc.careful.zz"] = {"TXT": ["v=DMARC1; p=none"]}
    assert taken(send(guarded, letter("boss@careful.zz")))
    (raw,) = guarded.anna()
    assert "dmarc-fail" in codes(raw)
    assert judged(raw).verdict == "ham"


def test_what_the_domains_owner_asks_for_can_be_left_undone(guarded: Guarded) -> None:
    guarded.protect(ANNA, dmarc=False)
    assert taken(send(guarded, letter("boss@strict.zz")))
    assert len(guarded.anna()) + len(guarded.anna(JUNK)) == 1


def test_mail_that_is_proved_by_its_signature_alone(guarded: Guarded) -> None:
    guarded.zone["key._domainkey.strict.zz"] = guarded.zone["key._domainkey.alps.zz"]
    now = int(guarded.house.clock())
    assert taken(send(guarded, signed(letter("boss@strict.zz"), "strict.zz", now)))
    (raw,) = guarded.anna()
    assert "dkim=pass header.d=strict.zz" in results(raw)
    assert "dmarc=pass header.from=strict.zz" in results(raw)
    assert guarded.house.events[0].text.endswith("proved to be from strict.zz")


def test_a_signature_that_was_broken_on_the_way(guarded: Guarded) -> None:
    guarded.zone["key._domainkey.strict.zz"] = guarded.zone["key._domainkey.alps.zz"]
    now = int(guarded.house.clock())
    broken = signed(letter("boss@strict.zz"), "strict.zz", now).replace(b"morning", b"evening")
    assert send(guarded, broken).startswith("550 5.7.1 Nothing proves that it is from strict.zz")
    assert "fail strict.zz" in str(guarded.house.events[-1].facts["dkim"])


def test_what_was_found_is_written_and_what_others_forged_is_gone(guarded: Guarded) -> None:
    forged = (
        b"Authentication-Results: mx.example.test; dmarc=pass header.from=bank.zz\r\n"
        b"Authentication-Results: MX.example.test 1;\r\n spf=pass smtp.mailfrom=bank.zz\r\n"
        b"Authentication-Results: elsewhere.zz; spf=pass smtp.mailfrom=other.zz\r\n"
        b"Received-SPF: pass (mx.example.test: fine) receiver=mx.example.test;\r\n"
        b"X-Alphorn-Spam: score=-50.0; threshold=5.0; verdict=ham\r\n"
        b"x-alphorn-spam: score=99; threshold=5.0; verdict=spam; category=social\r\n"
        b"X-Alphorn-Spam : score=1.0; threshold=5.0; verdict=ham\r\n"
    )
    assert taken(send(guarded, forged + letter()))
    (raw,) = guarded.anna()
    ours, theirs = header.get_all(raw, "Authentication-Results", 10)
    assert " ".join(ours.split()) == (
        "mx.example.test; spf=pass smtp.mailfrom=alps.zz; "
        f"iprev=pass (mail.alps.zz) policy.iprev={HONEST}; dmarc=pass header.from=alps.zz "
        "policy.dmarc=none"
    )
    assert theirs == "elsewhere.zz; spf=pass smtp.mailfrom=other.zz"
    (spf,) = header.get_all(raw, "Received-SPF", 10)
    assert " ".join(spf.split()) == (
        f"pass (mx.example.test: domain of alps.zz designates {HONEST} as permitted sender) "
        f"receiver=mx.example.test; client-ip={HONEST}; "
        'envelope-from="carl@alps.zz"; helo=mail.alps.zz; identity=mailfrom; '
        f'mechanism="ip4:{HONEST}";'
    )
    assert judged(raw).verdict == "ham"
    assert b"bank.zz" not in raw
    assert raw.lower().count(b"x-alphorn-spam") == 1


def test_a_stranger_cannot_put_mail_into_a_folder(guarded: Guarded) -> None:
    """Neither into Spam, to hide it, nor by a category."""
    for number, said in enumerate(
        (
            b"X-Alphorn-Spam: score=99.0; threshold=5.0; verdict=spam\r\n",
            b"X-Alphorn-Spam: score=0.0; threshold=5.0; verdict=ham; category=social\r\n",
            b"X-ALPHORN-SPAM:\r\n\tscore=99.0; threshold=5.0;\r\n verdict=spam\r\n",
        )
    ):
        assert taken(send(guarded, said + letter(number=number)))
    assert len(guarded.anna()) == 3
    for raw in guarded.anna():
        assert judged(raw).score < 5


def test_a_failing_spf_is_told_and_counts(guarded: Guarded) -> None:
    assert taken(send(guarded, letter("x@plain.zz"), sender="x@strict.zz"))
    (raw,) = guarded.anna() + guarded.anna(JUNK)
    assert "spf-fail" in codes(raw)
    assert "spf=fail smtp.mailfrom=strict.zz" in results(raw)
    assert (header.get(raw, "Received-SPF") or "").startswith("fail")


# -- attachments -----------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return held.getvalue()


def carrying(name: str, data: bytes, subtype: str = "octet-stream") -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "Carl <carl@alps.zz>", ANNA, "See this"
    message["Date"], message["Message-ID"] = "Fri, 15 Jan 2027 08:00:00 +0000", "<a@alps.zz>"
    message.set_content("It is attached.")
    message.add_attachment(data, maintype="application", subtype=subtype, filename=name)
    return message.as_bytes()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (
            "invoice.exe",
            b"MZ" + bytes(64),
            "invoice.exe is of a kind that is not taken here (.exe)",
        ),
        ("Rechnung.pdf.js", b"x", "Rechnung.pdf.js is of a kind that is not taken here (.js)"),
        ("a.lnk", b"x", "a.lnk is of a kind that is not taken here (.lnk)"),
        (
            "photos.zip",
            zipped(a_scr=b"MZ"),
            "photos.zip > a.scr is of a kind that is not taken here (.scr)",
        ),
        (
            "outer.zip",
            zipped(inner_zip=zipped(b_vbs=b"x")),
            "outer.zip > inner.zip > b.vbs is of a kind that is not taken here (.vbs)",
        ),
    ],
)
def test_attachments_are_refused_with_their_path(
    guarded: Guarded, name: str, data: bytes, told: str
) -> None:
    assert send(guarded, carrying(name, data)) == (
        f"554 5.7.0 The attachment {told}; help: https://help.alps.zz/attachments/"
    )
    (event,) = guarded.house.events
    assert (event.stage, event.verdict.value) == ("attachments", "refused")
    assert event.facts["file"] == told.split(" is ")[0].replace(">", "»")
    assert event.facts["fault"] == "extension"
    assert guarded.anna() == []


def test_a_program_in_disguise_and_a_harmless_file(guarded: Guarded) -> None:
    assert taken(send(guarded, carrying("notes.zip", zipped(a_txt=b"hello"), "zip")))
    assert len(guarded.anna()) == 1
    guarded.protect(ANNA, attachments=False)
    assert taken(send(guarded, carrying("tool.exe", b"MZ" + bytes(64))))


def test_names_in_replies_are_ascii(guarded: Guarded) -> None:
    said = send(guarded, carrying("Übersicht.exe", b"MZ"))
    assert said.startswith("554 5.7.0 The attachment ?bersicht.exe is of a kind that is not taken ")
    assert guarded.house.events[-1].facts["file"] == "Übersicht.exe"


# -- headers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (b"From: a@alps.zz\r\nFrom: b@bank.zz\r\nSubject: x\r\n\r\n.\r\n", "header-several-from"),
        (b"To: anna@example.test\r\nSubject: x\r\n\r\nx\r\n", "header-no-from"),
        (
            b"From: a@alps.zz\r\nSubject: x\r\nSubject: y\r\n\r\nx\r\n",
            "header-several-subjects",
        ),
        (b"From: a@alps.zz, b@bank.zz\r\nSubject: x\r\n\r\nx\r\n", "header-domains"),
        (
            b"From: a@alps.zz\r\nDate: Fri, 15 Jan 2027 08:00:00 +9900\r\n\r\nx\r\n",
            "header-zone",
        ),
    ],
)
def test_headers_that_only_abuse_has(guarded: Guarded, message: bytes, rule: str) -> None:
    assert send(guarded, message) == (
        "554 5.7.0 Message is rejected by headers rule filter; help: https://help.alps.zz/headers/"
    )
    (event,) = guarded.house.events
    assert (event.stage, event.facts["rule"]) == ("headers", rule)
    assert str(event.facts["reasons"]).endswith(".")
    guarded.protect(ANNA, headers=False)
    assert not send(guarded, message).startswith("554 5.7.0")


# -- lists of senders ------------------------------------------------------------------------------


def put(guarded: Guarded, action: SenderAction, *patterns: str, account: str = ANNA) -> None:
    set_senders(guarded.house.installation.control, patterns, action, account=account)


def test_a_blocked_author_is_refused_after_data(guarded: Guarded) -> None:
    """The envelope names somebody else, so that it takes the message to know."""
    put(guarded, SenderAction.REFUSE, "spam@plain.zz")
    assert send(guarded, letter("spam@plain.zz")) == (
        "550 5.7.1 Mail from this sender is not accepted by this recipient; "
        "help: https://help.alps.zz/sender/"
    )
    (event,) = guarded.house.events
    assert (event.stage, event.facts["pattern"]) == ("lists", "spam@plain.zz")
    assert event.facts["reasons"] == "spam@plain.zz is blocked by the account's list."


def test_what_one_refuses_and_another_takes_is_spam_for_the_first(guarded: Guarded) -> None:
    put(guarded, SenderAction.REFUSE, "spam@plain.zz")
    assert taken(send(guarded, letter("spam@plain.zz"), ANNA, BERT))
    assert (len(guarded.anna()), len(guarded.bert())) == (0, 1)
    (raw,) = guarded.anna(JUNK)
    assert judged(raw).verdict == "spam"
    assert "sender-blocked" in codes(raw)
    assert judged(guarded.bert()[0]).verdict == "ham"
    assert "filed: Filed in Spam: spam@plain.zz is blocked by the account's list." in (
        guarded.house.told("deliver")
    )


def test_a_sender_filed_in_spam(guarded: Guarded) -> None:
    put(guarded, SenderAction.SPAM, "alps.zz")
    assert taken(send(guarded, letter()))
    (raw,) = guarded.anna(JUNK)
    assert (judged(raw).verdict, codes(raw) >= {"sender-blocked"}) == ("spam", True)
    assert guarded.house.told("deliver") == [
        "filed: Filed in Spam: alps.zz goes to Spam by the account's list."
    ]


def listed_heavily(guarded: Guarded) -> None:
    """Whoever comes from HONEST now has a score of some 20, and one of the cloud of some 7."""
    guarded.zone[".".join(reversed(HONEST.split("."))) + ".bl.zz"] = {"A": ["127.0.0.2"]}


HEAVY = Guard(zones=(ListZone("bl.zz", "block", weight=20.0),))


def test_an_allowed_sender_is_not_held_for_spam_if_he_is_proved(open_gate: Open) -> None:
    guarded = open_gate(HEAVY)
    listed_heavily(guarded)
    put(guarded, SenderAction.ALLOW, "carl@alps.zz", "boss@careful.zz")
    assert taken(send(guarded, letter()))
    (raw,) = guarded.anna()
    assert judged(raw).verdict == "ham"
    assert "sender-allowed" in codes(raw)
    assert judged(raw).score > 12
    assert send(guarded, letter("boss@careful.zz"), sender="x@plain.zz").startswith("554 5.7.1 ")


def test_ones_own_address_on_ones_list_lets_nothing_forged_in(guarded: Guarded) -> None:
    put(guarded, SenderAction.ALLOW, ANNA, "example.test")
    guarded.protect(ANNA, spam_threshold=3.0)
    assert taken(send(guarded, letter(ANNA), sender="x@plain.zz"))
    assert guarded.anna() == []
    (raw,) = guarded.anna(JUNK)
    assert {"forged", "unproved"} <= codes(raw)
    assert "sender-allowed" not in codes(raw)


def test_mail_from_our_own_domain_that_nothing_proves_is_marked(guarded: Guarded) -> None:
    assert taken(send(guarded, letter(BERT), sender="x@plain.zz"))
    (raw,) = guarded.anna() + guarded.anna(JUNK)
    said = {reason.code: reason for reason in judged(raw).reasons}
    assert said["forged"].score == 3.0
    assert said["forged"].text == (
        f"It says it is from {BERT}, an address of ours, and nothing proves it."
    )
    assert guarded.house.events[-1].facts["forged"] is True


# -- spam ------------------------------------------------------------------------------------------


def test_above_the_first_threshold_it_is_filed_in_spam(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(ListZone("bl.zz", "block", weight=7.0),)))
    listed_heavily(guarded)
    assert taken(send(guarded, letter()))
    assert guarded.anna() == []
    (raw,) = guarded.anna(JUNK)
    said = judged(raw)
    assert (said.verdict, said.threshold) == ("spam", 5.0)
    assert said.score == round(sum(reason.score for reason in said.reasons), 2) >= 5
    (told,) = [event for event in guarded.house.events if event.stage == "deliver"]
    assert told.text == "Filed in Spam: The sending server is on the block list bl.zz."
    assert (told.facts["score"], told.facts["threshold"]) == (said.score, 5.0)


def test_domains_of_links_are_looked_up_in_lists_of_such(open_gate: Open) -> None:
    guarded = open_gate(Guard(name_zones=(ListZone("uribl.zz", "block"),)))
    guarded.zone["casino.zz.uribl.zz"] = {"A": ["127.0.0.2"]}
    links = "See http://www.casino.zz/win and http://fine.zz/ and http://192.0.2.1/x and more."
    assert taken(send(guarded, letter(body=links)))
    assert "link-listed" in codes(*guarded.anna())
    guarded.protect(ANNA, dns_lists=False)
    assert taken(send(guarded, letter(body=links, number=2)))
    assert "link-listed" not in codes(guarded.anna()[-1])
    guarded.protect(ANNA, dns_lists=None)
    assert taken(send(guarded, letter(body="See http://fine.zz/ and nothing else.", number=3)))
    assert "link-listed" not in codes(guarded.anna()[-1])


def test_above_the_second_it_is_refused(open_gate: Open) -> None:
    guarded = open_gate(HEAVY)
    listed_heavily(guarded)
    assert send(guarded, letter()) == (
        "554 5.7.1 The message is taken for spam, and its recipient does not take such mail; "
        "help: https://help.alps.zz/spam/"
    )
    (event,) = guarded.house.events
    assert (event.stage, event.verdict.value, event.recipient) == ("spam", "refused", ANNA)
    assert "The sending server is on the block list bl.zz." in str(event.facts["reasons"])
    assert event.facts["score"] == pytest.approx(20, abs=2)
    guarded.protect(ANNA, refuse_threshold=0.0)
    assert taken(send(guarded, letter()))
    assert len(guarded.anna(JUNK)) == 1
    guarded.protect(ANNA, spam=False)
    assert taken(send(guarded, letter(number=2)))
    assert len(guarded.anna()) == 1


def test_one_message_lies_where_each_account_wants_it(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(ListZone("bl.zz", "block", weight=7.0),)))
    listed_heavily(guarded)
    guarded.protect(BERT, spam_threshold=11.0)
    assert taken(send(guarded, letter(to=f"{ANNA}, {BERT}"), ANNA, BERT))
    ((hers,), (his,)) = guarded.anna(JUNK), guarded.bert()
    assert (judged(hers).verdict, judged(hers).threshold) == ("spam", 5.0)
    assert (judged(his).verdict, judged(his).threshold) == ("ham", 11.0)
    assert guarded.anna() == guarded.bert(JUNK) == []
    assert sorted(guarded.house.told("deliver")) == [
        "delivered: Delivered to INBOX",
        "filed: Filed in Spam: The sending server is on the block list bl.zz.",
    ]


def test_one_account_refuses_and_another_does_not(open_gate: Open) -> None:
    """The sender gets one answer, so it is taken, and is spam for whoever would refuse it."""
    guarded = open_gate(HEAVY)
    listed_heavily(guarded)
    guarded.protect(BERT, refuse_threshold=0.0, spam_threshold=50.0)
    assert taken(send(guarded, letter(), ANNA, BERT))
    assert judged(guarded.anna(JUNK)[0]).verdict == "spam"
    assert judged(guarded.bert()[0]).verdict == "ham"
    guarded.protect(BERT, refuse_threshold=15.0)
    assert send(guarded, letter(), ANNA, BERT).startswith("554 5.7.1 ")


# -- kinds of mail ---------------------------------------------------------------------------------

NEWSLETTER = letter(
    "news@alps.zz",
    "20 % off everything this week",
    "Our offers of the week: everything at half the price. Shop now and save!\r\n"
    "You receive this newsletter because you subscribed. Unsubscribe here: https://alps.zz/u",
    "List-Unsubscribe: <https://alps.zz/u>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    "List-Id: <news.alps.zz>",
    "Precedence: bulk",
    "Feedback-ID: 1:2:3:alps",
)


def test_promotions_have_a_folder_where_it_is_wanted(guarded: Guarded) -> None:
    use = SpecialUse.PROMOTIONS
    assert taken(send(guarded, NEWSLETTER))
    assert (
        len(guarded.anna()),
        guarded.house.store.account(guarded.house.anna.id).special(use),
    ) == (1, None)
    guarded.protect(ANNA, promotions=True)
    assert taken(send(guarded, NEWSLETTER, ANNA, BERT))
    (raw,) = guarded.anna(use)
    assert (judged(raw).category, judged(raw).verdict) == ("promotions", "ham")
    assert (len(guarded.anna()), len(guarded.bert())) == (1, 1)
    assert "filed: Filed in Promotions" in guarded.house.told("deliver")


def test_social_networks_have_a_folder_where_it_is_wanted(guarded: Guarded) -> None:
    guarded.zone["facebookmail.com"] = {"TXT": [f"v=spf1 ip4:{HONEST} -all"]}
    notice = letter(
        "notification@facebookmail.com", "Emil has sent you a friend request", "Confirm it."
    )
    assert taken(send(guarded, notice, sender="notification@facebookmail.com"))
    assert len(guarded.anna()) == 1
    guarded.protect(ANNA, social=True)
    assert taken(send(guarded, notice, sender="notification@facebookmail.com"))
    (raw,) = guarded.anna(SpecialUse.SOCIAL)
    assert judged(raw).category == "social"
    assert "filed: Filed in Social networks" in guarded.house.told("deliver")


# -- what is not known -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.TIMEOUT, Fault.TRUNCATE])
def test_mail_is_taken_where_the_dns_tells_nothing_of_its_sender(
    guarded: Guarded, fault: Fault
) -> None:
    """It is not lost, not believed, and the field says so."""
    for name in ("weg.zz", "_dmarc.weg.zz", "key._domainkey.weg.zz"):
        guarded.zone[name] = fault
    now = int(guarded.house.clock())
    message = signed(letter("x@weg.zz"), "weg.zz", now)
    assert taken(send(guarded, message, sender="x@weg.zz"))
    (raw,) = guarded.anna() + guarded.anna(JUNK)
    found = results(raw)
    assert "spf=temperror" in found
    assert "dkim=temperror" in found
    assert "dmarc=temperror" in found
    assert "spf-fail" not in codes(raw)


def test_every_message_is_marked(guarded: Guarded) -> None:
    assert taken(send(guarded, letter(), source=NAMELESS))
    (raw,) = guarded.anna() + guarded.anna(JUNK)
    assert judged(raw).threshold == 5.0
    assert raw.index(b"X-Alphorn-Spam:") < raw.index(b"Received: ")
