"""Each extension, rightly and wrongly used: tests that hold or not, and mistakes that are told."""
# ruff: noqa: E501 - one case a line

import pytest

from alphorn.sieve.environment import Plain
from tests.sieve.support import MESSAGE, WORLD, holds, mistakes, needed

HOLD = [
    # encoded-character (RFC 5228 §2.4.2.4)
    ("encoded-character", 'header :contains "subject" "gr${unicode:00F6 DF}ere"', True),
    ("encoded-character", 'header :contains "subject" "${hex:5b}LIST${hex: 5d }"', True),
    ("encoded-character", 'header :contains "subject" "gr${hex:c3 b6}${hex:c3 9f}ere"', True),
    ("encoded-character", 'header :contains "subject" "${hex:}"', False),
    ("", 'header :contains "subject" "${hex:5b}LIST"', False),
    # body (RFC 5173)
    ("body", 'body :contains "Grüße, HELLO"', True),
    ("body", 'body :text :contains "fast money"', True),
    ("body", 'body :text :contains "<b>"', False),
    ("body", 'body :raw :contains "<b>money</b>"', True),
    ("body", 'body :raw :contains "From:"', False),
    ("body", 'body :content "text/html" :contains "<b>"', True),
    ("body", 'body :content "text" :contains "hello"', True),
    ("body", 'body :content "image/png" :is "hello"', True),
    ("body", 'body :content "image" :contains "aGVs"', False),
    ("body", 'body :content "multipart" :contains "preamble"', True),
    ("body", 'body :content "multipart" :contains "epilogue"', True),
    ("body", 'body :content "multipart" :contains "hello"', False),
    ("body", 'body :content "" :contains "hello"', True),
    ("body", 'body :content "/html" :contains ""', False),
    # variables (RFC 5229)
    ("variables", 'string "${unset}x" "x"', True),
    ("variables", 'string :contains ["a", "bcd"] "c"', True),
    ("variables", 'string "${1}" ""', True),
    # relational (RFC 5231)
    ("relational comparator-i;ascii-numeric",
     'header :value "gt" :comparator "i;ascii-numeric" "x-number" "9"', True),
    ("relational", 'header :value "gt" "x-number" "9"', False),
    ("relational comparator-i;ascii-numeric",
     'header :value "eq" :comparator "i;ascii-numeric" "x-number" "012"', True),
    ("relational comparator-i;ascii-numeric",
     'header :value "lt" :comparator "i;ascii-numeric" "x-number" "none"', True),
    ("relational", 'header :count "eq" "received" "2"', True),
    ("relational", 'header :count "eq" ["received", "subject"] "3"', True),
    ("relational", 'header :count "eq" "x-absent" "0"', True),
    ("relational", 'address :count "ge" ["to", "cc"] "3"', True),
    ("relational comparator-i;ascii-numeric",
     'header :comparator "i;ascii-numeric" :is "x-number" "12"', True),
    ("relational variables", 'string :count "eq" ["", "a"] "1"', True),
    # subaddress (RFC 5233)
    ("subaddress", 'address :user "from" "otto"', True),
    ("subaddress", 'address :detail "from" "news"', True),
    ("subaddress", 'address :detail :contains "to" ""', False),
    ("subaddress envelope", 'envelope :detail "to" "shop"', True),
    # regex
    ("regex", 'header :regex "subject" "^\\\\[[a-z]+\\\\] "', True),
    ("regex", 'header :regex "subject" "matter$"', True),
    ("regex", 'header :regex "x-number" "^(1[0-9]|2)$"', True),
    ("regex", 'header :regex "x-number" "^[[:alpha:]]+$"', False),
    ("regex", 'header :regex :comparator "i;octet" "subject" "MATTER"', False),
    # date, index (RFC 5260)
    ("date", 'date "date" "hour" "11"', True),
    ("date", 'date :zone "+0000" "date" "hour" "10"', True),
    ("date", 'date :originalzone "date" "zone" "+0100"', True),
    ("date", 'date "date" "iso8601" "2025-02-13T11:59:30+01:00"', True),
    ("date", 'date "date" "std11" "Thu, 13 Feb 2025 11:59:30 +0100"', True),
    ("date", 'date "date" "julian" "60719"', True),
    ("date", 'date "received" "time" "12:00:00"', True),
    ("date", 'date "subject" "year" "2025"', False),
    ("date", 'date "x-absent" "year" "2025"', False),
    ("date", 'currentdate "date" "2025-02-13"', True),
    ("date", 'currentdate "weekday" "4"', True),
    ("date", 'currentdate "hour" "12"', True),
    ("date", 'currentdate :zone "-0500" "hour" "06"', True),
    ("date relational", 'currentdate :value "ge" "month" "02"', True),
    ("date index", 'date :index 2 "received" "hour" "11"', True),
    ("date index", 'date :index 1 :last "received" "hour" "11"', True),
    ("index", 'header :index 1 :contains "received" "by b.example.org"', True),
    ("index", 'header :index 2 :contains "received" "by b.example.org"', False),
    ("index", 'header :index 2 :last :contains "received" "by b.example.org"', True),
    ("index", 'header :index 3 :contains "received" ""', False),
    # mailbox, metadata, special-use
    ("mailbox", 'mailboxexists ["INBOX", "Work"]', True),
    ("mailbox", 'mailboxexists ["Work", "None"]', False),
    ("mboxmetadata", 'metadata "Work" "/private/comment" "yes"', True),
    ("mboxmetadata", 'metadata :contains "INBOX" "/private/comment" ""', False),
    ("mboxmetadata", 'metadataexists "Work" "/private/comment"', True),
    ("mboxmetadata", 'metadataexists "Work" ["/private/comment", "/private/x"]', False),
    ("servermetadata", 'servermetadata :contains "/shared/admin" "mailto:"', True),
    ("servermetadata", 'servermetadataexists "/shared/x"', False),
    ("special-use", 'specialuse_exists "\\\\Junk"', True),
    ("special-use", 'specialuse_exists "Junk" "\\\\Junk"', True),
    ("special-use", 'specialuse_exists "Work" "\\\\Junk"', False),
    ("special-use", 'specialuse_exists ["\\\\Junk", "\\\\Sent"]', False),
    # environment (RFC 5183)
    ("environment", 'environment "domain" "example.org"', True),
    ("environment", 'environment "name" "Alphorn"', True),
    ("environment", 'environment :contains "nonsense" ""', False),
    ("environment variables", 'string "${env.domain}" "example.org"', True),
    # duplicate (RFC 7352)
    ("duplicate", "duplicate", False),
    ("duplicate", 'duplicate :header "x-absent"', False),
    # enotify (RFC 5435)
    ("enotify", 'valid_notify_method "mailto:a@x.test"', True),
    ("enotify", 'valid_notify_method ["mailto:a@x.test", "tel:+41"]', False),
    ("enotify", 'valid_notify_method "mailto:a"', False),
    ("enotify", 'notify_method_capability "mailto:a@x.test" "Online" "maybe"', True),
    ("enotify", 'notify_method_capability "tel:+41" "online" "maybe"', False),
    # ihave (RFC 5463)
    ("ihave", 'ihave "fileinto"', True),
    ("ihave", 'ihave ["fileinto", "nothing"]', False),
    ("ihave", 'ihave "variables"', False),
    ("ihave variables", 'ihave "variables"', True),
    # mime (RFC 5703 §4)
    ("mime", 'header :mime :type "content-type" "multipart"', True),
    ("mime", 'header :mime :anychild :contenttype "content-type" "text/html"', True),
    ("mime", 'header :mime :contenttype "content-type" "text/html"', False),
    ("mime", 'header :mime :anychild :subtype "content-type" "png"', True),
    ("mime", 'header :mime :anychild :param "filename" :matches "content-disposition" "*.png"', True),
    ("mime", 'header :mime :anychild :param ["a", "name"] "content-type" "cat.png"', True),
    ("mime", 'exists :mime :anychild "content-disposition"', True),
    ("mime", 'exists :mime "content-disposition"', False),
    ("mime", 'address :mime :anychild :domain "from" "example.net"', True),
    # extlists (RFC 6134)
    ("extlists", 'address :list "from" "friends"', True),
    ("extlists", 'address :list "to" "friends"', False),
    ("extlists", 'address :list "from" "nobodies"', False),
    ("extlists", 'valid_ext_list "friends"', True),
    ("extlists", 'valid_ext_list ["friends", "nobodies"]', False),
    # spamtest, virustest (RFC 5235)
    ("spamtest", 'spamtest "5"', True),
    ("spamtestplus", 'spamtest :percent "50"', True),
    ("spamtest relational comparator-i;ascii-numeric",
     'spamtest :value "ge" :comparator "i;ascii-numeric" "5"', True),
    ("virustest", 'virustest "1"', True),
    # imap4flags (RFC 5232)
    ("imap4flags", 'hasflag "x"', False),
    ("imap4flags relational", 'hasflag :count "eq" "0"', True),
    ("imapsieve", 'environment "imap.cause" "APPEND"', False),
]  # fmt: skip


@pytest.mark.parametrize(("requires", "test", "verdict"), HOLD)
def test_holds(requires: str, test: str, verdict: bool) -> None:
    assert holds(requires, test) is verdict


WRONG = [
    ("encoded-character", 'keep; if header "a" "${unicode:D800}" {}', "is the number of no character"),
    ("encoded-character", 'if header "a" "${unicode:110000}" {}', "is the number of no character"),
    ("body", 'if body :raw :text "a" {}', "':text' and ':raw' cannot both stand"),
    ("body", 'if body :content "a" {}', "requires 1 positional argument (key list), but 0"),
    ("variables", 'set "a";', "requires 2 positional arguments (name, value), but 1"),
    ("variables", 'set "a b" "c";', "“a b” cannot be the name of a variable"),
    ("variables", 'set "1" "c";', "the match variable “1” cannot be set"),
    ("variables", 'set "a.b" "c";', "there is no namespace “a”"),
    ("variables", 'set :lower :upper "a" "b";', "':upper' and ':lower' cannot both stand"),
    ("variables", 'if string "${a.b}" "" {}', "there is no namespace “a”"),
    ("variables", 'if string "${33}" "" {}', "is above ${32}"),
    ("variables", 'set "x" "i;octet"; if header :comparator "${x}" "a" "b" {}', "must stand in the"),
    ("", 'set "a" "b";', 'the set command needs require "variables"'),
    ("relational", 'if header :value "gr" "a" "b" {}', "':value' takes one of gt, ge"),
    ("relational", 'if header :count 5 "a" "b" {}', "':count' in the header test must be followed"),
    ("", 'if header :value "gt" "a" "b" {}', "needs require \"relational\""),
    ("", 'if header :comparator "i;ascii-numeric" "a" "b" {}', "the comparator needs require"),
    ("comparator-i;ascii-numeric", 'if header :contains :comparator "i;ascii-numeric" "a" "b" {}',
     "cannot be used with :contains"),
    ("", 'if address :user "from" "b" {}', 'needs require "subaddress"'),
    ("regex", 'if header :regex "a" "(" {}', "the regular expression “(” is wrong: there is a “(”"),
    ("regex", 'if header :regex "a" "*" {}', "there is nothing that “*” could repeat"),
    ("regex", 'if header :regex "a" "(a{255}){255}" {}', "it is too large"),
    ("date", 'if date "date" "century" "20" {}', "a date has no part “century”"),
    ("date", 'if date :zone "CET" "date" "hour" "20" {}', "':zone' takes a time zone like"),
    ("date", 'if currentdate :originalzone "hour" "20" {}', "unknown tagged argument ':originalzone'"),
    ("date", 'if date :zone "+0100" :originalzone "date" "hour" "1" {}', "cannot both stand"),
    ("index", 'if header :last "a" "b" {}', "':last' of the header test needs ':index'"),
    ("index", 'if header :index 0 "a" "b" {}', "':index' counts from 1"),
    ("imap4flags", "setflag;", "requires 1 to 2 positional arguments"),
    ("imap4flags", 'setflag "a" "b";', 'a variable for flags needs require "variables"'),
    ("vacation", "vacation;", "requires 1 positional argument (reason)"),
    ("vacation", 'vacation :from "x" "y";', "cannot send from “x”"),
    ("vacation", 'vacation :days "7" "y";', "':days' in the vacation command must be followed by a number"),
    ("vacation-seconds", 'vacation :days 1 :seconds 5 "y";', "cannot both stand"),
    ("vacation mailbox", 'vacation :create "y";', "':create' needs ':fcc'"),
    ("editheader", 'addheader "a:" "b";', "cannot be the name of a header field"),
    ("editheader", 'deleteheader :last "a";', "needs ':index'"),
    ("editheader", 'deleteheader :contains "a";', "needs strings to match"),
    ("editheader relational", 'deleteheader :count "eq" "a" "1";', "cannot count"),
    ("special-use", 'if specialuse_exists "Junk" {}', "“Junk” cannot be a special use"),
    ("special-use fileinto", 'fileinto :specialuse "x" "y";', "“x” cannot be a special use"),
    ("duplicate", 'if duplicate :header "a" :uniqueid "b" {}', "cannot both stand"),
    ("duplicate", 'if duplicate "x" {}', "requires 0 positional arguments"),
    ("enotify", 'notify "tel:+41";', "there is no way to notify by"),
    ("enotify", 'notify "mailto:a";', "is no mailto address"),
    ("enotify", 'notify :importance "4" "mailto:a@x.test";', "':importance' takes one of"),
    ("enotify", 'notify :from "x" "mailto:a@x.test";', "cannot notify from"),
    ("enotify", 'notify :options "x" "mailto:a@x.test";', "“x” is no option"),
    ("include", 'include "a/b";', "this cannot be the name of a script"),
    ("include variables", 'set "s" "x"; include "${s}";', "must stand in the script as it is"),
    ("include", 'global "x";', 'the global command needs require "variables"'),
    ("include variables", 'set "x" "y"; global "x";', "is a local variable already"),
    ("include", 'include :personal :global "a";', "cannot both stand"),
    ("ihave variables", 'if ihave "${x}" {}', "the capabilities must stand in the script"),
    ("mime", 'if header :anychild "a" "b" {}', "needs ':mime'"),
    ("mime", 'if header :mime :type :subtype "a" "b" {}', "cannot both stand"),
    ("foreverypart", "foreverypart;", "has no block behind it"),
    ("foreverypart", "break;", "break stands outside of foreverypart"),
    ("foreverypart", 'foreverypart :name "a" { break :name "b"; }', "no loop around it that is named"),
    ("extracttext variables", 'extracttext "x";', "extracttext stands outside"),
    ("extracttext foreverypart", 'foreverypart { extracttext "x"; }', 'needs require "variables"'),
    ("replace", 'replace :from "x" "y";', "cannot be the author"),
    ("enclose", "enclose;", "requires 1 positional argument (text)"),
    ("extlists", 'if header :list :comparator "i;octet" "a" "b" {}', "takes no comparator"),
    ("spamtest", 'if spamtest :percent "5" {}', 'needs require "spamtestplus"'),
    ("spamtest", "if spamtest {}", "requires 1 positional argument (value)"),
    ("reject", 'ereject "x";', 'the ereject command needs require "ereject"'),
    ("reject", "reject;", "requires 1 positional argument (reason)"),
    ("mailbox", "if mailboxexists {}", "requires 1 positional argument (mailboxes)"),
    ("mboxmetadata", 'if metadata "a" "b" {}', "requires 3 positional arguments"),
    ("servermetadata", "if servermetadata {}", "requires 2 positional arguments"),
    ("environment", 'if environment "a" {}', "requires 2 positional arguments"),
    ("", 'fileinto :copy "x";', 'the fileinto command needs require "fileinto"'),
    ("fileinto", 'fileinto :copy "x";', "needs require \"copy\""),
    ("fileinto", 'fileinto :create "x";', "needs require \"mailbox\""),
    ("vacation", 'vacation :fcc "Sent" "x";', "needs require \"fcc\""),
]  # fmt: skip


@pytest.mark.parametrize(("requires", "script", "words"), WRONG)
def test_wrong_use(requires: str, script: str, words: str) -> None:
    assert any(words in one for one in mistakes(needed(requires) + script))


def test_what_was_not_judged_is_zero() -> None:
    nothing = Plain()
    assert holds("spamtest", 'spamtest "0"', MESSAGE, nothing)
    assert holds("spamtestplus", 'spamtest :percent "0"', MESSAGE, nothing)
    assert holds("virustest", 'virustest "0"', MESSAGE, nothing)


@pytest.mark.parametrize(("score", "value"), [(0.0, 1), (0.2, 2), (0.8, 8), (1.0, 10), (7.0, 10)])
def test_spam_scores(score: float, value: int) -> None:
    world = Plain(spam_score=score)
    assert holds("spamtest", f'spamtest "{value}"', MESSAGE, world)


def test_paths_of_the_null_sender_and_of_none() -> None:
    null = Plain(sender="", recipient="a@x.test")
    assert holds("envelope", 'envelope :domain :is "from" ""', MESSAGE, null)
    broken = Plain(sender="a b@x.test")
    assert not holds("envelope", 'envelope :contains "from" ""', MESSAGE, broken)
    assert not holds("envelope", 'envelope :contains "to" ""', MESSAGE, broken)


def test_an_extension_that_is_not_required_is_not_there() -> None:
    assert holds("", 'not header "x-number" "${1}"', MESSAGE, WORLD)
