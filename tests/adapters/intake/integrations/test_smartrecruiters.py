"""SmartRecruiters signs as the published example does, also while keys are replaced."""

from __future__ import annotations

from adapters.intake.integrations.smartrecruiters import verify

SECRET = "HeBVky2bccvvkcXPimH8c"
BODY = b'{"job_id":"jid","candidate_id":"cid"}'
SIGNATURE = "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f"
HEADERS = {
    "smartrecruiters-timestamp": "1574080897",
    "smartrecruiters-signature": SIGNATURE,
    "event-id": "123",
    "event-name": "application.created",
    "event-version": "v201910",
    "link": "<http://smartrecruiters.com/endpoint>; rel=self",
}


def test_the_published_example_is_verified() -> None:
    assert verify(HEADERS, BODY, [SECRET])
    assert not verify(HEADERS, BODY, ["another"])


def test_any_of_several_signatures_of_the_first_version_is_enough() -> None:
    several = HEADERS | {"smartrecruiters-signature": f"v1={'0' * 64};{SIGNATURE}"}
    assert verify(several, BODY, ["another", SECRET])
    other_version = HEADERS | {"smartrecruiters-signature": SIGNATURE.replace("v1=", "v2=")}
    assert not verify(other_version, BODY, [SECRET])
