"""`aboveboard admin receipt verify` says offline what is wrong, in one line; its exit code says whether."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf.json_format import MessageToDict, MessageToJson
from tests.support.receipts import KEY, OTHER_KEY, bundle_of, chain, facts, head_of
from typer.testing import CliRunner

from aboveboard.admin.v1.deletion_pb2 import Deletion, ListDeletionsResponse, Receipt
from aboveboard_server.cli.app import app
from aboveboard_server.privacy import keys as key_files
from aboveboard_server.privacy.receipt_files import head_document
from aboveboard_server.privacy.receipts import Head, sign

if TYPE_CHECKING:
    from pathlib import Path

CHAIN = chain(12)
HEAD = Head.of(CHAIN[-1])


def verify(*arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error."""
    result = CliRunner().invoke(app, ["admin", "receipt", "verify", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file for each receipt of a chain, a head's document, and the public key."""
    for receipt in CHAIN:
        (tmp_path / f"receipt-{receipt.sequence}.json").write_text(MessageToJson(receipt))
    document = head_document(head_of(CHAIN))
    (tmp_path / "head.json").write_text(json.dumps(document))
    key_files.publish(tmp_path / "signing.pub", KEY.public_key())
    return tmp_path


def test_one_receipt(folder: Path) -> None:
    """A receipt alone is verified with the public key, as JSON and in its binary form."""
    (folder / "receipt.bin").write_bytes(CHAIN[6].SerializeToString())
    for file in ("receipt-7.json", "receipt.bin"):
        code, said, _ = verify(folder / file, "--public-key", folder / "signing.pub")
        assert code == 0
        assert "1 verified; only --head tells whether others are missing." in said
        assert "10010" in said
    code, said, _ = verify(folder / "receipt-7.json", "--public-key", folder / "head.json", "--json")
    assert code == 0
    assert json.loads(said) == {"verified": [MessageToDict(CHAIN[6])], "complete_up_to": None}


def test_a_chain(folder: Path) -> None:
    """All receipts, in whatever order they are given, are held against the head, which brings the key."""
    files = sorted(folder.glob("receipt-*.json"))
    code, said, _ = verify(*files, "--head", folder / "head.json")
    assert code == 0
    assert "12 verified; none is missing up to 12." in said
    answer = ListDeletionsResponse(deletions=[Deletion(receipt=receipt) for receipt in reversed(CHAIN)])
    (folder / "list.json").write_text(MessageToJson(answer, always_print_fields_with_no_presence=True))
    head = f"12:{HEAD.hash.hex()}"
    code, said, _ = verify(
        folder / "list.json", "--public-key", folder / "signing.pub", "--head", head, "--json"
    )
    assert code == 0
    assert json.loads(said)["complete_up_to"] == 12


def test_what_is_wrong_is_named(folder: Path) -> None:
    """A missing one, a broken link, another's signature and another head each have their line."""
    files = {receipt.sequence: folder / f"receipt-{receipt.sequence}.json" for receipt in CHAIN}
    head = ("--head", folder / "head.json")
    for missing in (1, 5, 12):
        given = [file for sequence, file in files.items() if sequence != missing]
        assert verify(*given, *head) == (1, "", f"aboveboard: receipt {missing} is missing\n")
    assert verify(*files.values(), files[3], *head)[2] == "aboveboard: receipt 3 is there twice\n"
    other_head = ("--public-key", folder / "signing.pub", "--head", f"12:{'0' * 64}")
    assert verify(*files.values(), *other_head)[2] == (
        "aboveboard: receipt 12 is not the one that the head names\n"
    )
    files[4].write_text(MessageToJson(sign(facts(4, reference="other"), Head.of(CHAIN[2]), KEY)))
    assert verify(*files.values(), *head)[2] == "aboveboard: the link between receipts 4 and 5 is broken\n"
    files[4].write_text(MessageToJson(sign(facts(4), Head.of(CHAIN[2]), OTHER_KEY)))
    assert "receipt 4: it names a key that is none of those given" in verify(*files.values(), *head)[2]
    files[4].write_text(files[5].read_text().replace('"rows": "3"', '"rows": "4"'))
    assert (
        verify(files[4], "--public-key", folder / "signing.pub")[2]
        == "aboveboard: receipt 5: a field is not what was signed\n"
    )


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    """A file that is no receipt, key or head, and a missing key, each have their line, with the file."""
    receipt, key, junk = folder / "receipt-1.json", folder / "signing.pub", folder / "junk"
    junk.write_text("junk")
    for arguments, said in [
        ((junk, "--public-key", key), f"{junk}: not a receipt"),
        ((receipt, "--public-key", junk), f"{junk}: not a head"),
        ((receipt, "--public-key", key, "--head", junk), f"{junk}: not a head"),
        ((receipt, "--public-key", key, "--head", "1"), "SEQ:HASH"),
        ((receipt, "--head", f"1:{'0' * 64}"), "no public key"),
        ((receipt,), "no public key"),
    ]:
        code, shown, error = verify(*arguments)
        assert (code, shown) == (1, "")
        assert said in error
        assert error.count("\n") == 1
    (folder / "none.json").write_text("[]")
    assert "hold no receipt" in verify(folder / "none.json", "--public-key", key)[2]
    assert verify(folder / "none.json", "--head", folder / "head.json")[2].endswith("1 to 12 are missing\n")
    assert verify(folder / "nothing.json", "--public-key", key)[0] == 2


def test_a_bundle(folder: Path) -> None:
    """Verified with the public key alone, against the head of now, and against one that was kept earlier."""
    bundle = folder / "bundle.json"
    bundle.write_text(MessageToJson(bundle_of(CHAIN, 7), always_print_fields_with_no_presence=True))
    (folder / "earlier.json").write_text(json.dumps(head_document(head_of(CHAIN[:4]))))
    old = {"sequence": 9, "hash": Head.of(CHAIN[8]).hash.hex()}
    (folder / "old.json").write_text(
        json.dumps(old | {key: head_document(head_of(CHAIN))[key] for key in ("key_id", "public_key")})
    )
    for arguments in (
        ("--public-key", folder / "signing.pub"),
        *(("--head", folder / name) for name in ("head.json", "earlier.json", "old.json")),
        ("--public-key", folder / "signing.pub", "--head", f"12:{HEAD.hash.hex()}"),
    ):
        code, said, _ = verify(bundle, *arguments)
        assert code == 0
        assert "1 verified; none is missing up to 12." in said
    code, said, _ = verify(bundle, "--head", folder / "head.json", "--json")
    assert code == 0
    assert json.loads(said) == {"verified": [MessageToDict(CHAIN[6])], "complete_up_to": 12}


def test_what_is_wrong_with_a_bundle_is_named(folder: Path) -> None:
    """Another chain than that of the kept head, a missing last receipt, and what else is no bundle of it."""
    bundle, head = folder / "bundle.json", ("--head", folder / "head.json")
    bundle.write_text(MessageToJson(bundle_of(CHAIN[:-1], 7)))
    assert verify(bundle, *head) == (
        1,
        "",
        "aboveboard: the kept head names receipt 12, but the bundle ends with 11\n",
    )
    other = [*CHAIN[:11], sign(facts(12, reference="rewritten"), Head.of(CHAIN[10]), KEY)]
    bundle.write_text(MessageToJson(bundle_of(other, 7)))
    assert verify(bundle, *head)[2] == "aboveboard: receipt 12 is not the one that the kept head names\n"
    assert "verify the ones apart" in verify(bundle, folder / "receipt-1.json", *head)[2]
    assert "no public key" in verify(bundle)[2]
    bundle.write_text(MessageToJson(bundle_of(CHAIN, 7)).replace('"hasExactTimes": true', '"more": true'))
    assert verify(bundle, *head)[2] == f"aboveboard: {bundle}: not a receipt\n"


def test_times_are_shown_as_exactly_as_they_were_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the day where the receipt says so."""
    monkeypatch.setenv("COLUMNS", "200")
    by_day = facts()
    by_day.time_precision = Receipt.TIME_PRECISION_DAY
    by_day.cut_off_at.FromJsonString("2026-07-14T00:00:00Z")
    (folder / "day.json").write_text(MessageToJson(sign(by_day, Head(), KEY)))
    said = verify(folder / "day.json", "--public-key", folder / "signing.pub")[1]
    assert "by 2026-07-14" in " ".join(said.split())
