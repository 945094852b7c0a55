"""The gate bites: each bad edit of the protos is refused by name, each good one passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from aboveboard_server.schema import compat, compat_rules
from aboveboard_server.schema.finding import rule_name
from aboveboard_server.schema.image import ImageError, compile_protos
from aboveboard_server.schema.lint import lint

if TYPE_CHECKING:
    from tests.unit.schema.conftest import Tree

EVENT = "aboveboard.event.v1."
TELEMETRY = "aboveboard.telemetry.v1."
ADMIN, PING, SERVER, ENVELOPE, SOURCE = (
    "admin/v1/admin_service.proto",
    "event/v1/ping.proto",
    "event/v1/server.proto",
    "telemetry/v1/event.proto",
    "telemetry/v1/source.proto",
)


class Bad(NamedTuple):
    """An edit, and the finding it must lead to: the name, the rule, and words of its message."""

    file: str
    pattern: str
    replacement: str
    name: str
    rule: str
    words: str


TRIGGER = EVENT + "ServerPing.trigger"
OS_CLASS = r"(string server_os.*?)DATA_CLASS_TECHNICAL"
NEW_FIELD = """  // Whether it is dark.
  bool dark = 9 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_TECHNICAL
    purpose: "Shows how many like it dark."
    example: "true"
    REQUIRED
  }];
}
"""
BAD = {
    "field removed": Bad(SERVER, r"  Trigger trigger = 4 \[.*?\}\];\n", "", TRIGGER, "field-kept", "removed"),
    "field renumbered": Bad(SERVER, "trigger = 4", "trigger = 5", TRIGGER, "field-kept", "from 4 to 5"),
    "field renamed": Bad(SERVER, "trigger = 4", "cause = 4", TRIGGER, "field-kept", "renamed to cause"),
    "number widened to string": Bad(
        ENVELOPE,
        "optional uint32 sequence",
        "optional string sequence",
        TELEMETRY + "EventEnvelope.sequence",
        "type-kept",
        "uint32 became string",
    ),
    "enum widened to string": Bad(
        SERVER, "Trigger trigger", "string trigger", TRIGGER, "type-kept", "ServerPing.Trigger became string"
    ),
    "field repeated": Bad(
        PING, "string event_name", "repeated string event_name", EVENT + "Ping.event_name", "type-kept", ""
    ),
    "data_class weakened": Bad(
        SERVER,
        OS_CLASS,
        r"\1DATA_CLASS_FREE_FORM",
        EVENT + "ServerPing.server_os",
        "data-class-kept",
        "TECHNICAL weakened to FREE_FORM, which reveals more",
    ),
    "data_class relabelled": Bad(
        SOURCE,
        "DATA_CLASS_PSEUDONYM",
        "DATA_CLASS_TECHNICAL",
        TELEMETRY + "DeploymentSource.user_id",
        "data-class-kept",
        "PSEUDONYM weakened to TECHNICAL",
    ),
    "data_class dropped": Bad(
        SERVER, OS_CLASS, r"\1DATA_CLASS_UNSPECIFIED", EVENT + "ServerPing.server_os", "data-class-kept", ""
    ),
    "retention lengthened": Bad(
        PING,
        'owner: "application team"',
        'owner: "application team" retention_days: 366',
        EVENT + "Ping",
        "retention-not-lengthened",
        "from 365 to 366 days",
    ),
    "max_bytes raised": Bad(
        PING,
        "max_bytes: 8192",
        "max_bytes: 8193",
        EVENT + "Ping.payload",
        "size-not-raised",
        "max_bytes raised from 8192 to 8193",
    ),
    "max_keys raised": Bad(
        PING, "max_keys: 64", "max_keys: 65", EVENT + "Ping.payload", "size-not-raised", "max_keys"
    ),
    "max_depth raised": Bad(
        PING, "max_depth: 4", "max_depth: 5", EVENT + "Ping.payload", "size-not-raised", "max_depth"
    ),
    "max_bytes dropped": Bad(
        PING, "max_bytes: 8192", "", EVENT + "Ping.payload", "size-not-raised", "no limit"
    ),
    "purpose of a field dropped": Bad(
        SERVER, r'purpose: "Tells new.*?"', "", TRIGGER, "purpose-kept", "dropped"
    ),
    "purpose of an event dropped": Bad(
        PING, r'purpose: "Shows how an.*?"', "", EVENT + "Ping", "event-purpose-kept", "dropped"
    ),
    "annotation of a field dropped": Bad(
        SERVER, r"trigger = 4 \[.*?\}\];", "trigger = 4;", TRIGGER, "annotation-kept", ""
    ),
    "annotation of an event dropped": Bad(
        PING,
        r"  option \(aboveboard.schema.v1.event\) = \{.*?\};\n",
        "",
        EVENT + "Ping",
        "event-annotation-kept",
        "",
    ),
    "enum value removed": Bad(
        SERVER, r" +TRIGGER_INTERVAL = 3;\n", "", TRIGGER, "enum-value-kept", "TRIGGER_INTERVAL removed"
    ),
    "enum value renamed": Bad(
        SERVER,
        "TRIGGER_INTERVAL = 3",
        "TRIGGER_OTHER = 3",
        TRIGGER,
        "enum-value-kept",
        "renamed to TRIGGER_OTHER",
    ),
    "shared enum value removed": Bad(
        "event/v1/change_type.proto",
        r" +CHANGE_TYPE_OTHER = 4;\n",
        "",
        EVENT + "TestCaseStat.change_type",
        "enum-value-kept",
        "CHANGE_TYPE_OTHER removed",
    ),
    "event arm removed": Bad(
        ENVELOPE,
        r" +aboveboard.event.v1.Ping ping = 29;\n",
        "",
        TELEMETRY + "EventEnvelope.ping",
        "arm-kept",
        "removed",
    ),
    "event arm renumbered": Bad(
        ENVELOPE, "ping = 29", "ping = 99", TELEMETRY + "EventEnvelope.ping", "arm-kept", "from 29 to 99"
    ),
    "origin arm removed": Bad(
        SOURCE, r" +DeploymentSource deployment = 2;\n", "", TELEMETRY + "Source.deployment", "arm-kept", ""
    ),
    "subject_key removed": Bad(
        SOURCE,
        "subject_key: SUBJECT_KEY_USER",
        "",
        TELEMETRY + "DeploymentSource.user_id",
        "subject-key-kept",
        "USER became none",
    ),
    "subject_key changed": Bad(
        SOURCE,
        "subject_key: SUBJECT_KEY_USER",
        "subject_key: SUBJECT_KEY_SERVER",
        TELEMETRY + "DeploymentSource.user_id",
        "subject-key-kept",
        "USER became SERVER",
    ),
    "required added": Bad(
        SERVER, r'(example: "TRIGGER_FIRST_START")', r"\1 required: true", TRIGGER, "required-kept", "now"
    ),
    "required dropped": Bad(
        PING, "required: true", "", EVENT + "Ping.event_name", "required-kept", "no longer required"
    ),
    "new field required": Bad(
        SERVER,
        r"\}\n$",
        NEW_FIELD.replace("REQUIRED", "required: true"),
        EVENT + "ServerPing.dark",
        "new-field-is-optional",
        "",
    ),
    "UUID loosened": Bad(
        SOURCE,
        "format: FORMAT_UUID",
        "format: FORMAT_IDENTIFIER",
        TELEMETRY + "ServerSource.server_uuid",
        "uuid-kept",
        "UUID became IDENTIFIER",
    ),
    "identifier loosened": Bad(
        SOURCE,
        r'(example: "tab-7f3a"\s+)format: FORMAT_IDENTIFIER',
        r"\1format: FORMAT_NAME",
        TELEMETRY + "DeploymentSource.instance_id",
        "identifier-kept",
        "IDENTIFIER became NAME",
    ),
    "name tightened": Bad(
        SOURCE,
        "format: FORMAT_NAME",
        "format: FORMAT_IDENTIFIER",
        TELEMETRY + "ServerSource.solution",
        "identifier-kept",
        "NAME became IDENTIFIER",
    ),
    "category changed": Bad(
        SERVER,
        "category: CATEGORY_TECHNICAL",
        "category: CATEGORY_INTERACTION",
        EVENT + "ServerPing",
        "category-kept",
        "TECHNICAL became INTERACTION",
    ),
    "access weakened": Bad(
        ADMIN,
        r"(rpc CreateDeletion.*?)ACCESS_DELETE",
        r"\1ACCESS_READ",
        "aboveboard.admin.v1.AdminService.CreateDeletion",
        "access-kept",
        "DELETE became READ",
    ),
    "event arm changed": Bad(
        ENVELOPE,
        "v1.Ping ping",
        "v1.ServerPing ping",
        TELEMETRY + "EventEnvelope.ping",
        "type-kept",
        "aboveboard.event.v1.Ping became aboveboard.event.v1.ServerPing",
    ),
}

NEW_EVENT = """
// Reports a theme chosen.
message ThemeStat {
  option (aboveboard.schema.v1.event) = {
    owner: "server team"
    purpose: "Shows which themes are used."
    category: CATEGORY_INTERACTION
  };
"""
GOOD = {
    "new event": [
        (SERVER, r"$", NEW_EVENT + NEW_FIELD.replace("REQUIRED", "required: true")),
        (
            ENVELOPE,
            r"( +)(aboveboard.event.v1.Ping ping = 29;\n)",
            r"\1\2\1aboveboard.event.v1.ThemeStat theme_stat = 30;\n",
        ),
    ],
    "new optional annotated field": [(SERVER, r"\}\n$", NEW_FIELD.replace("REQUIRED", ""))],
    "new enum value": [(SERVER, r"(TRIGGER_INTERVAL = 3;\n)", r"\1    TRIGGER_CRASH = 4;\n")],
    "field deprecated": [(SERVER, r"trigger = 4 \[", "trigger = 4 [deprecated = true, ")],
    "event deprecated": [(SERVER, r"(message ServerPing \{\n)", r"\1  option deprecated = true;\n")],
    "limits tightened": [
        (PING, "max_bytes: 8192", "max_bytes: 4096"),
        (PING, 'owner: "application team"', 'owner: "application team" retention_days: 90'),
    ],
    "known values changed": [(SERVER, 'known_values: "MAC"', 'known_values: "BSD"')],
    "purpose reworded": [(SERVER, "Tells new installations", "Knows new installations")],
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_edit_is_refused(tree: Tree, bad: Bad) -> None:
    """A bad edit is refused, and the message names the field and the rule."""
    tree.edit(bad.file, bad.pattern, bad.replacement)
    found = compat.check(tree.protos)
    own = [finding for finding in found if finding.rule == bad.rule and finding.name == bad.name]
    assert own, [str(finding) for finding in found]
    assert bad.words in own[0].message
    assert bad.name in str(own[0])
    assert bad.rule in str(own[0])


@pytest.mark.parametrize("edits", GOOD.values(), ids=GOOD.keys())
def test_good_edit_passes(tree: Tree, edits: list[tuple[str, str, str]]) -> None:
    """An addition, a deprecation and a tighter limit pass both the gate and the lint."""
    for edit in edits:
        tree.edit(*edit)
    assert [str(finding) for finding in compat.check(tree.protos)] == []
    assert [str(finding) for finding in lint(compile_protos(tree.protos))] == []


def test_every_rule_has_its_bad_edit() -> None:
    """No rule of the gate goes without an edit that it refuses."""
    shown = {bad.rule for bad in BAD.values()} | {"message-kept"}
    assert {rule_name(rule) for rule in compat.RULES} == shown


def test_classes_are_ordered(tree: Tree) -> None:
    """Every data class has its place in the order of what reveals more."""
    classes = compile_protos(tree.protos).pool.FindEnumTypeByName("aboveboard.schema.v1.DataClass")
    names = {value.name.removeprefix("DATA_CLASS_") for value in classes.values if value.number}
    assert set(compat_rules.BY_REVEALING) == names


def test_removed_message_is_refused(tree: Tree) -> None:
    """A message that is gone, with its arm, is refused by its name, and buf refuses it too."""
    tree.edit(ENVELOPE, r" +aboveboard.event.v1.Ping ping = 29;\n", "")
    tree.edit(PING, "message Ping ", "message Pong ")
    found = {(finding.name, finding.rule) for finding in compat.check(tree.protos)}
    assert (EVENT + "Ping", "message-kept") in found
    assert "MESSAGE_NO_DELETE" in {rule for _, rule in found}


def test_other_packages_are_held_by_buf(tree: Tree) -> None:
    """What is not collected, such as the admin service, is held by buf."""
    tree.edit("admin/v1/company.proto", "string email = 2", "string email = 7")
    found = compat.check(tree.protos)
    assert "FIELD_NO_DELETE" in {finding.rule for finding in found}
    assert any("company.proto" in finding.file for finding in found)


def test_without_baseline(tree: Tree) -> None:
    """Where nothing was released the gate says so, and how to make the first baseline."""
    (tree.protos / "released.binpb").unlink()
    with pytest.raises(ImageError, match=r"no released schema .*`buf build --exclude-source-info -o"):
        compat.check(tree.protos)


def test_broken_baseline(tree: Tree) -> None:
    """A baseline that is no image is named, not traced."""
    (tree.protos / "released.binpb").write_bytes(b"\xff\xff")
    with pytest.raises(ImageError, match=r"released.binpb: not an image of a schema"):
        compat.check(tree.protos)


def test_without_buf(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where buf is missing the gate says so instead of passing."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(ImageError, match="pip install buf-bin"):
        compat.check(tree.protos)


def test_protos_that_do_not_compile(tree: Tree) -> None:
    """The compiler's own words, with file and line, reach whoever broke the protos."""
    tree.edit(PING, "string event_name", "strong event_name")
    with pytest.raises(ImageError, match=r'ping.proto:\d+:\d+: "strong" is not defined'):
        compat.check(tree.protos)
