"""Who asks on the command line: nobody is asked for a key there, so it is known by the login name of the machine."""

from __future__ import annotations

import getpass
import re

from adapters.access.principal import OPERATOR, Principal
from domain.codes import CODE

UNNAMED = "command-line"


def operator() -> Principal:
    """Whoever runs this process, `operator:ana`: never to be taken for the API key of the same name, `user:ana`.

    The log keeps it for good and in clear, so a login that is not written like a code (it may be somebody's full name)
    is left out, and so is one that the machine does not know: `operator:command-line`.
    """
    try:
        login = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name; KeyError until Python 3.12
        login = UNNAMED
    return Principal(login if re.fullmatch(CODE.pattern, login) else UNNAMED, frozenset(), kind=OPERATOR)
