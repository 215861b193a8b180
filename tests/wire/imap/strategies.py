"""Any command there is, for properties."""

from datetime import date, timedelta

from hypothesis import strategies as st

from alphorn.base import query
from alphorn.base.flags import Flag
from alphorn.base.secret import Secret
from alphorn.wire.imap import commands as c
from alphorn.wire.imap import keys
from alphorn.wire.imap.items import (
    BinarySize,
    BodySection,
    Item,
    Obsolete,
    SectionKind,
    StatusItem,
)
from alphorn.wire.imap.sets import SequenceSet

_ATOM_TEXT = "!#$&'+,-./0123456789:;<=>?@ABCXYZ[^_`abcxyz|}~"

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
words = st.text(_ATOM_TEXT, min_size=1, max_size=10)
names = st.one_of(
    st.just("INBOX"),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20
    ).filter(lambda name: name.upper() != "INBOX"),
    st.sampled_from(
        ["Entwürfe", "a&b", "a/b c", "收件箱", "📮", "&", "a&-b", 'quo"te', "back\\slash"]
    ),
)
patterns = st.one_of(names, st.sampled_from(["*", "%", "a/%", "Ä*", ""]))
numbers32 = st.integers(1, 0xFFFF_FFFF)
numbers63 = st.integers(0, 0x7FFF_FFFF_FFFF_FFFF)
_star_or_number = st.one_of(st.just(0), st.integers(1, 20), numbers32)
sets = st.one_of(
    st.just(SequenceSet(saved=True)),
    st.lists(st.tuples(_star_or_number, _star_or_number), min_size=1, max_size=5).map(
        lambda ranges: SequenceSet(tuple(ranges))
    ),
)
known_sets = st.lists(st.tuples(numbers32, numbers32), min_size=1, max_size=3).map(
    lambda ranges: SequenceSet(tuple(ranges))
)
bits = st.integers(0, 31)
keyword_sets = st.frozensets(words, max_size=4).filter(
    lambda found: len({word.lower() for word in found}) == len(found)
)

_leaves = st.one_of(
    st.just(query.All()),
    st.sampled_from([query.Flagged(flag) for flag in Flag]),
    st.builds(query.Keyword, words),
    st.builds(query.Header, st.one_of(st.sampled_from(["From", "Subject"]), words), text),
    st.builds(query.Body, text),
    st.builds(query.Text, text),
    st.builds(query.Larger, numbers63),
    st.builds(query.Smaller, numbers63),
    st.builds(query.Younger, numbers32),
    st.builds(query.ModSeq, numbers63),
    st.builds(
        query.MessageIdentity,
        st.sampled_from(["EMAILID", "THREADID"]),
        st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True),
    ),
    st.builds(query.DateRange, st.sampled_from(query.DateField), st.dates(), st.none()),
    st.builds(query.DateRange, st.sampled_from(query.DateField), st.none(), st.dates()),
    st.builds(
        lambda field, day: query.DateRange(field, day, day + timedelta(days=1)),
        st.sampled_from(query.DateField),
        st.dates(max_value=date.max - timedelta(days=1)),
    ),
)
search_keys = st.recursive(
    st.one_of(
        st.builds(keys.Matches, _leaves),
        st.builds(keys.Numbers, sets, st.booleans()),
        st.just(keys.Recent()),
    ),
    lambda inner: st.one_of(
        st.builds(keys.NotKey, inner),
        st.lists(inner, min_size=2, max_size=4).map(lambda found: keys.AllOf(tuple(found))),
        st.tuples(inner, inner).map(keys.AnyOf),
    ),
    max_leaves=10,
)

_parts = st.lists(st.integers(1, 30), max_size=3).map(tuple)
_partials = st.one_of(st.none(), st.tuples(numbers63, numbers32))
_fields = st.lists(st.one_of(words, text.filter(bool)), min_size=1, max_size=3).map(tuple)
_plain_kinds = st.sampled_from([SectionKind.ALL, SectionKind.HEADER, SectionKind.TEXT])
fetch_items = st.one_of(
    st.sampled_from(Item),
    st.builds(BodySection, _parts, _plain_kinds, st.just(()), _partials, st.booleans()),
    st.builds(
        BodySection,
        _parts,
        st.sampled_from([SectionKind.FIELDS, SectionKind.FIELDS_NOT]),
        _fields,
        _partials,
        st.booleans(),
    ),
    st.builds(BodySection, _parts.filter(bool), st.just(SectionKind.MIME), st.just(()), _partials),
    st.builds(
        BodySection, parts=_parts, partial=_partials, peek=st.booleans(), binary=st.just(True)
    ),
    st.sampled_from(
        [
            BodySection(obsolete=Obsolete.MESSAGE),
            BodySection(kind=SectionKind.HEADER, peek=True, obsolete=Obsolete.HEADER),
            BodySection(kind=SectionKind.TEXT, obsolete=Obsolete.TEXT),
        ]
    ),
    st.builds(BinarySize, _parts),
)


@st.composite
def _fetches(draw: st.DrawFn) -> c.Fetch:
    items = draw(st.lists(fetch_items, min_size=1, max_size=5, unique=True))
    uid = draw(st.booleans())
    since = draw(st.one_of(st.none(), numbers63))
    if uid and Item.UID not in items:
        items.insert(0, Item.UID)
    if since is not None and Item.MODSEQ not in items:
        items.append(Item.MODSEQ)
    vanished = uid and since is not None and draw(st.booleans())
    return c.Fetch(draw(sets), tuple(items), uid, since, vanished)


@st.composite
def _lists(draw: st.DrawFn) -> c.List:
    select = draw(
        st.frozensets(st.sampled_from(c.ListSelect)).filter(
            lambda s: (
                c.ListSelect.RECURSIVE_MATCH not in s
                or bool(s & {c.ListSelect.SUBSCRIBED, c.ListSelect.SPECIAL_USE})
            )
        )
    )
    returns = draw(st.frozensets(st.sampled_from(c.ListReturn)))
    status = draw(status_items) if c.ListReturn.STATUS in returns else ()
    found = draw(st.lists(patterns, min_size=1, max_size=3))
    extended = bool(select or returns or len(found) > 1)
    reference = draw(st.one_of(st.just(""), names))
    return c.List(reference, tuple(found), select, returns, status, extended)


status_items = st.lists(st.sampled_from(StatusItem), min_size=1, unique=True).map(tuple)

_messages = st.builds(
    lambda data, flags, words, date, form: c.AppendMessage(
        data, flags, words, date, binary=form > 0, utf8=form > 1
    ),
    st.binary(min_size=1, max_size=50),
    bits,
    keyword_sets,
    st.one_of(st.none(), st.integers(0, 4_000_000_000)),
    st.integers(0, 2),
)

entries = st.from_regex(r"/(?:private|shared)(?:/[a-z0-9.-]{1,8}){1,3}", fullmatch=True)

_id_fields = st.dictionaries(
    st.from_regex(r"[a-z][a-z-]{0,29}", fullmatch=True), st.one_of(st.none(), text), max_size=5
).map(lambda fields: tuple(fields.items()))

commands: st.SearchStrategy[c.Command] = st.one_of(
    st.sampled_from(
        [
            c.Capability(), c.Noop(), c.Logout(), c.Namespace(), c.Idle(), c.Close(),
            c.Unselect(), c.Check(), c.Expunge(),
        ]
    ),
    st.builds(c.Id, _id_fields),
    st.builds(c.Enable, st.lists(words.map(str.upper), min_size=1, max_size=4).map(tuple)),
    st.builds(
        c.Select,
        names,
        st.booleans(),
        st.booleans(),
        st.one_of(
            st.none(),
            st.builds(
                c.Qresync,
                numbers32,
                st.integers(1, 2**63 - 1),
                st.one_of(st.none(), known_sets),
                st.one_of(st.none(), st.tuples(known_sets, known_sets)),
            ),
        ),
    ),
    st.builds(c.Create, names, st.lists(words, max_size=2).map(tuple)),
    st.builds(c.Delete, names),
    st.builds(c.Rename, names, names),
    st.builds(c.Subscribe, names),
    st.builds(c.Unsubscribe, names),
    _lists(),
    st.builds(c.Lsub, st.one_of(st.just(""), names), patterns),
    st.builds(c.Status, names, status_items),
    st.builds(c.Append, names, st.lists(_messages, min_size=1, max_size=3).map(tuple)),
    st.builds(
        c.GetMetadata,
        st.one_of(st.just(""), names),
        st.lists(
            st.one_of(st.sampled_from(["/private", "/shared"]), entries),
            min_size=1, max_size=4, unique=True,
        ).map(tuple),
        st.sampled_from(c.Depth),
        st.one_of(st.none(), st.integers(0, 0xFFFF_FFFF)),
    ),
    st.builds(
        c.SetMetadata,
        st.one_of(st.just(""), names),
        st.dictionaries(
            entries, st.one_of(st.none(), st.binary(max_size=20)), min_size=1, max_size=4
        ).map(lambda values: tuple(values.items())),
    ),
    st.builds(c.Expunge, sets),
    st.builds(
        c.Search,
        search_keys,
        st.booleans(),
        st.one_of(st.none(), st.frozensets(st.sampled_from(c.SearchReturn), min_size=1)),
    ),
    _fetches(),
    st.builds(
        c.Store,
        sets,
        st.sampled_from(c.StoreAction),
        bits,
        keyword_sets,
        st.booleans(),
        st.booleans(),
        st.one_of(st.none(), numbers63),
    ),
    st.builds(c.Copy, sets, names, st.booleans()),
    st.builds(c.Move, sets, names, st.booleans()),
)  # fmt: skip

early_commands: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Login, text, text.map(Secret)),
    st.builds(
        c.Authenticate,
        st.sampled_from(["PLAIN", "SCRAM-SHA-256"]),
        st.one_of(st.none(), st.binary(max_size=30)),
    ),
    st.just(c.StartTls()),
)

tags = st.from_regex(r"[A-Za-z0-9.\]|-]{1,12}", fullmatch=True).map(str.encode)
