"""An event of tomorrow may have a field of any kind: all are judged as protobuf's own reader does."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.json_strategies import SCALARS, by_reference, is_stricter

from aboveboard_server.http_edge.proto_json import InvalidValueError, reader

OPTIONAL, REPEATED = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
MESSAGE = FieldDescriptorProto.TYPE_MESSAGE
NO_SCALARS = {
    FieldDescriptorProto.TYPE_GROUP,
    FieldDescriptorProto.TYPE_MESSAGE,
    FieldDescriptorProto.TYPE_ENUM,
}
WELL_KNOWN = {
    "wrappers": ["Int64Value", "StringValue"],
    "duration": ["Duration"],
    "struct": ["Value", "ListValue", "Struct"],
    "timestamp": ["Timestamp"],
}


@cache
def every_kind() -> Any:
    """Return a message class with a field of every kind, one of each and many of each."""
    message = DescriptorProto(name="EveryKind")
    for kind in FieldDescriptorProto.Type.values():
        if kind not in NO_SCALARS:
            message.field.add(name=f"a{kind}", number=kind, label=OPTIONAL, type=kind)
            message.field.add(name=f"b{kind}", number=100 + kind, label=REPEATED, type=kind)
    types = [f".google.protobuf.{name}" for names in WELL_KNOWN.values() for name in names] + [
        ".every.EveryKind"
    ]
    for number, name in enumerate(types, start=50):
        message.field.add(name=f"m{number}", number=number, label=OPTIONAL, type=MESSAGE, type_name=name)
        message.field.add(
            name=f"n{number}", number=100 + number, label=REPEATED, type=MESSAGE, type_name=name
        )
    entry = message.nested_type.add(name="NamedEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=OPTIONAL, type=FieldDescriptorProto.TYPE_STRING)
    entry.field.add(name="value", number=2, label=OPTIONAL, type=FieldDescriptorProto.TYPE_INT32)
    message.field.add(
        name="named", number=99, label=REPEATED, type=MESSAGE, type_name=".every.EveryKind.NamedEntry"
    )
    pool = DescriptorPool()
    for name in WELL_KNOWN:
        file = FileDescriptorProto()
        importlib.import_module(f"google.protobuf.{name}_pb2").DESCRIPTOR.CopyToProto(file)
        pool.Add(file)
    file = FileDescriptorProto(name="every.proto", package="every", syntax="proto3", message_type=[message])
    file.dependency.extend(f"google/protobuf/{name}.proto" for name in WELL_KNOWN)
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("every.EveryKind"))


def test_every_scalar_is_there() -> None:
    """The message covers every kind of field that proto3 has but enums, which the events themselves have."""
    kinds = {field.type for field in every_kind().DESCRIPTOR.fields}
    assert kinds == set(range(1, FieldDescriptor.MAX_TYPE + 1)) - NO_SCALARS | {MESSAGE}


@settings(max_examples=1_500, deadline=None)
@given(data=st.data())
def test_every_kind_of_field_is_judged_alike(data: st.DataObject) -> None:
    """Whatever stands in a field of any kind, both readers make the same of it, or both refuse it."""
    kinds = every_kind()
    field = data.draw(st.sampled_from(list(kinds.DESCRIPTOR.fields)))
    items = st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=2), SCALARS, max_size=2)
    value = data.draw(SCALARS | items)
    document = {field.json_name: value}
    try:
        found = kinds(**reader(kinds.DESCRIPTOR, 14)(document))
    except InvalidValueError:
        found = None
    if field.is_repeated and value is None:
        # ParseDict trips over a null instead of a list of google.protobuf.Value.
        expected = kinds()
    else:
        expected = None if is_stricter(field, value) else by_reference(kinds(), document)
    assert found == expected, (field.name, document)
