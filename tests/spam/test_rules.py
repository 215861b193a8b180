"""Each rule applies to what it names and not to everyday mail."""

from collections.abc import Iterable

import pytest

from alphorn.spam import rules
from alphorn.spam.values import SpamFacts
from tests.spam.mail import attached, html, message, seen

CHECKED = SpamFacts(spf="none", dmarc="none")
LETTER = message()
LINK = '<a href="{}">{}</a> and some words around it that say what it is about'


def linked(url: str, shown: str = "look") -> bytes:
    return html(LINK.format(url, shown))


OFFERS = "lose weight, money back, act now, order now, no obligation"
PRESSES = "your mailbox is over quota; verify your account within 24 hours at http://x.test/"
FRAUD = (
    "I am a barrister. My late husband left a bank account; you are the beneficiary and next of"
    " kin. This inheritance is strictly confidential. God bless."
)
EXTORTION = (
    "I hacked your device and recorded you on adult sites with your webcam. You have 48 hours to"
    " send bitcoin."
)

CASES: dict[str, tuple[bytes, SpamFacts]] = {
    "spf-fail": (LETTER, SpamFacts(spf="fail")),
    "spf-softfail": (LETTER, SpamFacts(spf="softfail")),
    "dmarc-fail": (LETTER, SpamFacts(dmarc="fail")),
    "unauthenticated": (LETTER, CHECKED),
    "own-domain-forged": (LETTER, SpamFacts(spf="fail", own_domains=frozenset(["friend.test"]))),
    "aligned": (LETTER, SpamFacts(dmarc="pass", aligned=True)),
    "known-correspondent": (LETTER, SpamFacts(known_correspondent=True, aligned=True)),
    "known-unproven": (LETTER, SpamFacts(known_correspondent=True)),
    "reply-to-us": (LETTER, SpamFacts(replied_to_us=True)),
    "listed-twice": (LETTER, SpamFacts(lists=("one.test", "two.test"))),
    "listed": (LETTER, SpamFacts(lists=("one.test",))),
    "allow-listed": (LETTER, SpamFacts(allow_lists=("good.test",))),
    "no-reverse-name": (LETTER, SpamFacts(reverse_checked=True)),
    "unconfirmed-name": (LETTER, SpamFacts(reverse_checked=True, reverse="a.test")),
    "many-recipients": (LETTER, SpamFacts(recipients=50)),
    "imitates": (message(sender="PayPal Service <info@elsewhere.test>"), CHECKED),
    "name-shows-other-address": (message(sender='"boss@firm.test" <x@gmail.com>'), CHECKED),
    "no-author": (b"Subject: x\r\n\r\nhello", CHECKED),
    "author-without-domain": (message(sender="root <root>"), CHECKED),
    "several-authors": (message(sender="a@b.test, c@d.test"), CHECKED),
    "random-address": (message(sender="x7f8g9h2k4m1@b.test"), CHECKED),
    "reply-elsewhere-free": (message(fields="Reply-To: rich@gmail.com\n"), CHECKED),
    "doubtful-sender-ending": (message(sender="a@winner.click"), CHECKED),
    "exclaiming-subject": (message(subject="At last!"), SpamFacts()),
    "subject-tail": (message(subject="At last          x7kq"), SpamFacts()),
    "shouting-subject": (message(subject="READ THIS IMPORTANT NOTICE"), CHECKED),
    "disguised-subject": (message(subject="Your p\u0430ssword"), CHECKED),
    "styled-subject": (message(subject="\U0001d5d9\U0001d5ff\U0001d5f2\U0001d5f2 money"), CHECKED),
    "advertised": (message(subject="ADV: buy this"), CHECKED),
    "empty-subject-link": (html(LINK.format("http://x.test/", "x"), subject=""), CHECKED),
    "false-reply": (html("as you asked", subject="Re: your order"), CHECKED),
    "reported-often": (linked("http://x.test/"), SpamFacts(reported_hosts={"x.test": 3})),
    "reported": (linked("http://www.x.test/"), SpamFacts(reported_hosts={"x.test": 1})),
    "link-listed": (linked("http://x.test/"), SpamFacts(listed_hosts=frozenset(["x.test"]))),
    "link-mismatch": (linked("http://evil.test/", "https://bank.example/"), CHECKED),
    "link-number": (linked("http://192.0.2.1/"), CHECKED),
    "link-user": (linked("http://bank.test@evil.test/"), CHECKED),
    "link-punycode": (linked("http://xn--80ak6aa92e.test/"), CHECKED),
    "link-shortened": (linked("https://bit.ly/abc"), CHECKED),
    "link-free-page": (linked("https://login-here.weebly.com/"), CHECKED),
    "link-doubtful-ending": (linked("https://prize.top/"), CHECKED),
    "link-port": (linked("http://x.test:8081/"), CHECKED),
    "link-many-labels": (linked("http://a.b.c.d.e.f.test/"), CHECKED),
    "link-script": (linked("javascript:alert(1)"), CHECKED),
    "form": (html('<form action="http://x.test/">'), CHECKED),
    "password-form": (html("<form><input type=password>"), CHECKED),
    "script": (html("<script>1</script> hello"), CHECKED),
    "refresh": (html('<meta http-equiv=refresh content="0;url=http://x.test/">'), CHECKED),
    "hidden-text": (html(f'<p style="display:none">{"poem of words " * 40}</p> buy'), CHECKED),
    "invisible-letters": (message("pa\u200bss\u200bwo\u200brd " * 10), CHECKED),
    "disguised-text": (message("p\u0430y p\u0430y2 p\u0430y3 \u0440ay now"), CHECKED),
    "gapped-words": (message("buy v i a g r a now"), CHECKED),
    "image-only": (html('<a href="http://x.test/"><img src="http://x.test/i.png"></a>'), CHECKED),
    "needlessly-encoded": (
        message("QnV5IG5vdw==", fields="Content-Transfer-Encoding: base64\n"), CHECKED,
    ),
    "html-attached": (attached("invoice.html", "text/html"), CHECKED),
    "program-attached": (attached("invoice.pdf.exe"), CHECKED),
    "disk-attached": (attached("invoice.iso"), CHECKED),
    "advance-fee": (message(FRAUD), CHECKED),
    "extortion": (message(EXTORTION), CHECKED),
    "asks-credentials": (message(PRESSES), CHECKED),
    "asks-credentials-much": (message(PRESSES + " webmail will be deactivated"), CHECKED),
    "parcel": (message("your package: confirm delivery, shipping fee, http://x.test/"), CHECKED),
    "prizes": (message("congratulations, you have won the jackpot"), CHECKED),
    "offers": (message(OFFERS), CHECKED),
    "offers-many": (message(OFFERS + " viagra mortgage casino 100% free"), CHECKED),
}  # fmt: skip


def codes(raw: bytes, facts: SpamFacts = CHECKED) -> set[str]:
    return {reason.code for reason in rules.findings(seen(raw, facts))}


def test_every_rule_has_a_case_and_each_code_is_given_once() -> None:
    table = [rule.code for rule in rules.TABLE]
    assert len(set(table)) == len(table)
    assert set(table) == set(CASES)


@pytest.mark.parametrize("code", CASES)
def test_it_applies(code: str) -> None:
    raw, facts = CASES[code]
    assert code in codes(raw, facts)


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.code)
def test_a_reason_is_a_sentence_and_no_rule_decides_alone(rule: rules.Rule) -> None:
    assert rule.text[0].isupper()
    assert rule.text.endswith(".")
    assert -5 < rule.score < 5
    assert rule.score


def everyday() -> Iterable[tuple[str, bytes]]:
    yield "letter", LETTER
    yield "umlauts", message("Liebe Zoë,\nGrüße aus Zürich, ça va?\n", subject="Grüße")
    yield "russian", message("Привет, как дела?\n", subject="Привет")
    yield "link", message("See https://www.admin.ch/gov/de/start.html for it.\n")
    yield "html", html('<p>See <a href="https://www.admin.ch/">www.admin.ch</a></p>')
    yield (
        "counted link",
        html(
            '<a href="https://click.news.shop.test/abc">shop.test</a>', sender="news@news.shop.test"
        ),
    )
    yield "invoice", attached("invoice-17.pdf", "application/pdf")
    yield "real network", message(sender="LinkedIn <messages@linkedin.com>")
    yield "amount", message("The offer comes to $ 12,500.00 for the bank account of the club.\n")


@pytest.mark.parametrize(("name", "raw"), list(everyday()), ids=lambda one: str(one)[:12])
def test_everyday_mail_gives_no_reason(name: str, raw: bytes) -> None:
    facts = SpamFacts(spf="pass", dkim=("x.test",), dmarc="pass", aligned=True)
    assert codes(raw, facts) == {"aligned"}


def test_a_link_that_its_signer_counts_is_no_mismatch() -> None:
    raw = linked("https://track.mailer.test/1", "www.shop.test")
    assert "link-mismatch" in codes(raw)
    assert "link-mismatch" not in codes(raw, SpamFacts(dkim=("mailer.test",), spf="pass"))
    assert "link-mismatch" not in codes(raw, SpamFacts(sender="b@mailer.test", spf="pass"))


def test_nothing_is_said_of_authentication_that_was_not_checked() -> None:
    assert codes(LETTER, SpamFacts()) == set()


def test_reasons_from_the_header_are_passed_on() -> None:
    facts = SpamFacts(header_reasons=(("two-dates", "There are two dates.", 1.5),))
    (reason,) = rules.findings(seen(LETTER, facts))
    assert (reason.code, reason.text, reason.score) == ("two-dates", "There are two dates.", 1.5)
