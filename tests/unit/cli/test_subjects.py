"""The options that name a Subject name exactly one, or are refused."""

from __future__ import annotations

import pytest
import typer

from aboveboard.admin.v1.subject_pb2 import DeploymentRef, Subject, UserRef
from aboveboard_server.cli.subjects import subject_of, subject_text


@pytest.mark.parametrize(
    ("options", "subject", "shown"),
    [
        (("c", "", "", ""), Subject(company_id="c"), "company c"),
        (
            ("c", "d", "", ""),
            Subject(deployment=DeploymentRef(company_id="c", deployment_id="d")),
            "deployment d of company c",
        ),
        (("", "", "s", ""), Subject(server_uuid="s"), "server s"),
        (
            ("c", "d", "", "u"),
            Subject(user=UserRef(company_id="c", deployment_id="d", user_id="u")),
            "a user of deployment d of company c",
        ),
    ],
)
def test_options_name_a_subject(options: tuple[str, str, str, str], subject: Subject, shown: str) -> None:
    """Company alone, with deployment, with user too, or server alone; a user's id is never shown."""
    assert subject_of(*options) == subject
    assert subject_text(subject) == shown


@pytest.mark.parametrize(
    ("options", "needs"),
    [
        (("", "", "", ""), "say whom"),
        (("", "d", "", ""), "--company"),
        (("", "", "", "u"), "--company"),
        (("c", "", "", "u"), "--deployment"),
        (("", "d", "", "u"), "--company"),
        (("c", "", "s", ""), "stands alone"),
        (("", "d", "s", ""), "stands alone"),
        (("", "", "s", "u"), "stands alone"),
    ],
)
def test_options_that_name_none_or_several_are_refused(
    options: tuple[str, str, str, str], needs: str
) -> None:
    """A usage error says which option is missing, or too many."""
    with pytest.raises(typer.BadParameter, match=needs):
        subject_of(*options)
