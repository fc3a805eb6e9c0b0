"""Reads an organisation's own retention rules from a TOML file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, field_validator

from domain.codes import CODE
from domain.errors import ExplainedError
from domain.retention import MONTHS_AT_MOST, RULES, Rule, Rules
from domain.validity import ANY


class RetentionFileIsWrong(ExplainedError):
    """Invalid retention rules

    The retention rules in {path} cannot be used: {why}.

    Correct the file; docs/privacy.md shows its format.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path=path, why=why)


class OwnRule(BaseModel):
    """What an organisation says of one jurisdiction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: int = Field(ge=1, le=MONTHS_AT_MOST, strict=True)
    because: str = Field(min_length=3, max_length=200)


class OwnRules(RootModel[dict[str, OwnRule]]):
    """A table for each jurisdiction, which is written as consents name it; "*" is any other."""

    @field_validator("root")
    @classmethod
    def are_jurisdictions(cls, rules: dict[str, OwnRule]) -> dict[str, OwnRule]:
        for name in rules:
            if name != ANY and not re.fullmatch(CODE.pattern, name):
                raise ValueError(f"{name!r} is no jurisdiction: write it like fr, us-ca or '*'")
        return rules


def rules_in(path: Path | None) -> Rules:
    """Our rules, with those of the file in the place of ours. Errors: RetentionFileIsWrong."""
    if path is None:
        return RULES
    try:
        own = OwnRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).root
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the file"
        raise RetentionFileIsWrong(path, f"{where}: {wrong['msg']}") from error
    except (OSError, ValueError) as error:
        raise RetentionFileIsWrong(path, str(error)) from error
    return {**RULES, **{name: Rule(name, rule.months, rule.because) for name, rule in own.items()}}
