"""Who asks: a name that the log can keep, the roles it was given, and what it may therefore do."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.access.policy import OF_ANYBODY, POLICY, Action, Role

USER = "user"
OPERATOR = "operator"
OIDC = "oidc"
"""Whom a token names: never to be taken for the API key of the same name."""
OF_OURS = (USER, OPERATOR, OIDC)
"""The kinds of actor that are people who work here: of them no more is told to outsiders."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whose key or token was good. `source`: the outside system that an integration speaks for, else None.

    `scopes`: the actions that the key was narrowed to; None: all that its roles may. `kind`: what stands before the
    name, where there is no source.
    """

    name: str
    roles: frozenset[Role]
    source: str | None = None
    scopes: frozenset[Action] | None = None
    kind: str = USER

    @property
    def actor(self) -> str:
        """What the log calls whoever asks."""
        return f"{self.kind}:{self.name}" if self.source is None else f"integration:{self.source}"

    def may(self, action: Action) -> bool:
        """Whether one of the roles may do it, and the key was not narrowed below that."""
        if action in OF_ANYBODY:
            return True
        allowed = any(action in POLICY[role] for role in self.roles)
        return allowed and (self.scopes is None or action in self.scopes)
