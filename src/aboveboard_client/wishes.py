"""The "Disable Telemetry" tick box: in force here at once, and told to the service as soon as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_client.consent import USER
from aboveboard_client.failure import CallFailed, Withdrawn
from aboveboard_client.locks import locked
from aboveboard_client.preference import Answer, Scope

if TYPE_CHECKING:
    from aboveboard_client.delivery import Delivery
    from aboveboard_client.parts import Parts

KEY = "wish"


class Wishes:
    """Keeps the latest wish until the service has been told."""

    def __init__(self, parts: Parts, delivery: Delivery) -> None:
        self._parts = parts
        self._delivery = delivery
        self._being_told = False

    @property
    def pending(self) -> bool:
        """Whether there is a wish that the service was not told yet, and that nobody is telling it now."""
        return not self._being_told and KEY in self._parts.state.read()

    def disable(self, scope: Scope | None, *, erase_history: bool, timeout: float) -> Answer:
        """Stop everything, then tell; see Client.disable."""
        problems = [self._stop(timeout)]
        self._parts.spool.purge()
        # Again, where a full disk did not let it be written: purging has made room.
        self._parts.consent.refresh()
        return self._wish(scope, Request.PREFERENCE_DISABLED, erase=erase_history, problems=problems)

    def enable(self, scope: Scope | None) -> Answer:
        """Lift the user's own refusal, then tell; see Client.enable."""
        self._parts.consent.allow(USER)
        return self._wish(scope, Request.PREFERENCE_ENABLED, erase=False, problems=[])

    def tell(self) -> tuple[str, str]:
        """Tell the service the pending wish: the id of a Deletion, and a problem in words.

        CallFailed where it is to be told again; Withdrawn, OSError.
        """
        wish = self._parts.state.read().get(KEY)
        if not wish:
            return "", ""
        problem = ""
        try:
            response = self._delivery.call("SetCollectionPreference", self._request(wish))
        except CallFailed as failure:
            if failure.code == "UNIMPLEMENTED" and wish["erase"]:
                # That service cannot erase yet; the opt-out itself must not wait for it.
                problem = f"history was not erased: {failure}"
                wish_without = {**wish, "erase": False}
                response = self._delivery.call("SetCollectionPreference", self._request(wish_without))
            elif failure.code == "INVALID_ARGUMENT":
                self._forget(wish)
                return "", str(failure)
            else:
                raise
        self._forget(wish)
        self._parts.consent.obey(response.collection_status)
        return response.deletion_id, problem

    def _stop(self, timeout: float) -> str:
        """Forbid, and wait until no process of this machine is sending any more."""
        problem = ""
        try:
            self._parts.consent.forbid(USER)
        except OSError as error:
            problem = f"that telemetry is off could not be kept: {error}"
        if not self._parts.transport.pass_gate(timeout):
            return f"{problem}; a call under way did not end"
        try:
            if self._parts.state.folder.is_dir():
                with locked(self._parts.state.folder / "sending.lock", timeout=timeout):
                    pass
        except OSError as error:
            problem = f"{problem}; another process may still be sending: {error}"
        finally:
            self._parts.transport.gate.release()
        return problem.removeprefix("; ")

    def _wish(
        self,
        scope: Scope | None,
        preference: Request.Preference.ValueType,
        *,
        erase: bool,
        problems: list[str],
    ) -> Answer:
        told, deletion_id = False, ""
        # The sender leaves it to us: once we have returned nothing of it may still be on its way.
        self._being_told = True
        if scope is None and self._parts.settings.source.HasField("server"):
            scope = Scope.SERVER  # the only one that an anonymous server has
        try:
            if scope is None:
                problems.append(
                    "the service was not told: a deployment must say the scope, USER or DEPLOYMENT"
                )
            else:
                with self._parts.state.changing() as values:
                    values[KEY] = {"scope": int(scope), "preference": int(preference), "erase": erase}
                deletion_id, problem = self.tell()
                problems.append(problem)
                told = True
        except Withdrawn:
            problems.append("the service was not told: the environment forbids any connection")
        except (CallFailed, OSError) as error:
            problems.append(f"the service was not told yet: {error}")
        finally:
            self._being_told = False
        return Answer(
            collecting=self._parts.consent.refresh(),
            told=told,
            deletion_id=deletion_id,
            problem="; ".join(filter(None, problems)),
        )

    def _request(self, wish: dict[str, Any]) -> Request:
        return Request(
            source=self._parts.settings.source,
            scope=wish["scope"],
            preference=wish["preference"],
            erase_history=wish["erase"],
            write_key=self._parts.settings.write_key,
        )

    def _forget(self, wish: dict[str, Any]) -> None:
        with self._parts.state.changing() as values:
            if values.get(KEY) == wish:
                del values[KEY]
