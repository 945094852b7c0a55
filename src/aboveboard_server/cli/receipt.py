"""`aboveboard admin receipt`: verifies what deletions left behind, offline; no server is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from aboveboard_server.cli.errors import one_line
from aboveboard_server.privacy import receipt_files
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipts import ReceiptError, verify_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from aboveboard.admin.v1.deletion_pb2 import Receipt
    from aboveboard_server.privacy.receipts import Head

T = TypeVar("T")

app = typer.Typer(help="Proofs of deletions.", no_args_is_help=True)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Receipts, in any order.")
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
NewestReceipt = Annotated[
    str, typer.Option(metavar="FILE|SEQ:HASH", help="The newest receipt of the chain, as it was published.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]


@app.command("verify")
def verify(
    files: Files,
    public_key: PublicKeys = None,
    head: NewestReceipt = "",
    as_json: AsJson = False,  # noqa: FBT002  # a flag
) -> None:
    """Verify receipts offline: one, several that follow each other, or with --head that none is missing."""
    try:
        receipts, newest = _verified(files, public_key or [], head)
    except ReceiptError as error:
        typer.echo(f"aboveboard: {one_line(str(error))}", err=True)
        raise typer.Exit(1) from error
    _print_json(receipts, newest) if as_json else _print_table(receipts, newest)


def _verified(
    files: Sequence[Path], key_files: Sequence[Path], head: str
) -> tuple[list[Receipt], Head | None]:
    """Return the receipts, verified, and the head they were held against; ReceiptError where one is wrong."""
    keys = [_read(file, receipt_files.read_public_key) for file in key_files]
    newest, published_key = _read_head(head)
    if published_key and not keys:
        keys.append(published_key)
    if not keys:
        raise ReceiptError("no public key: give --public-key, or a head's document with --head")
    receipts = [receipt for file in files for receipt in _read(file, receipt_files.read)]
    if not receipts and newest is None:
        raise ReceiptError("the files hold no receipt")
    # Answers of the server have the newest first, and a shell has receipt-10 before receipt-2.
    receipts.sort(key=lambda receipt: receipt.sequence)
    verify_chain(receipts, {key_id(key): key for key in keys}, newest)
    return receipts, newest


def _read(file: Path, reader: Callable[[bytes], T]) -> T:
    try:
        return reader(file.read_bytes())
    except ReceiptError as error:
        raise ReceiptError(f"{file}: {error}") from error


def _read_head(text: str) -> tuple[Head | None, Ed25519PublicKey | None]:
    if not text:
        return None, None
    if Path(text).is_file():
        return _read(Path(text), receipt_files.read_head_document)
    return receipt_files.read_head(text), None


def _print_json(receipts: Sequence[Receipt], head: Head | None) -> None:
    result = {
        "verified": [MessageToDict(receipt) for receipt in receipts],
        "complete_up_to": head.sequence if head else None,
    }
    typer.echo(json.dumps(result, indent=2))


def _print_table(receipts: Sequence[Receipt], head: Head | None) -> None:
    headings = ("receipt", "deletion", "reference", "rows", "cut-off (UTC)", "erased (UTC)", "scrubbed (UTC)")
    # Folded, not cut off, where the terminal is narrow.
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for receipt in receipts:
        times = (
            f"{getattr(receipt, name).ToDatetime():%Y-%m-%d %H:%M:%S}" if receipt.HasField(name) else ""
            for name in ("cut_off_at", "erased_at", "scrubbed_at")
        )
        rows = sum(count.rows for count in receipt.table_counts)
        words = (escape(one_line(text)) for text in (receipt.deletion_id, receipt.reference))
        table.add_row(str(receipt.sequence), *words, str(rows), *times)
    Console().print(table)
    typer.echo(
        f"{len(receipts)} verified; none is missing up to {head.sequence}."
        if head
        else f"{len(receipts)} verified; only --head tells whether others are missing."
    )
