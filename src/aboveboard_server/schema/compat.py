"""The privacy gate: what was released stays as it was promised, and only additions pass.

`buf breaking` holds the wire format; it does not see a changed annotation, so the rules in `compat_rules`
hold what a field may reveal, how much it may hold, why it is collected, and how long it lives.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard_server.schema import compat_rules as rules
from aboveboard_server.schema import surface as surfaces
from aboveboard_server.schema.finding import Finding, apply
from aboveboard_server.schema.image import ImageError, compile_protos, read_image
from aboveboard_server.schema.policy import event_policy, field_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from aboveboard_server.schema.image import Image

BASELINE = "released.binpb"
# What `buf breaking` exits with where it has findings; anything else but 0 is a failure of its own.
BUF_FINDINGS = 100
NO_BASELINE = (
    "{baseline}: there is no released schema to compare with. Where none was ever released, make the first "
    "baseline with `buf build --exclude-source-info -o {baseline}`; from then on only `make release-schema` "
    "moves it"
)


def check(protos: Path, baseline: Path | None = None) -> list[Finding]:
    """Return every promise of the baseline that a folder of protos breaks.

    `baseline` is an image of a released schema, `released.binpb` beside the protos unless said. ImageError
    where there is none, where the protos do not compile, and where buf is missing.
    """
    baseline = baseline or protos / BASELINE
    if not baseline.exists():
        raise ImageError(NO_BASELINE.format(baseline=baseline))
    old, new = read_image(baseline), compile_protos(protos)
    return [*compare(old, new), *buf_breaking(protos, str(baseline))]


def check_against(protos: Path, other: str) -> list[Finding]:
    """Return what a folder of protos breaks of any input of buf's: an image, or `.git#ref=HEAD~1`."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch, "other.binpb")
        done = _buf("build", other, "--exclude-source-info", "-o", str(image))
        if done.returncode:
            raise ImageError(f"{other}: buf cannot build it:\n{(done.stderr or done.stdout).strip()}")
        return check(protos, image)


def compare(old: Image, new: Image) -> Iterator[Finding]:
    """Yield each promise of the old schema that the new one breaks."""
    surface = surfaces.read(old)
    for arm in (*surface.event_arms, *surface.origin_arms):
        yield from _arm(arm, new)
    for field in surface.envelope_fields:
        yield from _field(field, new)
    for message in dict.fromkeys((*surface.origins, *surface.events)):
        now = new.message(message.full_name)
        yield from apply((rules.message_kept,), now, message)
        if now is not None:
            for field in message.fields:
                yield from _field(field, new)
            yield from _event(message, now)
    for released in (surface.envelope, *surface.origins, *surface.events):
        yield from _new_fields(released, new)
    methods = {method.full_name: method for method in new.methods()}
    for method in old.methods():
        if method.full_name in methods:
            change = rules.MethodChange(method, methods[method.full_name])
            yield from apply(rules.METHOD_RULES, change, method)


def buf_breaking(protos: Path, against: str) -> Iterator[Finding]:
    """Yield what `buf breaking` finds, under the rules of the buf.yaml beside or above the protos."""
    done = _buf("breaking", str(protos), "--against", against, "--error-format", "json")
    if done.returncode not in {0, BUF_FINDINGS}:
        raise ImageError(f"buf breaking failed:\n{(done.stderr or done.stdout).strip()}")
    for line in done.stdout.splitlines():
        said = json.loads(line)
        line_number = said.get("start_line", 1)
        yield Finding(said.get("path", str(protos)), f"line {line_number}", said["type"], said["message"])


def _buf(*arguments: str) -> subprocess.CompletedProcess[str]:
    # An environment need not be activated for its own buf to be found.
    buf = shutil.which("buf") or shutil.which("buf", path=str(Path(sys.executable).parent))
    if buf is None:
        raise ImageError("no buf to compare with: `pip install buf-bin`, or put its folder on the PATH")
    command = [buf, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # no shell.


def _arm(arm: FieldDescriptor, new: Image) -> Iterator[Finding]:
    message = _owner_now(arm, new)
    if message is None:
        return
    yield from apply((rules.arm_kept,), rules.Place(arm, message), arm)
    here = message.fields_by_number.get(arm.number)
    if here is not None:
        yield from apply((rules.type_kept,), rules.FieldChange(arm, here), arm)


def _field(field: FieldDescriptor, new: Image) -> Iterator[Finding]:
    message = _owner_now(field, new)
    if message is None:
        return
    yield from apply((rules.field_kept,), rules.Place(field, message), field)
    here = message.fields_by_number.get(field.number)
    if here is None:
        return
    yield from apply(rules.FIELD_RULES, rules.FieldChange(field, here), field)
    was, now = field_policy(field), field_policy(here)
    if was is not None and now is not None:
        yield from apply(rules.PROMISE_RULES, rules.Promise(was, now), field)


def _event(old: Descriptor, new: Descriptor) -> Iterator[Finding]:
    yield from apply(rules.EVENT_RULES, rules.MessageChange(old, new), old)
    was, now = event_policy(old), event_policy(new)
    if was is not None and now is not None:
        yield from apply(rules.EVENT_PROMISE_RULES, rules.EventPromise(was, now), old)


def _new_fields(old: Descriptor | None, new: Image) -> Iterator[Finding]:
    message = new.message(old.full_name) if old else None
    if old is None or message is None:
        return
    for field in message.fields:
        if field.number not in old.fields_by_number:
            yield from apply((rules.new_field_is_optional,), field, field)


def _owner_now(field: FieldDescriptor, new: Image) -> Descriptor | None:
    return new.message(field.containing_type.full_name) if field.containing_type else None


RULES = (
    rules.message_kept,
    rules.arm_kept,
    rules.field_kept,
    rules.new_field_is_optional,
    *rules.FIELD_RULES,
    *rules.PROMISE_RULES,
    *rules.EVENT_RULES,
    *rules.EVENT_PROMISE_RULES,
    *rules.METHOD_RULES,
)
