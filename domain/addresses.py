"""E-mail addresses and phone numbers: one form of all spellings of an address, and the texts that are no address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.errors import Invalid

EMAIL, PHONE = "email", "phone"
KINDS = (EMAIL, PHONE)
"""The kinds of addresses, which are also the codes of the profile facts that hold them."""


class Address(NamedTuple):
    """An address as decisions know it: its kind, and the stream that says whether it may come in.

    `former`: the stream is named by the form of an older version. It still stops an arrival and can be released, and is
    never suppressed anew.
    """

    kind: str
    stream: UUID
    former: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One address in a value: as it is typed, its form, and its streams, that of today's form first."""

    text: str
    form: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of an address field, and the addresses in it, each once.

    A placeholder has no parts. `readable`: nothing is left over that is neither an address nor a placeholder.
    `former`: the stream that an older version named by the whole value.
    """

    kind: str
    text: str
    parts: tuple[Part, ...] = ()
    readable: bool = True
    former: Address | None = None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Every stream in which an answer about this value may stand, each once."""
        streams = [address for part in self.parts for address in part.addresses]
        if self.former is not None and self.former.stream not in {stream.stream for stream in streams}:
            streams.append(self.former)
        return tuple(dict.fromkeys(streams))

    @property
    def form(self) -> str | None:
        """The form, where the value is one address."""
        return self.parts[0].form if self.readable and len(self.parts) == 1 else None


class AddressKindIsUnknown(Invalid):
    """Unknown kind of address

    '{kind}' is not a kind of address.

    Use one of: {known}.
    """

    where = "kind"


class AddressCannotBeRead(Invalid):
    """Unreadable address

    Value {number} of '{field}' cannot be read as {kind} addresses or numbers.

    Write one plain address, such as ana@example.org or +49 30 1234567, and nothing else.
    """


class ValueHoldsSeveralAddresses(Invalid):
    """Several addresses in one value

    Value {number} of '{field}' contains {count} addresses.

    Send each address as a separate value.
    """


class AddressIsPlaceholder(Invalid):
    """Placeholder instead of an address

    Value {number} of '{field}' is a placeholder or blank, not the address of a person.

    Leave the value out. docs/privacy.md lists the placeholders.
    """


# --- placeholders: what people type where they have no address. Compared without signs, blanks and capitals.

_PHRASES = """
n/a; na; n.a.; nil; nul; null; none; no; not; nothing; nan; #n/a; #ref!; #value!; #name?; undefined; unknown; unk
ukn; empty; blank; missing; absent; deleted; removed; void; tbd; tba; tbc; tbs; pending; todo; to follow; to come
later; xxx; x; xx; xxxx; xxxxx; y; z; abc; asdf; qwerty; qwertz; test; testing; tester; dummy; fake; sample; example
foo; bar; foobar; not available; not applicable; not provided; not given; not stated; not specified; not known
not disclosed; not set; ?; not shared; not found; not yet; no data; no info; no information; no value; no entry
no answer; no record; no contact; -; none given; none provided; none available; none known; none stated; not on file
on request; upon request; see cv; same; see resume; see above; as above; see notes; ask; confidential; private
withheld; redacted; hidden; anonymous; declined; refused; prefers not to say; do not contact; do not call
do not email; dnc; invalid; wrong; bounced; dead; disconnected; email; e-mail; mail; no email; no e-mail; no mail
no email address; no address; has no email; without email; email missing; missing email; unknown email
email unknown; invalid email; email address; phone; telephone; mobile; cell; tel; no phone; no mobile; no tel
no telephone; no number; no phone number; phone number; has no phone; unknown phone; phone unknown; number; noreply
no reply; false; true; keine; kein; keiner; nicht vorhanden; nicht bekannt; nicht angegeben; k.a.; keine angabe
keine angaben; keine e-mail; keine mail; kein telefon; unbekannt; ohne; ohne angabe; leer; folgt; fehlt; entf
entfällt; liegt nicht vor; nicht verfügbar; siehe lebenslauf; aucun; aucune; inconnu; inconnue; non renseigné; nc
n.c.; non communiqué; pas de mail; pas d'email; pas de téléphone; sans; sans objet; néant; vide; ninguno; ninguna
nada; no tiene; sin correo; sin email; sin datos; sin teléfono; desconocido; desconocida; s/d; s/n; vacío
no disponible; no aplica; nessuno; nessuna; sconosciuto; non disponibile; non fornito; n.d.; n.p.; n.v.t.; nvt; geen
geen email; onbekend; niet bekend; leeg; nenhum; nenhuma; não tem; não informado; desconhecido; sem email
sem telefone; brak; nie dotyczy; nieznany; nd; b.d.; žádný; není; neznámý; neuvedeno; saknas; okänd; ingen; inget
ukjent; ukendt; ei ole; puuttuu; ei tietoa; yok; bilinmiyor; nincs; ismeretlen; нет; нет данных; неизвестно
отсутствует; не указан; не указано; немає; невідомо; δεν υπάρχει; άγνωστο; なし; 無し; 不明; 未定; 无; 無; 没有
未知; 暂无; 없음; 모름; 미정; لا يوجد; غير معروف; אין; לא ידוע; ไม่มี; không có; tidak ada; tiada
"""

_LOCALS = """
none; na; null; nil; nomail; noemail; noaddress; unknown; test; testing; email; mail; example; sample; user; name
dummy; fake; invalid; nobody; noone; nothing; someone; somebody; anyone; anonymous; missing; blank; empty; undefined
nada; notgiven; notprovided; notavailable; notapplicable; noname; no; not; tbd; tba; xxx; xxxx; xxxxx; abc; abcd
asdf; qwerty; aaa; aaaa; foo; bar; foobar; candidate; applicant; firstname; lastname; firstnamelastname; yourname
youremail; myemail; placeholder; temp; donotuse; fakeemail; testemail; invalidemail; unknownemail; keine; keineemail
unbekannt; aucun; ninguno; nessuno; geen
"""

_DOMAINS = """
none; na; null; nil; nomail; noemail; noaddress; unknown; test; testing; email; sample; domain; dummy; fake; invalid
nobody; noone; nowhere; somewhere; anywhere; nothing; anonymous; missing; blank; empty; undefined; nada; notgiven
notprovided; notavailable; available; notapplicable; noname; no; not; tbd; tba; xxx; xxxx; xxxxx; abc; abcd; asdf
qwerty; aaa; aaaa; foo; bar; foobar; placeholder; temp; company; yourcompany; yourdomain; mydomain; somedomain
keine; unbekannt; aucun; ninguno; nessuno; geen; user; name; fakeemail; testemail; provided; applicable; given
"""

_SAYS_NONE = """
noemail; nomail; noreply; donotreply; donotmail; donotemail; donotcontact; noaddress; noemailaddress
noemailprovided; nonegiven; noemailavailable; noemailgiven; noemailonfile; noemailyet; emailnotprovided
emailnotavailable; emailunknown; notprovided; notavailable; unknownemail; hasnoemail; withoutemail; missingemail
keineemail; keinemail; noreplyemail
"""

_EXACT = """
a@a; aa@aa; x@x; xx@xx; z@z; q@q; 0@0; 00@00; 000@000; 1@1; 11@11; 111@111; 123@123; 1234@1234; 12345@12345
info@info; mail@mail; me@me; you@you; admin@admin; none@example; na@example; null@example; unknown@example
nobody@example; noone@example; test@example; email@example; example@example; dummy@example; fake@example
invalid@example; missing@example
"""

_COUNTING = ("12345678901234567890", "01234567890123456789", "98765432109876543210", "09876543210987654321")


def bare(text: str) -> str:
    """Return the letters and figures of a text, without capitals; placeholders are compared by them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum() or unicodedata.category(sign)[0] == "M")


def listed(text: str) -> Iterator[str]:
    """Return the entries of one of the lists above."""
    return (bare(part) for line in text.splitlines() for part in line.split(";"))


PLACEHOLDER_TEXTS = frozenset(listed(_PHRASES)) | {"", "nanacom"}
"""Texts that say that there is no address; a text of signs alone, such as '-', says it too."""
PLACEHOLDER_LOCALS = frozenset(listed(_LOCALS))
PLACEHOLDER_DOMAINS = frozenset(listed(_DOMAINS))
"""A mailbox of the first list at a domain of the second is a placeholder, such as none@none.com."""
SHARED_DOMAINS = frozenset(("co", "com", "org", "net", "ac", "edu"))
"""Second-level domains under which names are registered, as in example.co.uk."""
MAILBOXES_OF_NONE = frozenset(listed(_SAYS_NONE))
"""A mailbox of this list, at whatever domain, and every mailbox at such a domain."""
PLACEHOLDER_EMAILS = frozenset(
    placeholder.strip() for line in _EXACT.splitlines() for placeholder in line.split(";") if placeholder.strip()
)
"""Mailboxes at domains, without the top-level domain."""
PLACEHOLDER_NUMBERS = frozenset(
    [figure * length for figure in "0123456789" for length in range(1, 18)]
    + [row[:length] for row in _COUNTING for length in range(4, 16)]
)
"""One figure over and over, and figures counted up or down."""


def is_placeholder_text(text: str) -> bool:
    """Return whether the text says that there is no address. Figures say it only in a phone number."""
    return bare(text) in PLACEHOLDER_TEXTS


def is_placeholder_email(local: str, domain: str) -> bool:
    """Return whether the mailbox at the domain is a placeholder. Of top-level domains only '.invalid' counts."""
    labels = domain.casefold().split(".")
    named = labels[:-1] or labels
    named = named[:-1] if len(named) > 1 and named[-1] in SHARED_DOMAINS else named
    mailbox, owner = bare(local.partition("+")[0]), bare(named[-1])
    if labels[-1] == "invalid" or not MAILBOXES_OF_NONE.isdisjoint((mailbox, owner)):
        return True
    if len(named) > 1:
        return False
    return f"{mailbox}@{owner}" in PLACEHOLDER_EMAILS or (
        mailbox in PLACEHOLDER_LOCALS and owner in PLACEHOLDER_DOMAINS
    )


def is_placeholder_number(digits: str) -> bool:
    """Return whether the figures, without a country code, are those of a placeholder."""
    return digits in PLACEHOLDER_NUMBERS
