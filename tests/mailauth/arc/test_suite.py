"""The public suite of ARC, all of it, and a message that a large provider sealed."""

from pathlib import Path

import pytest

from alphorn.mailauth.arc.chain import parse, payload
from alphorn.mailauth.arc.seal import seal
from alphorn.mailauth.arc.validate import ArcResult
from alphorn.mailauth.dkim import tags
from alphorn.mailauth.outcome import Outcome
from tests.mailauth.arc.support import Key, suite, suite_key, validate
from tests.mailauth.dkim.test_samples import stalwart

pytestmark = pytest.mark.shared


def test_every_case(shared: Path) -> None:
    cases = list(suite(shared))
    assert len(cases) == 171
    wrong = []
    for case in cases:
        result = validate(case.raw, case.zone)
        if result.outcome.value != case.expected:
            wrong.append((case.name, case.expected, result))
        assert bool(result.reason) is (result.outcome is Outcome.FAIL), case.name
        assert bool(result.results) is (result.outcome is Outcome.PASS), case.name
    assert wrong == []


def test_oldest_pass(shared: Path) -> None:
    found = {case.name: validate(case.raw, case.zone) for case in suite(shared)}
    assert found["cv_pass_i1_1"].oldest_pass == 1
    assert found["cv_pass_i5_1"].oldest_pass == 1
    assert found["cv_pass_i5_1"].instances == 5
    assert found["cv_pass_i2_1_ams1_invalid"].oldest_pass == 2
    assert found["cv_fail_i1_as_invalid"].oldest_pass == 0


def test_a_provider_s_chain(shared: Path) -> None:
    zone, raw = stalwart(shared / "arc/stalwart-mail-auth/001.txt")
    result = validate(raw, dict(zone))
    assert (result.outcome, result.sealers) == (Outcome.PASS, ("google.com",))
    assert result.results.startswith("mx.google.com; dkim=pass header.i=@ietf.org")


def test_the_suite_s_sets_are_made_again_octet_for_octet(shared: Path) -> None:
    """RSA signatures are deterministic: with the same key, time and fields our seal is theirs, as
    long as the tags of theirs are written in the suite's usual way."""
    again, seals = 0, 0
    for case in suite(shared):
        chain = parse(case.raw)
        if case.expected != "pass" or case.name == "cv_pass_i2_1_ams1_invalid":
            continue
        newest = chain.sets[-1]
        if newest.seal.selector != newest.message.selector or newest.message.made is None:
            continue
        before = case.raw
        for field in (newest.results, newest.message.field, newest.seal.field):
            before = before.replace(field + b"\r\n", b"", 1)
        made = parse(
            seal(
                before,
                [suite_key(shared)],
                payload(newest.results).decode(),
                validate(before, case.zone),
                newest.message.made,
                names=tags.read(newest.message.field.partition(b":")[2])["h"].split(":"),
            )
            + before
        )
        assert len(made.sets) == len(chain.sets), case.name
        again += made.sets[-1].message.value == newest.message.value
        seals += made.sets[-1].seal.value == newest.seal.value
    assert again >= 30
    assert seals >= 25


def test_a_sealed_chain_of_the_suite_goes_on(shared: Path) -> None:
    key = suite_key(shared)
    for case in suite(shared):
        result = validate(case.raw, case.zone)
        added = seal(case.raw, [key], "example.org; none", result, 12345)
        after = validate(added + case.raw, case.zone)
        if result.outcome in (Outcome.NONE, Outcome.PASS):
            # The suite's messages without a header have no From that anybody could sign.
            assert after.outcome is Outcome.PASS, case.name
            assert after.instances == result.instances + 1
        else:
            assert after.outcome is Outcome.FAIL, case.name
            assert (added == b"") is (result.code == "arc-failed-before"), case.name


def test_no_file_is_too_odd(shared: Path) -> None:
    files = [path for path in (shared / "dkim").rglob("*") if path.is_file()]
    files += [path for path in (shared / "arc").rglob("*") if path.is_file()]
    for path in files:
        raw = path.read_bytes()
        result = validate(raw, {})
        assert result.outcome in (Outcome.NONE, Outcome.FAIL)
        added = seal(raw, [Key("a.test", "s", suite_key(shared).private_key_der)], "", result, 1)
        assert added.count(b"ARC-Seal:") <= 1


def test_what_is_said_without_a_chain() -> None:
    assert validate(b"From: a\r\n\r\nARC-Seal: i=1\r\n", {}) == ArcResult(Outcome.NONE)
