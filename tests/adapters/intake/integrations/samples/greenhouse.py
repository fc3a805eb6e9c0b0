"""The stories of `telling`, as samples."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from adapters.intake.integrations import greenhouse
from tests.adapters.intake.integrations import telling
from tests.adapters.intake.integrations.bodies import signed
from tests.adapters.intake.integrations.samples import Samples, Sent, Story, forgeries_of_headers


def tell(story: Story) -> None:
    greenhouse_story = telling.story_of(story.seed)
    story.sent += [Sent(body) for body in greenhouse_story.bodies]
    story.people += map(str, greenhouse_story.people)
    story.applications += map(str, greenhouse_story.applications)
    story.jobs += map(str, greenhouse_story.jobs)
    story.roles += [f"gardener-{job}" for job in greenhouse_story.jobs]


def sign(sent: Sent, secret: str, _: datetime) -> Sent:
    return replace(sent, headers=signed(sent.body, secret))


SAMPLES = Samples(
    integration=greenhouse.GREENHOUSE,
    tell=tell,
    sign=sign,
    forgeries=forgeries_of_headers,
    ping=Sent(json.dumps({"action": "ping", "payload": {}}).encode()),
    unknown=Sent(json.dumps({"action": "hire_unicorn", "payload": {}}).encode()),
)
