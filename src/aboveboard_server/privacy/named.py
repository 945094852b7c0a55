"""A Subject between the message that names it, its record in the store, and its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aboveboard.admin.v1 import subject_pb2 as s
from aboveboard.schema.v1 import annotations_pb2 as a
from aboveboard_server.privacy import arguments, subjects
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from aboveboard_server.privacy.users import Users


class Concerns(Protocol):
    """A request that concerns a Subject."""

    @property
    def subject(self) -> s.Subject:
        """Whom it concerns."""


class Columns(Protocol):
    """A row with the columns that name a Subject until it is erased."""

    subject_kind: str
    company_id: str | None
    deployment_id: str | None
    server_uuid: str | None


class SubjectReader:
    """Checks a Subject that an administrator names, and returns its record."""

    def __init__(self, digest_key: bytes, users: Users) -> None:
        self._digest_key = digest_key
        self._users = users

    async def read(self, request: Concerns, *, makes_key: bool = True) -> SubjectRecord:
        """Return the Subject of a request; ServiceError naming the field where it is malformed.

        A user's company without a key gets one, or else the user has no name in the store.
        """
        subject = request.subject
        arm = subject.WhichOneof("subject")
        if arm is None:
            raise arguments.invalid("subject", "required")
        if arm == "company_id":
            company = arguments.identifier(subject.company_id, "subject.company_id")
            return SubjectRecord(
                subjects.COMPANY, self._digest(subjects.COMPANY, company), company_id=company
            )
        if arm == "server_uuid":
            server = arguments.uuid(subject.server_uuid, "subject.server_uuid")
            return SubjectRecord(subjects.SERVER, self._digest(subjects.SERVER, server), server_uuid=server)
        place = f"subject.{arm}"
        message = subject.deployment if arm == "deployment" else subject.user
        company = arguments.identifier(message.company_id, f"{place}.company_id")
        deployment = arguments.identifier(message.deployment_id, f"{place}.deployment_id")
        if isinstance(message, s.UserRef):
            user = arguments.identifier(message.user_id, f"{place}.user_id")
            stored = self._users.stored if makes_key else self._users.held
            rekeyed, stored_digest = await stored(company, deployment, user) or (None, None)
            return SubjectRecord(
                subjects.USER,
                self._digest(subjects.USER, company, deployment, user),
                stored_digest=stored_digest,
                company_id=company,
                deployment_id=deployment,
                user_id=rekeyed,
            )
        return SubjectRecord(
            subjects.DEPLOYMENT,
            self._digest(subjects.DEPLOYMENT, company, deployment),
            company_id=company,
            deployment_id=deployment,
        )

    def _digest(self, kind: str, *names: str) -> bytes:
        return subjects.digest(self._digest_key, kind, list(names))


def described(row: Columns) -> s.Subject | None:
    """Return the Subject that a row names, its user without an id; None once it is erased."""
    if row.subject_kind == subjects.SERVER:
        return s.Subject(server_uuid=row.server_uuid) if row.server_uuid else None
    if not row.company_id:
        return None
    if row.subject_kind == subjects.COMPANY:
        return s.Subject(company_id=row.company_id)
    names = {"company_id": row.company_id, "deployment_id": row.deployment_id or ""}
    if row.subject_kind == subjects.USER:
        return s.Subject(user=s.UserRef(**names))
    return s.Subject(deployment=s.DeploymentRef(**names))


def kind_number(kind: str) -> a.SubjectKey.ValueType:
    """Return a kind of Subject as messages hold it."""
    return a.SubjectKey.Value(f"SUBJECT_KEY_{kind}")
