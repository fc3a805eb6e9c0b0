"""All spellings of an address have one form, a value says how many addresses it holds, and placeholders are none."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.addresses import AddressReader
from adapters.postgres.keys.key_file import new_key_file
from domain.suppression import recognised

KEY_FILE = new_key_file()
READER, GERMAN, AMERICAN = (AddressReader(KEY_FILE, region) for region in (None, "DE", "US"))

MAIL, OTHER = "josé.díaz@bücher.example", "bo+jobs@other.example"
SPELLINGS = (
    MAIL,
    MAIL.upper(),
    unicodedata.normalize("NFD", MAIL),
    f" \u00a0{MAIL}\u3000",
    MAIL.replace("@", "\u200b@\ufeff"),
    "josé.\u00addíaz@bücher.example",
    MAIL.replace("@", "＠").replace("example", "ｅｘａｍｐｌｅ"),
    MAIL.replace(".example", "。example"),
    "josé.díaz@xn--bcher-kva.example",
    f"{MAIL}.",
    f"mailto:{MAIL}",
    "MAILTO:jos%C3%A9.d%C3%ADaz%40bücher.example?subject=hello",
    f"José Díaz <{MAIL}>",
    f"Díaz, José <{MAIL}>",
    f'"Díaz, José" <{MAIL}>',
    f"<{MAIL}>",
    f'"{MAIL}"',
    f"'{MAIL}'",
    f"„{MAIL}“",
    f"{MAIL} (private)",
    f"E-Mail: {MAIL}",
    f"{MAIL}, n/a",
    f"{MAIL};",
    f"{MAIL}, {MAIL.upper()}",
    MAIL.replace("@", " @ "),
    f"&lt;{MAIL}&gt;",
    f"[{MAIL}](mailto:{MAIL})",
)
JOINED = (
    ", ", ",", "; ", ";", " / ", "/", " | ", "|", " ", "\n", "\r\n", "\t", " and ", " und ", " or ", " & ", " • ", "、",
    "，", "；", "\u2028", " \\ ",
)  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_of_a_mailbox_has_one_form(text: str) -> None:
    cell = READER.read("email", text)
    assert cell.form == "josé.díaz@xn--bcher-kva.example"
    assert READER.read("email", MAIL).addresses[0] in cell.addresses


@pytest.mark.parametrize("between", JOINED)
def test_each_address_of_a_value_is_found(between: str) -> None:
    assert READER.forms("email", f"{MAIL}{between}{OTHER}") == (*READER.forms("email", MAIL), OTHER)
    assert READER.read("email", f"{MAIL}{between}{OTHER}").readable
    numbers = f"+49 (0)30 1234567{between}+49 171 7654321"
    assert READER.forms("phone", numbers) == ("49301234567", "491717654321")
    assert READER.read("phone", numbers).readable


@pytest.mark.parametrize(
    ("mailbox", "other"),
    [
        ("straße@x.example", "strasse@x.example"),
        ("ana+jobs@x.example", "ana@x.example"),
        ("ana@x.example", "ana@x.test"),
        ("jose@x.example", "josé@x.example"),
        ("a.na@x.example", "ana@x.example"),
    ],
)
def test_other_mailboxes_have_another_form(mailbox: str, other: str) -> None:
    assert READER.forms("email", mailbox) != READER.forms("email", other)
    assert READER.read("email", mailbox).parts[0].addresses[0] != READER.read("email", other).parts[0].addresses[0]


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 1234567", "0049 (30) 123-4567", "+49 (0)30 1234567", "+49-(0) 30/1234567", "tel:+49-30-1234567",
        "tel:+49-30-1234567;ext=12", "+49 30 1234567 ext. 12", "+49 30 1234567 x12", "+49 30 1234567, Ext 12",
        "+49 30 1234567 #12", "\u202a+49 30 1234567\u202c", "٠٠٤٩ ٣٠ ١٢٣٤٥٦٧", "+４９　30　1234567", "+49–30–1234567",
        "+49.30.1234567", "(+49) 30 1234567", "Tel.: +49 30 1234567", "mobile +49 30 1234567",
        "+49 30 1234567 (home)", "49301234567.0", "+49 30 1234567, n/a", "+49\u200b301234567",
    ],
)  # fmt: skip
def test_every_spelling_of_a_number_has_one_form(text: str) -> None:
    for reader in (READER, GERMAN):
        assert reader.read("phone", text).form == "49301234567"


def test_a_number_without_a_country_is_of_the_region_of_the_log_or_stays_national() -> None:
    assert READER.forms("phone", "030 1234567") == ("301234567",)
    assert GERMAN.forms("phone", "030 1234567") == ("49301234567",)
    assert AMERICAN.forms("phone", "(415) 555-0132") == AMERICAN.forms("phone", "+1 415 555 0132")
    assert AMERICAN.forms("phone", "011 49 30 1234567") == AMERICAN.forms("phone", "0049 30 1234567")
    assert READER.forms("phone", "+39 06 1234567") == READER.forms("phone", "0039 (06) 1234567") == ("39061234567",)


@pytest.mark.parametrize("text", ["030/1234567", "06 12 34 05 06", "04131/123456", "+49171/1234567", "030 / 1234567"])
def test_signs_within_a_number_part_nothing(text: str) -> None:
    assert len(READER.read("phone", text).parts) == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "ana"), ("email", "ana@"), ("email", "@x.example"), ("email", "a@x@y"),
        ("email", "ana doe@x.example"),
        ("email", "ana@x.example, bo(at)y.example"), ("email", "ana@x.example, bo"), ("email", "ana at x.example"),
        ("email", "ana@-x.example"), ("email", "ana@x.example garbage@"), ("email", "a" * 3000 + "@x.example"),
        ("phone", "call me"), ("phone", "12"), ("phone", "1-800-FLOWERS"), ("phone", "ana@x.example"),
        ("phone", "+49 30 1234567 ask for Bo"), ("phone", "1" * 5 + "2345678901234"), ("email", "+49 30 1234567"),
    ],
)  # fmt: skip
def test_what_is_left_over_makes_a_value_unreadable(kind: str, text: str) -> None:
    assert not READER.read(kind, text).readable


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "n/a", "N.A.", "-", "--", "—", "none", "(none)", "NULL", "#N/A", "unknown", "keine Angabe", "k.A.",
        "不明",         "нет", "not provided", "no e-mail", "n/a; none", "\u200b", "?", "ｎｏｎｅ",
    ],
)  # fmt: skip
def test_placeholders_are_no_addresses(text: str) -> None:
    for kind in ("email", "phone"):
        cell = READER.read(kind, text)
        assert (cell.parts, cell.readable, cell.addresses) == ((), True, ())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "noemail@noemail.com"), ("email", "none@none.com"), ("email", "TEST@test.com"),
        ("email", "na@na.org"), ("email", "no@email.com"),
        ("email", "noreply@agency.example"), ("email", "no-email@agency.example"),
        ("email", "bo@no-email.invalid"), ("email", "12345@noemail.com"), ("email", "test@test.co.uk"),
        ("email", "n/a@n/a.com"), ("email", "test@example.com"), ("email", "Nowhere <nobody@nowhere.com>"),
        ("phone", "000000"), ("phone", "0"), ("phone", "(000) 000-0000"), ("phone", "+1 000 000 0000"),
        ("phone", "1234567890"), ("phone", "+49 1234567890"), ("phone", "99999999"), ("phone", "555-555-5555"),
        ("phone", "0123456789"), ("phone", "987654321"), ("phone", "00000 / 11111"),
    ],
)  # fmt: skip
def test_addresses_that_belong_to_no_person_are_placeholders(kind: str, text: str) -> None:
    for reader in (READER, GERMAN):
        cell = reader.read(kind, text)
        assert (cell.parts, cell.readable, cell.addresses) == ((), True, ())


@pytest.mark.parametrize(
    "text",
    ["ana@test.example", "a@x.example", "bo@example.org", "info@firm.example", "tess@email.com", "nadia@na.example",
     "1@example.org", "none.smith@gmail.com", "user@example.org"],
)  # fmt: skip
def test_addresses_of_people_are_no_placeholders(text: str) -> None:
    assert READER.read("email", text).form == text


LETTERS = st.text(string.ascii_letters + "äéßñØłи한", min_size=1, max_size=8)
DECORATION = st.sampled_from(("{}", " {} ", "<{}>", "N <{}>", "mailto:{}", "{}, x@other.example", "'{}'", "{}."))
MAILS = st.builds(lambda local, host, way: way.format(f"q{local}@h{host}.example"), LETTERS, LETTERS, DECORATION)
PHONES = st.text("0123456789 +()-./x,", min_size=1, max_size=24)


@given(st.one_of(st.tuples(st.just("email"), MAILS | st.text(max_size=40)), st.tuples(st.just("phone"), PHONES)))
def test_what_an_older_version_stops_is_stopped(given_: tuple[str, str]) -> None:
    """The stream that an older version asks is asked still, unless the value is refused, or is a placeholder."""
    kind, text = given_
    cell = READER.read(kind, text)
    if cell.parts:
        assert KEY_FILE.address_stream(kind, text) in {address.stream for address in cell.addresses}
    for part in cell.parts:
        assert KEY_FILE.address_stream(kind, part.form) in {address.stream for address in cell.addresses}
        assert kind == "phone" or READER.forms(kind, part.form) == (part.form,)


@given(MAILS, st.sampled_from((str.upper, str.lower, str.title)), st.sampled_from(("NFC", "NFD", "NFKC", "NFKD")))
def test_spellings_that_were_one_address_are_one(text: str, way: object, form: str) -> None:
    assert callable(way)
    other = unicodedata.normalize(form, way(text))  # type: ignore[arg-type]  # one of four
    if "ß" not in text.casefold() and "ss" not in text.casefold() and "ß" not in text:
        assert recognised("email", text) == recognised("email", other)
        assert READER.forms("email", text) == READER.forms("email", other)
