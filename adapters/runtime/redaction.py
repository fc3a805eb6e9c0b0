"""What is written to a log is read by many and kept for long: keys, passwords and addresses are taken out before."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, SecretStr

GONE = "[taken out]"
SHORTEST_SECRET = 4
"""A shorter one would be found in every other word."""
# What repeats is bounded wherever it could begin at every sign: a long text cannot make the search take minutes.
PATTERNS = (
    # The password in a URL, which may have any sign in it but a blank, up to the last @.
    (re.compile(r"(\w:?//[^\s:/?#@'\"]*:)[^\s'\"]{1,500}(?=@)"), rf"\g<1>{GONE}"),
    (re.compile(r"\bpnl_[0-9A-Za-z_]+"), GONE),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), GONE),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\g<1> {GONE}"),
    (
        re.compile(r"(?i)\b(authorization|cookie|signature)\b(b?['\"]?\s*[:=,]\s*)(b?'[^']*'|b?\"[^\"]*\"|[^\r\n]+)"),
        rf"\g<1>\g<2>{GONE}",
    ),
    (
        re.compile(
            r"(?i)\b(\w*(?:password|passwd|passphrase|secrets?|token|api[-_]?key))\b(b?['\"]?\s*[:=]\s*)"
            r"('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\[[^\]]*\]|\{(?:[^{}]|\{[^{}]{0,2000}\}){0,2000}\}|[^\s,;)}]+)"
        ),
        rf"\g<1>\g<2>{GONE}",
    ),
    # What PostgreSQL and pydantic say of an error repeats the values that it is about, over as many lines as they have.
    (
        re.compile(
            r"(?ms)^([ \t]*(?:DETAIL|CONTEXT):).*?"
            r"(?=\n\s{0,8}(?:DETAIL|CONTEXT|HINT):|\n\n?(?:The above exception|During handling)|\n?\Z)"
        ),
        rf"\g<1> {GONE}",
    ),
    (re.compile(r"(?i)\b((?:invalid|out of range)\b[^\n:\"]{0,80}: )\".*\""), rf"\g<1>{GONE}"),
    (re.compile(r"input_value=.{0,500}(?=, input_type=)"), f"input_value={GONE}"),
    (re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), GONE),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without keys, tokens, passwords and e-mail addresses, and without any of these secrets."""
    for secret in secrets:
        text = text.replace(secret, GONE)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


class Redaction(logging.Filter):
    """Removes secrets from the message and the traceback of every log record. It keeps all records."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(
            sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        )

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.of(said_by(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
        record.exc_text = None if record.exc_text is None else self.of(record.exc_text)
        record.stack_info = None if record.stack_info is None else self.of(record.stack_info)
        return True

    def of(self, text: str) -> str:
        return redacted(text, self._secrets)


def said_by(record: logging.LogRecord) -> str:
    """Return the record's message; if it cannot be formatted, its parts, so that nothing gets past redaction."""
    try:
        return record.getMessage()
    except (TypeError, ValueError) as error:
        return f"{record.msg!s} (and arguments that do not fit: {type(error).__name__})"


def secrets_of(settings: BaseModel) -> list[str]:
    """Return the values of the settings that are secrets, and the password of every URL and DSN among them."""
    several = [leaf for name in type(settings).model_fields for leaf in leaves(getattr(settings, name))]
    hidden = [leaf.get_secret_value() for leaf in several if isinstance(leaf, SecretStr)]
    return hidden + [password for leaf in several if isinstance(leaf, str) for password in passwords_in(leaf)]


def leaves(value: object) -> Iterator[object]:
    """Yield the value, or what stands in it, however deep, where it is a model, a mapping or a list."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple | frozenset):
        for element in value:
            yield from leaves(element)
    else:
        yield value


def passwords_in(text: str) -> list[str]:
    """Return the passwords of a connection string, written as a URL or as key=value."""
    of_url = re.findall(r"\w:?//[^\s:/?#@]*:(\S+)@", text)
    return of_url + [password.strip("'") for password in re.findall(r"(?i)\bpassword\s*=\s*('[^']*'|[^\s&]+)", text)]


def guard_logs(secrets: Iterable[str] = ()) -> Redaction:
    """From now on nothing reaches a handler of the root logger as it was written; what ends a thread is logged too,
    as it would go to standard error without it."""
    redaction = Redaction(secrets)
    for handler in logging.getLogger().handlers:
        handler.addFilter(redaction)
    threading.excepthook = log_uncaught
    return redaction


def log_uncaught(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None:
        name = "a thread" if caught.thread is None else caught.thread.name
        exception = (caught.exc_type, caught.exc_value, caught.exc_traceback)
        logging.getLogger(__name__).critical("%s ended by an unexpected error", name, exc_info=exception)
