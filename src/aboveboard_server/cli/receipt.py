"""`aboveboard admin receipt`: hands out what proves a deletion, and verifies it offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar

import typer
from google.protobuf.json_format import MessageToDict, MessageToJson
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from aboveboard.admin.v1.deletion_pb2 import GetReceiptBundleRequest, Receipt
from aboveboard_server.cli.administration import ENDPOINT, Endpoint, administrators
from aboveboard_server.cli.errors import one_line
from aboveboard_server.cli.export import opened
from aboveboard_server.privacy import receipt_files
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipt_bundles import verify_bundle
from aboveboard_server.privacy.receipts import ReceiptError, verify_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from aboveboard.admin.v1.deletion_pb2 import ReceiptBundle
    from aboveboard_server.privacy.receipt_heads import KeptHead

T = TypeVar("T")

# A bundle holds 34 bytes for each receipt of the service: 7 million of them.
MAX_BUNDLE_BYTES = 256 * 1024 * 1024

app = typer.Typer(help="Proofs of deletions.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Bundles, or receipts in any order."),
]
PublicKeys = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="signing.pub, or a head's document; may be repeated.",
    ),
]
KeptHeadOption = Annotated[
    str,
    typer.Option(metavar="FILE|SEQ:HASH", help="A head of the chain as it was published, now or earlier."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file, readable by you alone, not to stdout."),
]


class _Verified(NamedTuple):
    """Receipts that are right, and up to which one none is missing; None where that was not asked."""

    receipts: list[Receipt]
    complete_up_to: int | None


@app.command("export")
def export_bundle(
    deletion_id: Annotated[str, typer.Argument(help="As `deletion list` shows it.")],
    *,
    output: Output = None,
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Write the receipt of one deletion for who asked for it: nothing of other customers but hashes."""
    with administrators(endpoint, MAX_BUNDLE_BYTES) as stub, opened(output) as file:
        found = stub.GetReceiptBundle(GetReceiptBundleRequest(deletion_id=deletion_id)).receipt_bundle
        file.write(MessageToJson(found, always_print_fields_with_no_presence=True) + "\n")


@app.command("verify")
def verify(
    files: Files,
    public_key: PublicKeys = None,
    head: KeptHeadOption = "",
    as_json: AsJson = False,  # noqa: FBT002  # a flag
) -> None:
    """Verify offline: a bundle of `export`, one receipt, several, or with --head that none is missing."""
    try:
        verified = _verified(files, public_key or [], head)
    except ReceiptError as error:
        typer.echo(f"aboveboard: {one_line(str(error))}", err=True)
        raise typer.Exit(1) from error
    _print_json(verified) if as_json else _print_table(verified)


def _verified(files: Sequence[Path], key_files: Sequence[Path], head: str) -> _Verified:
    """Return the receipts, verified; ReceiptError where one is wrong, or is not of the chain of the head."""
    listed = [_read(file, receipt_files.read_public_key) for file in key_files]
    kept, published_key = _read_head(head)
    if published_key and not listed:
        listed.append(published_key)
    if not listed:
        raise ReceiptError("no public key: give --public-key, or a head's document with --head")
    keys = {key_id(key): key for key in listed}
    bundles = [bundle for file in files if (bundle := _read(file, receipt_files.read_bundle))]
    if len(bundles) == len(files):
        return _verified_bundles(bundles, keys, kept)
    if bundles:
        raise ReceiptError("bundles and other files: verify the ones apart from the others")
    receipts = [receipt for file in files for receipt in _read(file, receipt_files.read)]
    if not receipts and kept is None:
        raise ReceiptError("the files hold no receipt")
    # Answers of the server have the newest first, and a shell has receipt-10 before receipt-2.
    receipts.sort(key=lambda receipt: receipt.sequence)
    verify_chain(receipts, keys, kept and kept.head)
    return _Verified(receipts, kept.head.sequence if kept else None)


def _verified_bundles(
    bundles: Sequence[ReceiptBundle], keys: dict[str, Ed25519PublicKey], kept: KeptHead | None
) -> _Verified:
    for bundle in bundles:
        verify_bundle(bundle, keys, kept)
    return _Verified([bundle.receipt for bundle in bundles], min(bundle.head.sequence for bundle in bundles))


def _read(file: Path, reader: Callable[[bytes], T]) -> T:
    try:
        return reader(file.read_bytes())
    except ReceiptError as error:
        raise ReceiptError(f"{file}: {error}") from error


def _read_head(text: str) -> tuple[KeptHead | None, Ed25519PublicKey | None]:
    if not text:
        return None, None
    if Path(text).is_file():
        return _read(Path(text), receipt_files.read_head_document)
    return receipt_files.read_head(text), None


def _print_json(verified: _Verified) -> None:
    result = {
        "verified": [MessageToDict(receipt) for receipt in verified.receipts],
        "complete_up_to": verified.complete_up_to,
    }
    typer.echo(json.dumps(result, indent=2))


def _print_table(verified: _Verified) -> None:
    headings = ("receipt", "deletion", "reference", "rows", "cut-off (UTC)", "erased (UTC)", "scrubbed (UTC)")
    # Folded, not cut off, where the terminal is narrow.
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for receipt in verified.receipts:
        times = (_time(receipt, name) for name in ("cut_off_at", "erased_at", "scrubbed_at"))
        rows = sum(count.rows for count in receipt.table_counts)
        words = (escape(one_line(text)) for text in (receipt.deletion_id, receipt.reference))
        table.add_row(str(receipt.sequence), *words, str(rows), *times)
    Console().print(table)
    typer.echo(
        f"{len(verified.receipts)} verified; none is missing up to {verified.complete_up_to}."
        if verified.complete_up_to is not None
        else f"{len(verified.receipts)} verified; only --head tells whether others are missing."
    )


def _time(receipt: Receipt, name: Literal["cut_off_at", "erased_at", "scrubbed_at"]) -> str:
    """Write a time of a receipt as exactly as it was signed."""
    if not receipt.HasField(name):
        return ""
    time = getattr(receipt, name).ToDatetime()
    if receipt.time_precision == Receipt.TIME_PRECISION_DAY:
        return f"by {time:%Y-%m-%d %H:%M}"
    return f"{time:%Y-%m-%d %H:%M:%S}"
