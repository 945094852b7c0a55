"""Hypothesis strategies for events, good and bad, made of descriptors and annotations alone.

Every rule that an annotation states is met on both of its sides; a new event is covered without a change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st
from tests.support.clients import length_delimited, varint

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.ingest.salvage import MALFORMED_FIELD
from aboveboard_server.schema import identifiers
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP
from aboveboard_server.schema.validate import FIRST_SECOND, FLOATS, LAST_SECOND, NANOS

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

    from aboveboard_server.schema.catalog import Catalog, EventType, Field

GOOD_UUID = "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
BAD_UUIDS = [
    "",
    GOOD_UUID.replace("-", ""),
    "{" + GOOD_UUID + "}",
    GOOD_UUID[:-1],
    GOOD_UUID + "0",
    GOOD_UUID + "\n",
    GOOD_UUID[:-1] + "g",
    # Kelvin's sign becomes an ASCII letter in lower case, and this is a digit to Python's `isdigit`.
    GOOD_UUID[:-1] + "\N{KELVIN SIGN}",
    GOOD_UUID[:-1] + "\N{ARABIC-INDIC DIGIT ONE}",
    GOOD_UUID[:-1] + "\0",
    "0190a3f2-7c1e-7d3a-9b523-f6f2f1c8a10",
    "0190a3f207c1e07d3a09b5203f6f2f1c8a10",
]
# Characters of 1 to 4 bytes, and those that JSON and the reading of it treat in a way of their own.
CHARACTERS = ["a", "é", "€", "😀", " ", "\\", '"', "\N{LINE SEPARATOR}", "\x7f"]
SECONDS = [0, -1, FIRST_SECOND - 1, FIRST_SECOND, LAST_SECOND - 1, LAST_SECOND, 2**63 - 1, -(2**63)]
FRACTIONS = [0, 1, 999, 1_000, 999_999_999, NANOS, -1, 2**31 - 1, -(2**31)]
NUMBERS = [
    0.0,
    -0.0,
    1.0,
    -7.0,
    0.1,
    1e15,
    1e16,
    1e22,
    5e-324,
    2.0**53,
    2.0**53 + 2,
    -(2.0**53),
    -(2.0**53) - 2,
]
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
TEXTS_IN_PAYLOADS = ["", "x", "\0", "a\0b", "\\u0000", '"', "\n", "é", "\N{LINE SEPARATOR}"]


def batches(catalog: Catalog) -> SearchStrategy[list[EventEnvelope]]:
    """Return requests' worth of events of every kind, known and not."""
    kinds = [envelopes(catalog, event) for event in catalog.events]
    return st.lists(st.one_of(*kinds, envelopes(catalog, None)), max_size=6)


def envelopes(catalog: Catalog, event: EventType | None) -> SearchStrategy[EventEnvelope]:
    """Return envelopes of one event, or of none that this schema knows."""
    owned = [(False, field, _strategies(field)) for field in catalog.envelope]
    owned += [(True, field, _strategies(field)) for field in event.fields] if event else []
    # Half of the events are good; most others have one fault, so that no fault hides behind another.
    faults: list[Collection[int]] = [[]] * len(owned)
    faults += [[position] for position in range(len(owned))]
    faults += [range(len(owned))]

    @st.composite
    def draw_one(draw: st.DrawFn) -> EventEnvelope:
        envelope = EventEnvelope()
        message = getattr(envelope, event.name) if event else envelope
        message.SetInParent()
        faulty = draw(st.sampled_from(faults))
        for position, (of_message, field, (good, bad)) in enumerate(owned):
            _set(message if of_message else envelope, field, draw(bad if position in faulty else good))
        message.MergeFromString(draw(UNKNOWN_FIELDS))
        envelope.MergeFromString(draw(UNKNOWN_FIELDS))
        return envelope

    return draw_one()


def _set(message: Any, field: Field, value: Any) -> None:
    if value is None:
        return
    if field.message_type:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


# A field of a newer schema, two arms of one, one too large to keep, and the mark of a malformed event.
UNKNOWN = [
    varint(99 << 3) + b"\x01",
    length_delimited(101, b"newer"),
    length_delimited(101, b"newer") + length_delimited(102, b"newest"),
    length_delimited(101, bytes(20_000)),
    bytes([MALFORMED_FIELD << 3, 1]),
]


UNKNOWN_FIELDS = st.sampled_from([b""] * len(UNKNOWN) + UNKNOWN)


def _strategies(field: Field) -> tuple[SearchStrategy[Any], SearchStrategy[Any]]:
    """Return good values of a field and bad ones, None for its absence."""
    good, bad = _good_and_bad(field)
    return (good, st.one_of(st.none(), bad)) if field.policy.required else (st.one_of(st.none(), good), bad)


def _good_and_bad(  # noqa: PLR0911  # one return for each kind of value reads best
    field: Field,
) -> tuple[SearchStrategy[Any], SearchStrategy[Any]]:
    kind = field.descriptor
    if field.message_type == TIMESTAMP:
        return _times()
    if field.message_type == STRUCT:
        return _payloads(field)
    if kind.enum_type is not None:
        numbers = list(kind.enum_type.values_by_number)
        return st.sampled_from(numbers), st.sampled_from([-1, 99, 2**31 - 1])
    if kind.type == FieldDescriptor.TYPE_STRING:
        return _uuids() if field.policy.format == "UUID" else _texts(field)
    if kind.type == FieldDescriptor.TYPE_BYTES:
        size = field.policy.max_bytes
        return st.sampled_from([b"", b"\0", bytes(size)]), st.just(bytes(size + 1))
    if kind.type in FLOATS:
        return st.sampled_from([0.0, -0.0, 1.5, -2.0]), st.sampled_from(NOT_FINITE)
    if kind.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans(), st.booleans()
    return _integers(kind)


def _integers(kind: FieldDescriptor) -> tuple[SearchStrategy[int], SearchStrategy[int]]:
    """Every integer is good; the extremes are as far as the type goes."""
    name = {value: key for key, value in vars(FieldDescriptor).items() if key.startswith("TYPE_")}[kind.type]
    bits = 64 if name.endswith("64") else 32
    unsigned = name.startswith(("TYPE_U", "TYPE_F"))
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return st.integers(0, 3), st.sampled_from([low, high])


def _uuids() -> tuple[SearchStrategy[str], SearchStrategy[str]]:
    good = st.uuids().map(str)
    return st.one_of(good, good.map(str.upper), good.map(str.title)), st.sampled_from(BAD_UUIDS)


def _times() -> tuple[SearchStrategy[Timestamp], SearchStrategy[Timestamp]]:
    def times(seconds: SearchStrategy[int], nanos: SearchStrategy[int]) -> SearchStrategy[Timestamp]:
        return st.builds(Timestamp, seconds=seconds, nanos=nanos)

    good = times(st.integers(FIRST_SECOND, LAST_SECOND - 1), st.integers(0, NANOS - 1))
    return good, times(st.sampled_from(SECONDS), st.sampled_from(FRACTIONS))


def _texts(field: Field) -> tuple[SearchStrategy[str], SearchStrategy[str]]:
    """Texts on both sides of the limit in bytes, made of characters of 1 to 4 of them."""
    size, policy = field.policy.max_bytes, field.policy
    known = [policy.example, *policy.known_values]

    def edge(character: str, over: int) -> str:
        return character * ((size + over) // len(character.encode()))

    edges = st.builds(edge, st.sampled_from(CHARACTERS), st.sampled_from([-3, -1, 0]))
    beyond = st.builds(edge, st.sampled_from(CHARACTERS), st.sampled_from([1, 2, 3, 4]))
    nuls = st.sampled_from(["\0", "a\0", "\0" + "b" * (size - 1)])
    good, bad = st.one_of(st.sampled_from(known), st.text(max_size=5), edges), [st.just(""), beyond, nuls]
    if field.is_identifier:
        return good.filter(lambda text: not identifiers.fault(text)), st.one_of(*bad, _unseen())
    return good, st.one_of(*bad)


def _unseen() -> SearchStrategy[str]:
    """Identifiers with a character that nobody sees at either end or within, allowed there or not."""
    characters = st.sampled_from(["\n", "\x7f", "\x85", "\xad", "\u200d", "\u202e", "\ufeff", "\U000e0041"])
    spaces = st.sampled_from([" ", "\xa0", "\u2028", "\u2029", "\u3000", "\u1680"])
    # Not printable to Python, and yet no identifier's fault: private use, unassigned.
    others = st.sampled_from(["\ue000", "\u0378"])
    return st.builds(
        "{}{}{}".format, st.sampled_from(["", "a"]), characters | spaces | others, st.sampled_from(["", "é"])
    )


def _payloads(field: Field) -> tuple[SearchStrategy[Struct], SearchStrategy[Struct]]:
    """Payloads on both sides of each of their limits."""
    policy = field.policy
    numbers = st.sampled_from(NUMBERS)
    leaves = st.one_of(
        st.none(),
        st.just(UNSET),
        st.booleans(),
        numbers,
        st.floats(width=64),
        st.sampled_from(TEXTS_IN_PAYLOADS),
    )
    plain = st.one_of(st.none(), st.just(UNSET), st.booleans(), numbers, st.text("aé\\u0", max_size=6))

    def nested(leaf: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
        tree = st.recursive(
            leaf,
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner)
            ),
            max_leaves=6,
        )
        return st.dictionaries(st.text('ab"é', max_size=3), tree, max_size=4)

    good = st.one_of(st.dictionaries(st.text('ab"é', max_size=3), plain, max_size=4), nested(plain))
    shaped = st.one_of(
        st.sampled_from([policy.max_keys, policy.max_keys + 1]).map(_with_keys),
        st.sampled_from([policy.max_depth, policy.max_depth + 1]).flatmap(_with_depth),
        st.sampled_from([0, 1]).map(lambda over: _with_size(policy.max_bytes + over)),
        st.sampled_from([{"a\0": 1}, {"a": {"\0": {}}}, {"\\u0000": 1}]),
        nested(leaves),
    )
    unknown = st.sampled_from([length_delimited(9, b"x"), length_delimited(9, bytes(policy.max_bytes))])
    spoiled = st.builds(lambda value, extra: _merged(_struct(value), extra), good, unknown)
    return good.map(_struct), st.one_of(shaped.map(_struct), spoiled)


UNSET = object()


def _with_keys(count: int) -> dict[str, Any]:
    """Spread keys over two levels."""
    return {f"k{number}": number for number in range(count - 3)} | {"deep": {"a": 1, "b": [{"c": 0}]}}


@st.composite
def _with_depth(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    value: Any = draw(st.sampled_from([{}, []]))
    for _ in range(depth - 2):
        value = draw(st.sampled_from([{"n": value}, [value], [1, value]]))
    return {"n": value}


def _with_size(size: int) -> dict[str, Any]:
    """Return a payload of exactly that many bytes on the wire."""
    text = "x" * size
    return {"k": text[: size - (_struct({"k": text}).ByteSize() - size)]}


def _merged(message: Struct, extra: bytes) -> Struct:
    message.MergeFromString(extra)
    return message


def _struct(value: dict[str, Any]) -> Struct:
    done = Struct()
    for key, item in value.items():
        done.fields[key].CopyFrom(_value(item))
    return done


def _value(item: Any) -> Value:  # noqa: PLR0911  # one return for each kind of value reads best
    if item is UNSET:
        return Value()
    if item is None:
        return Value(null_value=0)  # type: ignore[arg-type]  # the enum's only number
    if isinstance(item, bool):
        return Value(bool_value=item)
    if isinstance(item, str):
        return Value(string_value=item)
    if isinstance(item, dict):
        return Value(struct_value=_struct(item))
    if isinstance(item, list):
        done = Value()
        done.list_value.SetInParent()
        done.list_value.values.extend(_value(element) for element in item)
        return done
    return Value(number_value=item)
