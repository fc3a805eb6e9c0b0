"""Who asks: a name that the log can keep, the roles it was given, and what it may therefore do."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.access.policy import POLICY, WITHOUT_KEY, Action, Role

USER = "user"
OPERATOR = "operator"
OIDC = "oidc"
"""Whom a token names: never to be taken for the API key of the same name."""
OF_OURS = (USER, OPERATOR, OIDC)
"""The kinds of actor that are people who work here: outsiders see no more of them than the kind."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a valid key or token. `source`: the outside system that an integration speaks for, else None.

    `scopes`: the actions that the key was narrowed to; None: all that its roles may. `kind`: what stands before the
    name, where there is no source.
    """

    name: str
    roles: frozenset[Role]
    source: str | None = None
    scopes: frozenset[Action] | None = None
    kind: str = USER
    actor: str = field(init=False, compare=False)
    """The actor that the log names."""
    allowed: frozenset[Action] = field(init=False, compare=False)
    """The actions of its roles that the key was not narrowed below, and those that need no key."""

    def __post_init__(self) -> None:
        actor = f"{self.kind}:{self.name}" if self.source is None else f"integration:{self.source}"
        of_roles = frozenset[Action]().union(*(POLICY[role] for role in self.roles))
        allowed = of_roles if self.scopes is None else of_roles & self.scopes
        object.__setattr__(self, "actor", actor)
        object.__setattr__(self, "allowed", allowed | WITHOUT_KEY)

    def may(self, action: Action) -> bool:
        """Return whether the action is allowed."""
        return action in self.allowed
