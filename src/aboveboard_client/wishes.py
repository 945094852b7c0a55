"""The "Disable Telemetry" tick box: in force here at once, and told to the service as soon as it can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_client.consent import SERVICE, USER
from aboveboard_client.failure import TOKEN_REQUIRED, CallFailed, Withdrawn
from aboveboard_client.locks import locked
from aboveboard_client.pending import Pending, Wish
from aboveboard_client.preference import Answer, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_client.delivery import Delivery
    from aboveboard_client.parts import Parts

STAYS_OFF = (
    "telemetry stays off: a refusal is in force that was set elsewhere, or before refusals had tokens;"
    " whoever runs the service can lift it"
)


@dataclass(frozen=True)
class Outcome:
    """What became of a wish: the Deletion it began, a problem in words, or why it is to be told again."""

    deletion_id: str = ""
    problem: str = ""
    failure: CallFailed | None = None


class Wishes:
    """Keeps the latest wish of each scope until the service has been told."""

    def __init__(self, parts: Parts, delivery: Delivery, put_off: Callable[[CallFailed], object]) -> None:
        self._parts = parts
        self._delivery = delivery
        self._put_off = put_off
        self._pending = Pending(parts.state)
        self._being_told = False

    @property
    def pending(self) -> bool:
        """Whether there is a wish that the service was not told yet, and that nobody is telling it now."""
        return not self._being_told and bool(self._pending)

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

    def tell(self) -> None:
        """Tell the service what it was not told; CallFailed where to be tried again, Withdrawn, OSError."""
        failures = [outcome.failure for outcome in self._tell().values() if outcome.failure]
        if failures:
            raise failures[0]

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
                self._pending.add(int(scope), int(preference), erase=erase)
                # Where it is missing the sender of another process has just told it.
                outcome = self._tell().get(int(scope), Outcome())
                deletion_id = outcome.deletion_id
                problems.append(outcome.problem)
                told = outcome.failure is None
                if outcome.failure is not None:
                    self._put_off(outcome.failure)
        except Withdrawn:
            problems.append("the service was not told: the environment forbids any connection")
        except OSError as error:
            problems.append(f"the service was not told yet: {error}")
        finally:
            self._being_told = False
        return Answer(
            collecting=self._parts.consent.refresh(),
            told=told,
            deletion_id=deletion_id,
            problem="; ".join(filter(None, problems)),
        )

    def _tell(self) -> dict[int, Outcome]:
        """Tell what is due, in its order, and return what became of it by scope; Withdrawn, OSError.

        One process at a time: a wish that replaces another must not overtake it. Where the service takes no
        more for now, as of deletions, it may still take the next.
        """
        outcomes: dict[int, Outcome] = {}
        failure: CallFailed | None = None
        lock = self._parts.state.folder / "telling.lock"
        with locked(lock, timeout=self._parts.settings.timing.rpc):
            for wish in self._pending.due():
                try:
                    if failure is not None and failure.code != "RESOURCE_EXHAUSTED":
                        raise failure
                    outcomes[wish.scope] = self._tell_one(wish)
                except CallFailed as error:
                    failure = error
                    problem = f"the service was not told yet: {failure}"
                    outcomes[wish.scope] = Outcome(problem=problem, failure=failure)
        return outcomes

    def _tell_one(self, wish: Wish) -> Outcome:
        """Tell a wish and forget it; CallFailed where it is to be told again, Withdrawn, OSError."""
        problem = ""
        try:
            response = self._call(wish)
        except CallFailed as failure:
            if failure.code == "UNIMPLEMENTED" and wish.erase:
                # That service cannot erase yet; the opt-out itself must not wait for it.
                problem = f"history was not erased: {failure}"
                response = self._call(replace(wish, erase=False))
            elif failure.reason == TOKEN_REQUIRED or failure.code == "INVALID_ARGUMENT":
                return self._refused(wish, failure)
            else:
                raise
        self._pending.done(wish, lifted=not wish.disables)
        self._parts.consent.obey(response.collection_status)
        return Outcome(response.deletion_id, problem)

    def _refused(self, wish: Wish, failure: CallFailed) -> Outcome:
        """Give up a wish that the service will not take, however often it is told; OSError."""
        problem = str(failure)
        if failure.reason == TOKEN_REQUIRED:
            problem = f"{STAYS_OFF} ({failure.reason})"
            # As the service's refusal: the next time it is asked it may say that it was lifted.
            self._parts.consent.forbid(SERVICE)
        self._pending.done(wish)
        self._parts.tally.trouble(f"preference {failure.reason}", "telemetry preference: %s", problem)
        return Outcome(problem=problem)

    def _call(self, wish: Wish) -> Any:
        settings = self._parts.settings
        request = Request(
            source=settings.source,
            scope=Request.Scope.ValueType(wish.scope),
            preference=Request.Preference.ValueType(wish.preference),
            erase_history=wish.erase,
            write_key=settings.write_key,
            preference_token=wish.token,
        )
        return self._delivery.call("SetCollectionPreference", request)
