"""The principal on the command line, named by the login name of the machine: no key is required there."""

from __future__ import annotations

import getpass
import re

from adapters.access.principal import OPERATOR, Principal
from domain.codes import CODE

UNNAMED = "command-line"


def operator() -> Principal:
    """Return the user who runs this process, `operator:ana`, as distinct from the API key `user:ana`.

    The log keeps it for good and in clear, so a login that is not written like a code (it may be a full name)
    is left out, and so is one that the machine does not know: `operator:command-line`.
    """
    try:
        login = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name; KeyError until Python 3.12
        login = UNNAMED
    return Principal(login if re.fullmatch(CODE.pattern, login) else UNNAMED, frozenset(), kind=OPERATOR)
