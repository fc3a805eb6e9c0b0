"""Names in the scripts of the world are found as their bearers type them, and are not taken for one another."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from adapters.lab.bench.searching import AS_OF, NOW, fill
from adapters.postgres.migrate import migrate
from adapters.postgres.projector.fold import fold
from domain.normal_form import RUN, joined, key_of, parts_of, words_of
from projections.directory import DIRECTORY, LONGEST_KEY
from queries import directory
from queries.directory import Sought, search
from queries.duplicates import duplicates
from tests.projections.histories import History, record
from tests.projections.test_directory import Personal

ZONE = "UTC"
ENTERED = datetime(2026, 1, 5, tzinfo=UTC)
STRANGERS = 3000
LATER = 10_000
"""A position of the log, and a number of a person, that is free in each test."""


@dataclass(frozen=True)
class Name:
    """A name, what its bearer types for it, and what finds others or no one."""

    script: str
    name: str
    found_by: tuple[str, ...]
    not_by: tuple[str, ...] = ()


NAMES = (
    Name("Latin, Irish", "Seán O’Connor",
         ("SEAN OCONNOR", "sean o'connor", "oconnor", "o connor", "O`Connor", "OʼConnor", "O´Connor", "O＇CONNOR"),
         ("o'dowd", "odowd")),
    Name("Latin, one word", "Paddy Ohanlon", ("o'hanlon", "O Hanlon", "OHANLON", "O’Hanlon")),
    Name("Latin, two words", "Mary O Dowd", ("odowd", "O'Dowd", "mary ODOWD")),
    Name("Latin, French", "Anne-Marie d’Étretat",
         ("AnneMarie", "anne marie", "ANNE‑MARIE", "Anne–Marie", "detretat", "d'etretat", "D ETRETAT"),
         ("anne-laure",)),
    Name("Latin, Dutch", "Annemarie van der Berg",
         ("vanderberg", "VAN DER BERG", "Anne-Marie", "anne marie vanderberg")),
    Name("Latin, Spanish", "María José Delacruz", ("mariajose", "Maria-José", "de la Cruz", "dela cruz")),
    Name("Latin, Polish", "Łucja Żółć-Wiśniewska",
         ("lucja zolc wisniewska", "ŁUCJA ŻÓŁĆ‐WIŚNIEWSKA", "zolcwisniewska")),
    Name("Latin, Turkish", "Işıl İnönü", ("isil inonu", "ISIL INONU", "ışıl inönü", "IŞIL İNÖNÜ")),
    Name("Latin, German", "Jörg Weiß-Groß", ("JÖRG WEISS-GROSS", "jorg weissgross", "JÖRG WEIẞ GROẞ")),
    Name("Latin, Vietnamese", "Nguyễn Thị Đào", ("nguyen thi dao", "NGUYỄN THỊ ĐÀO")),
    Name("Latin, Icelandic", "Þórður Æsisson", ("thordur aesisson", "ÞÓRÐUR")),
    Name("Latin, Hawaiian", "Kaʻiulani Kealoha", ("kaiulani", "Ka'iulani", "Ka‘iulani KEALOHA")),
    Name("Latin, Catalan", "Marcel·lí Gual", ("marcelli", "MARCEL·LÍ", "marcel.li", "marcel lí")),
    Name("Latin, full width", "Ｓａｋｕｒａ Ｏｎｏ", ("sakura ono", "ＳＡＫＵＲＡ")),
    Name("Cyrillic, Russian", "Фёдор Королёв", ("ФЕДОР КОРОЛЕВ", "федор королёв"), ("Павлов", "фдр")),
    Name("Cyrillic, Ukrainian", "Мар’яна Ґалаґан", ("мар'яна", "марʼяна ґалаґан", "МАРЯНА ГАЛАГАН", "мар яна")),
    Name("Cyrillic, Kazakh", "Қайрат Әбдіров", ("кайрат", "ҚАЙРАТ ӘБДІРОВ")),
    Name("Greek", "Ιωάννης Παπαδόπουλος", ("ΙΩΑΝΝΗΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "ιωαννησ παπαδοπουλοσ", "ΙΩΆΝΝΗΣ"), ("Γιώργος",)),
    Name("Armenian", "Սևակ Տեր-Պետրոսյան", ("ՍԵՎԱԿ ՏԵՐ ՊԵՏՐՈՍՅԱՆ", "ՍԵՒԱԿ", "տեր֊պետրոսյան", "տերպետրոսյան")),
    Name("Georgian", "ნინო ქავთარაძე", ("ᲜᲘᲜᲝ ᲥᲐᲕᲗᲐᲠᲐᲫᲔ", "ნინო"), ("თამარ",)),
    Name("Hebrew", "דָּוִד בֶּן־גּוּרְיוֹן", ("דוד בן גוריון", "בן-גוריון", "דוד בנגוריון"), ("משה",)),
    Name("Hebrew, geresh", "ג׳ורג׳ לוי", ("ג'ורג' לוי", "ג’ורג’", "גורג לוי")),
    Name("Arabic", "أحمد عبد الرحمن", ("احمد عبدالرحمن", "أَحْمَد عَبْدُ الرَّحْمٰن", "أحـمـد"), ("محمود",)),
    Name("Arabic, feminine", "فاطمة الزهراء ليلى", ("فاطمه الزهراء", "فَاطِمَة", "ليلي", "ﻓﺎﻃﻤﺔ")),
    Name("Persian", "علی‌رضا کریمی", ("علیرضا كريمي", "علی رضا کریمی", "على رضا"), ("پروین",)),
    Name("Urdu", "ہمایوں خاں", ("همايون خان", "ہمایوں"), ("بابر",)),
    Name("Syriac", "ܐܰܦܪܶܝܡ", ("ܐܦܪܝܡ",), ("ܝܘܚܢܢ",)),
    Name("Thaana", "މުޙައްމަދު ނަޝީދު", ("މުޙައްމަދު",), ("އަލީ",)),
    Name("Devanagari", "ज़ाकिर हुसैन", ("जाकिर हुसैन", "ज़ाकिर", "ज़ाकिर"), ("हसन",)),
    Name("Devanagari, i", "किरण जोशी", ("किरण",), ("करण",)),
    Name("Devanagari, a", "करण जोशी", ("करण",), ("किरण",)),
    Name("Bengali", "সত্যজিৎ রায়", ("সত্যজিৎ রায়", "সত্যজিৎ রায়"), ("ঠাকুর",)),
    Name("Gurmukhi", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", ("ਗੁਰਪ੍ਰੀਤ",), ("ਜਸਲੀਨ",)),
    Name("Gujarati", "જિજ્ઞેશ પટેલ", ("પટેલ જિજ્ઞેશ",), ("મહેતા",)),
    Name("Tamil", "கோபாலகிருஷ்ணன்", ("கோபாலகிருஷ்ணன்",), ("முருகன்",)),
    Name("Telugu", "వెంకటేశ్వర రావు", ("వెంకటేశ్వరరావు",), ("రెడ్డి",)),
    Name("Kannada", "ಕೃಷ್ಣ ಮೂರ್ತಿ", ("ಕೃಷ್ಣಮೂರ್ತಿ",), ("ಗೌಡ",)),
    Name("Malayalam", "അനിൽ കുമാർ", ("അനില്‍ കുമാര്‍", "അനിൽകുമാർ"), ("സുരേഷ്",)),
    Name("Sinhala", "ශ්‍රීමාල් පෙරේරා", ("ශ්රීමාල්", "ශ්‍රීමාල් පෙරේරා"), ("සිල්වා",)),
    Name("Thai", "สมชาย ใจดี", ("สมชายใจดี", "ใจดี"), ("มานี",)),
    Name("Lao", "ສົມໄຊ ໄຊຍະວົງ", ("ສົມໄຊໄຊຍະວົງ",), ("ບຸນມີ",)),
    Name("Khmer", "សុខ ចន្ទា", ("សុខ\u200bចន្ទា", "សុខចន្ទា"), ("ដារ៉ា",)),
    Name("Burmese", "အောင်ဆန်းစုကြည်", ("အောင် ဆန်း စု ကြည်", "အောင်ဆန်း စုကြည်"), ("နေဝင်း",)),
    Name("Tibetan", "བསྟན་འཛིན་རྒྱ་མཚོ", ("བསྟན་འཛིན་", "བསྟན་འཛིན་རྒྱ་མཚོ།", "བསྟན འཛིན"), ("ཚེ་རིང་",)),
    Name("Han, simplified", "王小明",
         ("王", "明", "小明", "王小明", "王 小明", "小明 王"), ("李", "明小", "王大明", "小王明")),
    Name("Han, with a blank", "张 伟", ("张", "伟", "张伟", "张\u3000伟"), ("伟张",)),
    Name("Han, traditional", "歐陽菲菲", ("歐", "歐陽", "菲菲", "歐陽 菲菲"), ("欧阳", "陽歐")),
    Name("Han, compatibility", "朗\u3000神", ("朗", "朗神", "神")),
    Name("Bopomofo", "ㄨㄤˊ ㄇㄧㄥ", ("ㄨㄤ", "ㄇㄧㄥ"), ("ㄌㄧ",)),
    Name("Japanese", "佐々木 さくら",
         ("佐", "佐々木", "さくら", "サクラ", "ｻｸﾗ", "佐々木さくら", "木 さく"), ("木佐", "さら")),
    Name("Katakana", "マリア・シルバ",
         ("マリアシルバ", "マリア シルバ", "ﾏﾘｱ･ｼﾙﾊﾞ", "まりあ", "シル"), ("ハマ", "マア")),
    Name("Hiragana", "かとう けん", ("か", "かとう", "カトウ", "かとうけん"), ("が", "がとう")),
    Name("Hiragana, voiced", "がとう げん", ("が", "がとう", "ｶﾞﾄｳ"), ("か", "かとう")),
    Name("Hangul", "김민준", ("김", "민", "민준", "김 민준", "김\u3000민준"), ("박", "준민")),
    Name("Hangul, with a blank", "남궁 민수", ("남궁", "민수", "남궁민수", "궁민"), ("궁남",)),
    Name("Yi", "ꆈꌠ", ("ꆈ", "ꆈꌠ"), ("ꌠꆈ",)),
    Name("Ethiopic", "አበበ ቢቂላ", ("አበበ፡ቢቂላ", "አበበቢቂላ"), ("ኃይሌ",)),
    Name("Cherokee", "ᏎᏉᏯ ᏣᎳᎩ", ("ꮞꮙꮿ ꮳꮃꭹ", "Ꮞꮙꮿ"), ("ᎠᏂ",)),
    Name("Mongolian", "ᠪᠠᠲᠤ ᠬᠠᠨ", ("ᠪᠠᠲᠤ\u202fᠬᠠᠨ", "ᠪᠠ\u180bᠲᠤ"), ("ᠲᠡᠮᠦᠷ",)),
    Name("N'Ko", "ߛߏߟߏߡߊߣߊ߫ ߞߊ߲ߕߍ", ("ߛߏߟߏߡߊߣߊ", "ߛߏߟߏ߬ߡߊ߬ߣߊ߫"), ("ߡߎߛߊ",)),
    Name("Adlam", "𞤃𞤢𞤥𞤢𞤣𞤵 𞤄𞤢𞤤𞤣𞤫", ("𞤥𞤢𞤥𞤢𞤣𞤵", "𞤃𞤀𞤃𞤀𞤁𞤓 𞤄𞤀𞤂𞤁𞤉"), ("𞤀𞤥𞤭𞤲𞤢",)),
    Name("Tifinagh", "ⵎⴰⵙⵉⵏ ⵉⵙⵙⴰ", ("ⵎⴰⵙⵉⵏⵉⵙⵙⴰ",), ("ⴷⵉⵀⵢⴰ",)),
    Name("Osage", "𐒻𐓶 𐓆𐓘", ("𐓣𐓶 𐓮𐓘", "𐒻𐓎 𐓆𐒰"), ("𐓐𐓘",)),
    Name("Canadian syllabics", "ᐃᓄᒃ ᑐᓐᓂᖅ", ("ᐃᓄᒃ",), ("ᓄᓇ",)),
)  # fmt: skip
STANDS = pytest.mark.parametrize("person_name", NAMES, ids=lambda name: name.script)


@pytest.fixture(scope="module")
def connection(server: str) -> Iterator[psycopg.Connection[Any]]:
    """The people of the table among many strangers, folded as the projector folds them."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("drop database if exists named")
        admin.execute("create database named")
    with psycopg.connect(psycopg.conninfo.make_conninfo(server, dbname="named"), row_factory=tuple_row) as connection:
        migrate(connection)
        fill(connection, STRANGERS)
        enter(connection, *(person_name.name for person_name in NAMES))
        connection.commit()
        connection.execute("analyze")
        yield connection


def enter(connection: psycopg.Connection[Any], *names: str, first: int = 1, **facts: str) -> dict[UUID, str]:
    """Record people with these names from a position on, and the same facts about each."""
    personal = Personal(History(first))
    people = {UUID(personal.enter(first + number, ENTERED, [name])): name for number, name in enumerate(names)}
    for person in people:
        for fact, value in facts.items():
            personal.tell(str(person), fact.replace("_", "-"), "self", value, ENTERED, retracted=False)
    record(connection, personal.history.log)
    fold(connection, {DIRECTORY.schema: DIRECTORY}, first - 1, personal.history.position - 1, ZONE, personal.opening)
    return people


def names_found(connection: psycopg.Connection[Any], words: str) -> set[str | None]:
    people = search(connection, Sought(words=words), AS_OF, NOW, limit=200).people
    return {person.name for person in people}


def test_the_table_is_of_many_scripts() -> None:
    scripts = {person_name.script.split(",")[0] for person_name in NAMES}
    assert len(scripts) >= 35


@STANDS
def test_a_name_is_found_as_its_bearer_types_it(connection: psycopg.Connection[Any], person_name: Name) -> None:
    missed = [
        typed
        for typed in (person_name.name, *person_name.found_by)
        if person_name.name not in names_found(connection, typed)
    ]
    assert missed == []


@STANDS
def test_another_name_does_not_find_it(connection: psycopg.Connection[Any], person_name: Name) -> None:
    assert [typed for typed in person_name.not_by if person_name.name in names_found(connection, typed)] == []


@STANDS
def test_neither_composition_nor_blanks_nor_case_matter(connection: psycopg.Connection[Any], person_name: Name) -> None:
    typed = [unicodedata.normalize(form, person_name.name) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    typed += [
        changed
        for changed in (person_name.name.upper(), person_name.name.lower())
        if changed.lower() == person_name.name.lower()
    ]
    typed += [
        f"{blank}{person_name.name.replace(' ', blank * 2)}{blank}" for blank in "\u00a0\u2007\u2009\u202f\u205f\u3000"
    ]
    assert [text for text in typed if person_name.name not in names_found(connection, text)] == []


@pytest.mark.parametrize(
    ("fact", "sought", "value"),
    [
        ("current_employer", lambda value: Sought(employer=value), "O’Reilly Média-Group"),
        ("location", lambda value: Sought(location=value), "L’Isle-sur-la-Sorgue"),
        ("skill", lambda value: Sought(skill=value), "Front-End d’État"),
    ],
)
def test_a_filter_takes_any_way_to_part_a_value(
    connection: psycopg.Connection[Any], fact: str, sought: Callable[[str], Sought], value: str
) -> None:
    enter(connection, "Nora", first=LATER, **{fact: value})
    typed = [value, value.upper(), value.replace("-", ""), value.replace("-", "\u2010"), value.replace("’", "")]
    typed += [value.replace("’", " ").replace("-", " "), value.replace(" ", "\u00a0"), value.replace("’", "'")]
    answers = [search(connection, sought(text), AS_OF, NOW) for text in typed]
    connection.rollback()
    assert [[person.name for person in answer.people] for answer in answers] == [["Nora"]] * len(typed)
    assert len({answer.readings[0].taken_as for answer in answers}) == 1, "none was taken for a typo"


def test_people_whose_names_are_parted_otherwise_may_be_one(connection: psycopg.Connection[Any]) -> None:
    names = ("Seán O'Connor", "Sean OConnor", "SEAN O CONNOR", "Shane Connor")
    people = enter(connection, *names, first=LATER, current_employer="Acme")
    page = duplicates(connection, AS_OF, limit=200)
    connection.rollback()
    pairs = {frozenset((pair.first.candidate, pair.second.candidate)): pair.evidence for pair in page.pairs}
    alike = [person for person, name in people.items() if name != "Shane Connor"]
    assert pairs == {
        frozenset((first, other)): ("same-name-and-employer",) for first in alike for other in alike if first != other
    }


@pytest.mark.parametrize("words", ["王", "小明", "김", "か", "さく", "jo", "x", "o", "o'connor", "ᏣᎳ"])
@pytest.mark.parametrize("visits", [0, STRANGERS], ids=["by words", "by walking"])
def test_a_short_word_is_looked_for_in_an_index(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, words: str, visits: int
) -> None:
    """Every step of every search says so; the index of the people's terms is asked where few of them match."""
    plans: list[str] = []
    answers = directory.ask

    def explained(
        connection: psycopg.Connection[Any], question: str, values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        plans.append("\n".join(row["QUERY PLAN"] for row in answers(connection, f"explain {question}", values)))
        return answers(connection, question, values)

    monkeypatch.setattr(directory, "ask", explained)
    monkeypatch.setattr(directory, "worth_visiting", lambda *_: visits)
    search(connection, Sought(words=words), AS_OF, NOW)
    assert plans
    assert not [plan for plan in plans if "Seq Scan" in plan]
    if visits == 0 and names_found(connection, words):
        assert "Index Scan on person_terms_idx" in plans[-1]


ALPHABETS = st.sampled_from(
    ["aéßıİłøƙǅ", "ЖжЁёйҐґ", "ΣσςΆάϊ", "ԱաԵւև", "აᲐ", "אבךםּ", "اأآىیكکةهَـ", "अआज़ि्ँ", "কড়য়", "కా", "കൽർ",
     "กำำ้", "ສຳ", "王小明々", "かがカガｶﾞー", "김민ᄀ", "አበ", "ᏣꮳᎠ", "𞤀𞤢", "ߊߋ߫", "O'’-‐.·・"]
)  # fmt: skip
WORDS = ALPHABETS.flatmap(lambda letters: st.text(letters, min_size=1, max_size=6))
BLANKS = st.sampled_from([chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=4), blank=BLANKS)
def test_every_name_finds_itself_however_it_is_typed(
    connection: psycopg.Connection[Any], words: list[str], blank: str
) -> None:
    name, together = " ".join(words), "".join(words)
    parts = parts_of(words_of(name, LONGEST_KEY))
    assume(parts)
    typed = [unicodedata.normalize(form, blank.join(words)) for form in ("NFC", "NFD", "NFKC")]
    typed += [changed for changed in (name.upper(), name.lower(), name.title()) if changed.lower() == name.lower()]
    is_same = "".join(parts) == joined(key_of(together, LONGEST_KEY))  # a mark may join the word before
    typed += [together] if is_same and len(parts) <= RUN else []
    connection.rollback()
    enter(connection, name, first=LATER)
    missed = [text for text in typed if name not in names_found(connection, text)]
    connection.rollback()
    assert missed == []
