"""Files given to `admin receipt verify`: receipts in every form, a head's document, a public key."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToDict
from tests.fuzz.words import json_names
from tests.support.receipts import KEYS, bundle_of, chain, head_of

from aboveboard.admin.v1.deletion_pb2 import (
    Deletion,
    GetDeletionResponse,
    GetReceiptBundleResponse,
    ListDeletionsResponse,
)
from aboveboard_server.privacy import receipt_files, receipts
from aboveboard_server.privacy.receipt_bundles import verify_bundle
from aboveboard_server.privacy.receipts import Head, ReceiptError

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH = 3
SIGNED = chain(LENGTH)
HEAD = Head.of(SIGNED[-1])


def run(data: bytes) -> None:
    """What cannot be read is a ReceiptError, and nothing verifies but what was signed."""
    try:
        found = receipt_files.read(data)
    except ReceiptError:
        found = []
    for receipt in found:
        try:
            receipts.verify(receipt, KEYS)
        except ReceiptError:
            continue
        assert receipt in SIGNED
    try:
        receipts.verify_chain(found, KEYS, HEAD)
    except ReceiptError:
        pass
    else:
        assert found == SIGNED
    _run_bundle(data)
    for read in (receipt_files.read_head_document, receipt_files.read_public_key):
        try:
            read(data)
        except ReceiptError:
            continue
    with suppress(ReceiptError):
        receipt_files.read_head(data.decode(errors="replace"))


def _run_bundle(data: bytes) -> None:
    """No bundle verifies but one of the chain, whole, with the head that was signed."""
    try:
        bundle = receipt_files.read_bundle(data)
        if bundle is None:
            return
        verify_bundle(bundle, KEYS)
    except ReceiptError:
        return
    assert bundle == bundle_of(SIGNED, bundle.receipt.sequence)


def seeds() -> Iterator[bytes]:
    """Yield the chain and its parts in every form that is read."""
    deletions = [Deletion(receipt=receipt) for receipt in SIGNED]
    yield SIGNED[0].SerializeToString(deterministic=True)
    for message in (SIGNED[0], deletions[0], GetDeletionResponse(deletion=deletions[0])):
        yield json.dumps(MessageToDict(message), ensure_ascii=False).encode()
    yield json.dumps(MessageToDict(ListDeletionsResponse(deletions=deletions))).encode()
    yield json.dumps(MessageToDict(bundle_of(SIGNED, 2))).encode()
    yield json.dumps([MessageToDict(receipt) for receipt in SIGNED]).encode()
    yield json.dumps(receipt_files.head_document(head_of(SIGNED))).encode()
    yield f"{HEAD.sequence}:{HEAD.hash.hex()}".encode()


def words() -> Iterator[str]:
    """Yield every key of a list of deletions, and of a head."""
    yield from json_names(ListDeletionsResponse.DESCRIPTOR)
    yield from json_names(GetReceiptBundleResponse.DESCRIPTOR)
    yield from (f'"{key}":' for key in receipt_files.head_document(head_of(SIGNED)))
    yield from ("1e400", '"2026-07-13T12:00:00Z"', "null", "true", "[]", "{}")
