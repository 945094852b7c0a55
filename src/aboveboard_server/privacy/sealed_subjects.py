"""Subjects of deletions that wait: sealed under the wrapping key, and found under any later company key."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError

from aboveboard.admin.v1 import subject_pb2 as s
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.pseudonyms import NONCE_BYTES
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from aboveboard_server.privacy.users import Users
    from aboveboard_server.storage.privacy_tables import DeletionRow

CONTEXT = b"aboveboard waiting deletion\0"


def seal(wrapping_key: bytes, deletion_id: str, subject: s.Subject) -> bytes:
    """Encrypt a subject, its user's id as it was sent: nonce, ciphertext and tag of AES-256-GCM."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, subject.SerializeToString(), _owner(deletion_id))


def unseal(wrapping_key: bytes, deletion_id: str, sealed: bytes) -> s.Subject:
    """Return the subject that was sealed; ValueError where it was changed, or sealed for another deletion."""
    try:
        plain = AESGCM(wrapping_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _owner(deletion_id))
        return s.Subject.FromString(plain)
    except (InvalidTag, ValueError, DecodeError):
        raise ValueError("a sealed subject does not belong to its deletion or to the wrapping key") from None


class SealedSubjects:
    """Seals the subjects of deletions that wait, and finds them again."""

    def __init__(self, wrapping_key: bytes, digest_key: bytes, users: Users) -> None:
        self._wrapping_key = wrapping_key
        self._digest_key = digest_key
        self._users = users

    def seal(self, deletion_id: str, subject: SubjectRecord, user_id: str) -> bytes:
        """Return what finds a deployment, or a user by the id that its client sent."""
        company_id, deployment_id = subject.company_id or "", subject.deployment_id or ""
        named = (
            s.Subject(user=s.UserRef(company_id=company_id, deployment_id=deployment_id, user_id=user_id))
            if subject.kind == subjects.USER
            else s.Subject(deployment=s.DeploymentRef(company_id=company_id, deployment_id=deployment_id))
        )
        return seal(self._wrapping_key, deletion_id, named)

    async def find(self, row: DeletionRow, *, makes_key: bool) -> SubjectRecord | None:
        """Return the subject of a deletion that waits, its user keyed under its company's current key.

        A company without a key gets one, or else the user has no name in the store. None where nothing is
        sealed, or where it is not what was sealed for this deletion.
        """
        if row.sealed_subject is None:
            return None
        try:
            named = unseal(self._wrapping_key, row.deletion_id, row.sealed_subject)
        except ValueError:
            return None
        message = named.user if named.HasField("user") else named.deployment
        company_id, deployment_id, user_id = message.company_id, message.deployment_id, named.user.user_id
        names = [company_id, deployment_id, *([user_id] if user_id else [])]
        if subjects.digest(self._digest_key, row.subject_kind, names) != row.subject_digest:
            return None
        found = SubjectRecord(
            row.subject_kind, row.subject_digest, company_id=company_id, deployment_id=deployment_id
        )
        if not user_id:
            return found
        stored = self._users.stored if makes_key else self._users.held
        rekeyed, stored_digest = await stored(company_id, deployment_id, user_id) or (None, None)
        return replace(found, user_id=rekeyed, stored_digest=stored_digest)


def _owner(deletion_id: str) -> bytes:
    """Tie what is sealed to its deletion, so that it cannot serve in another one's row."""
    return CONTEXT + deletion_id.encode()
