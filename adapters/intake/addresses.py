"""Reads e-mail addresses and phone numbers as people type them, and gives each its form and its streams.

Syntax is left to email-validator and phonenumbers. Nothing is asked of the network, and nothing depends on which
numbers are in service today: the same text has the same form for ever.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from adapters.postgres.keys.key_file import KeyFile
from domain.addresses import (
    EMAIL,
    PHONE,
    Address,
    AddressCannotBeRead,
    AddressIsPlaceholder,
    Cell,
    Part,
    ValueHoldsSeveralAddresses,
    is_placeholder_email,
    is_placeholder_number,
    is_placeholder_text,
)

ALSO_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Signs without a shape that Unicode does not count among its format characters; variation selectors are others."""
BREAKS = frozenset("\n\r\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029")
DASHES = {ord(sign): "-" for sign in "‐‑‒–—―−﹘﹣－⁃"}
CONNECTORS = "and|or|und|oder|bzw|et|ou|y|o|e|ed|en|of|och|og|eller|i|lub|oraz|a|nebo|и|или|και|ve|veya|then|also|&"
BETWEEN = r"[,;|\\、،؛・·•]"
SEPARATORS = re.compile(BETWEEN)
CONNECTED = re.compile(rf"\s(?:{CONNECTORS}|\+)\s|/", re.IGNORECASE)
BETWEEN_NUMBERS = re.compile(rf"{BETWEEN}|(?<=[\d)\s])(?:{CONNECTORS})(?=[\d(+\s])", re.IGNORECASE)
"""A slash, and a plus sign, may stand within a number."""
QUOTES = "'`´‘’‚‛“”„«»‹›*"

MAILBOX = re.compile(
    r'(?:"(?:[^"\\]|\\.)+"|[^\s,;|/\\<>()\[\]":@、،؛・·•]+)'
    r"@(?:\[[0-9a-f.:]+\]|[^\s,;|/\\<>()\[\]\":@?&'`´‘’“”„«»、،؛・·•*]+)",
    re.IGNORECASE,
)
MAILTO = re.compile(r"mailto:([^\s<>\"',;]*)", re.IGNORECASE)
NAMED = re.compile(r"[^\0<>]*<\s*\0\s*>")
"""A mailbox in angle brackets, with the name before it."""
NOT_AVAILABLE = re.compile(r"\bn\s?/\s?a\b", re.IGNORECASE)
COMMENT = re.compile(r"\([^()\0]*\)|\[[^\[\]\0]*\]")
LABEL = re.compile(r"[^\W\d][\w .'-]{0,30}:")
LABELS = frozenset(
    {
        "email", "e-mail", "mail", "private", "privat", "privé", "personal", "persönlich", "work", "business",
        "dienstlich", "geschäftlich", "office", "büro", "home", "main", "primary", "secondary", "alternative", "alt",
        "alt2", "new", "neu", "old", "current", "former", "preferred", "tel", "telephone", "telefon", "phone", "fon",
        "fone", "mobile", "mobil", "móvil", "cell", "cellphone", "handy", "fax", "whatsapp", "signal", "landline",
        "festnetz", "direct", "direkt",
    }
)  # fmt: skip
"""Words that say what kind of address stands beside them."""
LONGEST_TEXT = 2_000
"""Characters of a value that is read: a longer one is no list of addresses."""
KEEPS_ZEROS = frozenset((39, 225, 229, 242, 378, 379))
"""Countries whose numbers have their zeros from abroad too, as in Italy."""
LONGEST_NUMBER, SHORTEST_NUMBER = 17, 4
WHOLE_NUMBER = 7
"""Figures from which on what stands beside another number is a number of its own, and no part of it."""
EXTENSION = re.compile(
    r"(?<=[\d)])[\s,;.\-/]*(?:;ext=|extension|extn?|int(?:erno)?|anexo|ramal|durchwahl|nebenstelle|dw|poste|доб|вн|[x×#~])"
    r"[.:\s]*\d{1,7}(?!\d)|(?<=\d),{2,}\d{1,7}(?!\d)",
    re.IGNORECASE,
)
RUN = re.compile(r"[+(\s]*\d(?:[\d\s().\-/_']*\d)?")
SCHEME = re.compile(r"\b(?:tel|callto|sms|fax|sip|whatsapp):(?://)?", re.IGNORECASE)
FLOAT = re.compile(r"\s*(\d{5,15})\.0+\s*")
"""A number that a spreadsheet has taken for a figure."""


@dataclass(frozen=True, slots=True)
class ParsedAddresses:
    """The addresses in a text, each as (text, form). `readable`: nothing is left over that cannot be read."""

    addresses: Sequence[tuple[str, str]]
    readable: bool


@dataclass(frozen=True, slots=True)
class AddressReader:
    """Reads addresses, and names their streams. `region`: the country of phone numbers that name none, such as 'DE'."""

    key_file: KeyFile
    region: str | None = None

    def read(self, kind: str, text: str) -> Cell:
        """Return the value of a field of addresses, and what is in it."""
        parsed = self._parsed(kind, text)
        parts = tuple(self._part(kind, typed, form) for typed, form in parsed.addresses)
        former = self.former(kind, text) if parts or not parsed.readable else None
        return Cell(kind, text, parts, parsed.readable, former)

    def former(self, kind: str, text: str) -> Address:
        """Return the stream by which older versions know the text."""
        return Address(kind, self.key_file.address_stream(kind, text), former=True)

    def stream(self, kind: str, text: str) -> UUID:
        """Return the stream that says whether the first address in the text may come in. Errors: IndexError."""
        return self.read(kind, text).parts[0].addresses[0].stream

    def forms(self, kind: str, text: str) -> tuple[str, ...]:
        """Return the forms of the addresses in the text."""
        return tuple(form for _, form in self._parsed(kind, text).addresses)

    def only_form(self, kind: str, text: str, field: str) -> str:
        """Return the form of the one address in the text. Errors: as of `require_one`."""
        cell = self.read(kind, text)
        require_one(cell, field)
        return cell.parts[0].form

    def blinds(self, kind: str, text: str) -> tuple[str, ...]:
        """Return the blind index of each address in the text, by which it is found without being stored in clear."""
        return tuple(self.key_file.blind(kind, form) for form in self.forms(kind, text))

    def _parsed(self, kind: str, text: str) -> ParsedAddresses:
        if len(text) > LONGEST_TEXT:
            return ParsedAddresses((), readable=False)
        return emails_in(text) if kind == EMAIL else phones_in(text, self.region)

    def _part(self, kind: str, typed: str, form: str) -> Part:
        today = Address(kind, self.key_file.form_stream(kind, form))
        return Part(typed, form, tuple(dict.fromkeys((today, self.former(kind, typed), self.former(kind, form)))))


def require_one(cell: Cell, field: str, number: int = 1) -> None:
    """Raises ValueHoldsSeveralAddresses, AddressCannotBeRead or AddressIsPlaceholder."""
    if len(cell.parts) > 1:
        raise ValueHoldsSeveralAddresses(field=field, number=number, count=len(cell.parts))
    if not cell.readable:
        raise AddressCannotBeRead(field=field, number=number, kind=cell.kind)
    if not cell.parts:
        raise AddressIsPlaceholder(field=field, number=number)


def plain(text: str) -> str:
    """Return the text as it looks: without signs that have no shape, letters and figures in one form, a line break as
    ';'."""
    if text.isascii() and not BREAKS & set(text):
        return text
    seen = "".join(";" if sign in BREAKS else sign for sign in text if not is_invisible(sign))
    folded = unicodedata.normalize("NFKC", seen).translate(DASHES).replace("。", ".")
    return "".join(str(unicodedata.digit(sign, sign)) for sign in folded if not is_invisible(sign))


def is_invisible(sign: str) -> bool:
    return (
        sign in ALSO_INVISIBLE
        or unicodedata.category(sign) == "Cf"
        or "\ufe00" <= sign <= "\ufe0f"
        or "\U000e0100" <= sign <= "\U000e01ef"
    )


def only_once(addresses: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the first spelling of each form."""
    first: dict[str, str] = {}
    for text, form in addresses:
        first.setdefault(form, text)
    return [(text, form) for form, text in first.items()]


# --- e-mail


def emails_in(text: str) -> ParsedAddresses:
    """Return the e-mail addresses in the text."""
    seen = NOT_AVAILABLE.sub("na", re.sub(r"\s*@\s*", "@", unescaped(plain(text))))
    if "@" not in seen and is_placeholder_text(seen):
        return ParsedAddresses((), readable=True)
    forms: list[tuple[str, str]] = []
    readable = True
    for typed in MAILBOX.findall(seen):
        mailbox = typed.lstrip(QUOTES + "&").rstrip(".!")
        local, domain = mailbox.rsplit("@", 1)
        if not is_placeholder_email(local.strip('"'), domain):
            form = email_form(mailbox)
            readable = readable and form is not None
            if form is not None:
                forms.append((mailbox, form))
    return ParsedAddresses(only_once(forms), readable and is_only_decoration(MAILBOX.sub("\0", seen)))


def unescaped(text: str) -> str:
    """Return the text of a `mailto:` link, or of HTML, as it is shown."""
    if "&" in text:
        text = html.unescape(text)
    if "mailto:" in text.casefold():
        text = MAILTO.sub(lambda link: addressees(unquote(link[1])), text)
    return re.sub("%40", "@", text, flags=re.IGNORECASE) if "@" not in text else text


def addressees(link: str) -> str:
    """Return the addresses to which a `mailto:` link writes, without what it writes."""
    to, _, headers = link.partition("?")
    return ";".join([to, *(value for header in headers.split("&") if "@" in (value := header.partition("=")[2]))])


def email_form(mailbox: str) -> str | None:
    """Return the form: without capitals, the domain as the network calls it; None where it is no address by its syntax.

    What stands after a plus sign does count: it is another address, perhaps of another person.
    """
    try:
        read = validate_email(
            mailbox, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True,
            globally_deliverable=False, test_environment=True,
        )  # fmt: skip
    except EmailNotValidError:
        return None
    return f"{without_capitals(read.local_part)}@{(read.ascii_domain or read.domain).lower()}"


def without_capitals(text: str) -> str:
    """Return the text casefolded, but for the letter ß: 'straße' and 'strasse' are two mailboxes."""
    folded = "".join("ß" if sign in "ßẞ" else sign.casefold() for sign in text)
    return unicodedata.normalize("NFKC", folded)


def is_only_decoration(text: str) -> bool:
    """Return whether only names, comments, labels and separators are left of a text, where each mailbox is NUL.

    A text without a mailbox is none: it must be a placeholder throughout.
    """
    if "@" in text:
        return False
    several = text.count("\0") > 1
    if "\0" in text:
        text = LABEL.sub(" ", COMMENT.sub(" ", NAMED.sub(" ", text)).replace("\0", " "))
    pieces = [f" {piece} " for piece in SEPARATORS.split(text)]
    words = [word for piece in pieces for word in (CONNECTED.split(piece) if several else [piece])]
    return all(is_nothing(word) or (several and is_connector(word.strip())) for word in words)


def is_nothing(word: str) -> bool:
    """Return whether the word beside an address says nothing: signs, a placeholder, or what kind of address it is."""
    word = word.strip(' <>()[]-–.:/+"' + QUOTES)
    return is_placeholder_text(word) or word.casefold() in LABELS


def is_connector(text: str) -> bool:
    return re.fullmatch(CONNECTORS, text, re.IGNORECASE) is not None


# --- phone


def phones_in(text: str, region: str | None) -> ParsedAddresses:
    """Return the phone numbers in the text. An extension is dropped: the number before it is that of the same house."""
    if is_placeholder_text(text):
        return ParsedAddresses((), readable=True)
    seen = EXTENSION.sub(" ", SCHEME.sub(" ", FLOAT.sub(r"\1", plain(text).translate(DASHES))))
    numbers: list[tuple[str, str]] = []
    readable = True
    for piece in pieces_of(seen):
        runs = [run.strip() for run in RUN.findall(piece)]
        readable = readable and is_only_words(RUN.sub(" \0 ", piece))
        for run in runs:
            figures = only_figures(run)
            if "+" not in run and (is_placeholder_number(figures) or is_placeholder_number(figures.lstrip("0"))):
                continue
            if len(figures.lstrip("0")) < SHORTEST_NUMBER or len(figures) > LONGEST_NUMBER:
                readable = False
            elif (form := phone_form(run, region)) is not None:
                numbers.append((run, form))
    return ParsedAddresses(only_once(numbers), readable)


def pieces_of(text: str) -> Iterator[str]:
    """Yield the parts of the text, split at what no phone number contains."""
    for piece in BETWEEN_NUMBERS.split(text):
        for part in re.split(r"(?<=[\d)])[\s./\-]*(?=\(?\+)", piece):
            for side in sides_of_slash(part):
                yield from sides_of_blank(side)


def sides_of_slash(text: str) -> list[str]:
    """Return the text split at each slash that has a whole number on both sides: '030/1234567' is one number."""
    sides: list[str] = []
    for side in text.split("/"):
        if sides and is_whole(sides[-1]) and is_whole(side):
            sides.append(side)
        elif sides:
            sides[-1] = f"{sides[-1]}/{side}"
        else:
            sides.append(side)
    return sides


def sides_of_blank(text: str) -> list[str]:
    """Return the text split at a blank before a zero that has a whole number on both sides."""
    for blank in re.finditer(r"(?<=\d)\s+(?=\(?0)", text):
        before, after = text[: blank.start()], text[blank.end() :]
        if is_whole(before) and is_whole(after):
            return [before, *sides_of_blank(after)]
    return [text]


def is_whole(text: str) -> bool:
    """Return whether the figures are enough for a number; the code of a country alone is none."""
    figures = only_figures(text)
    more = 2 if figures.startswith("00") or "+" in text else 0
    return len(figures) >= WHOLE_NUMBER + more


def is_only_words(text: str) -> bool:
    """Return whether nothing stands beside the numbers (each NUL) but labels, comments and placeholders."""
    text = LABEL.sub(" ", COMMENT.sub(" ", text)) if "\0" in text else text
    words = text.replace("\0", ";").split(";")
    return all(is_nothing(word) or all(is_nothing(part) for part in word.split()) for word in words)


def only_figures(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def phone_form(text: str, region: str | None) -> str | None:
    """Return the figures of a number with its country, without the zero that is dialled at home alone.

    Of a number without a country: its figures, without zeros in front. None: a placeholder.
    """
    figures = only_figures(text)
    abroad = text.lstrip(" (").startswith("+") or figures.startswith("00")
    if abroad:
        text = "+" + re.sub(r"^[\s(+0]+", "", text)
    try:
        number = phonenumbers.parse(text, None if abroad else region)
    except phonenumbers.NumberParseException:
        return figures.lstrip("0") or None
    national = str(number.national_number)
    if is_placeholder_number(national):
        return None
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return f"{number.country_code}{zeros if number.country_code in KEEPS_ZEROS else ''}{national}"


# --- any text


LIKE_A_PHONE = re.compile(r"[+(]*\d[\d\s().\-/]{3,}\d")
IN_TEXT = re.compile(r"[\s,;|/\\<>()\[\]\"、،؛·•]+")
LONGEST_MAILBOX = 400


def mentioned(text: str, region: str | None) -> set[tuple[str, str]]:
    """Return the (kind, form) of whatever may be an address somewhere in a text, such as a line of a file."""
    seen = plain(text)
    words = (
        [word for word in IN_TEXT.split(seen) if "@" in word and len(word) <= LONGEST_MAILBOX] if "@" in seen else []
    )
    mailboxes = {email_form(word.rpartition(":")[2].strip(QUOTES).rstrip(".!")) for word in words}
    numbers = {phone_form(run, region) for run in LIKE_A_PHONE.findall(seen)}
    emails = {(EMAIL, form) for form in mailboxes if form is not None}
    return emails | {(PHONE, form) for form in numbers if form is not None}


def is_region(code: str) -> bool:
    """Return whether phone numbers of a country with this ISO 3166 code can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS
