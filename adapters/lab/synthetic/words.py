"""The names and phrases that the personal fields of invented people are made of."""

from __future__ import annotations

import unicodedata

GIVEN = """
    Aaliyah Aarav Abdul Abena Ada Adaeze Adam Adèle Aditi Adrián Agnès Agnieszka Ahmed Aiko Aino Aisha Akira Alba
    Alejandro Aleksandra Alessandro Alice Alicja Amal Amara Amélie Amina Amir Amit Ana Anaïs Anders Andrea Andreea
    Andrés Angela Anita Anja Ann Anna Anouk Anton António Arjun Arne Astrid Asuka Aurélie Axel Ayşe Bao Barbara
    Bartosz Beatriz Bella Benoît Bernd Bilal Birgit Björn Bogdan Branka Bruno Çağla Camila Carla Carlos Carmen Caroline
    Cécile Chantal Chen Chiara Chidi Chloé Christian Cristina Dagmar Daan Daniel Daniela Daria David Deepa Diego
    Dimitra Dmitri Dorota Edith Eduardo Eirini Ekaterina Eleni Elif Elena Élodie Elsa Emeka Emil Emily Emma Enrique
    Erik Esra Esther Eszter Eva Ewa Fabian Farah Fatima Fátima Federico Femke Fernando Filip Finn Fiona Florian
    Francesca Franziska Frédéric Gabriel Gaëlle Georg Giulia Giorgos Goran Grace Grzegorz Guadalupe Hadiza Håkon Hamza
    Hana Hannah Hans Haruki Hassan Hedda Heidi Helena Henrik Hiroshi Hugo Ibrahim Ida Ifeoma Ikram Ilse Imani Ines
    Inês Ingrid Irina Isabel Ivan Jack Jakub James Jan Jana Jasmin Javier Jelena Jens Jing Joana João Johanna John
    Jonas Joost José Joy Juan Jürgen Julia Juliana Kaisa Kamala Karim Karolina Katarzyna Kateřina Kenji Khadija Kofi
    Krisztina Kwame Lars Laura Layla Lea Leïla Lena Leon Leticia Liam Lin Lina Linnea Lior Lotte Luca Lucía Ludmila
    Luís Łukasz Maarten Magdalena Mahmoud Maja Malik Manuel Mara Marc Márcia Marek Margarida María Marie Marta Martin
    Maryam Mateo Matthias Mehmet Mei Mercy Michał Miguel Mikael Mila Milan Minh Mira Mohammed Mónica Monika Nadia
    Naoko Natalia Ngozi Nguyệt Niamh Nicolás Niels Nikola Nina Noa Noah Noor Nora Oksana Olga Oliver Olivia Omar Óscar
    Oluwaseun Paola Parisa Patrick Paul Paweł Pedro Peter Petra Philippe Pia Piotr Priya Quinn Rachel Rafael Rahul
    Ramona Raquel Ravi René Ricardo Rita Robert Rosa Rubén Ruth Ryo Sabine Said Salma Samir Samuel Sandra Sanjay Sara
    Sébastien Selin Serge Shira Siddharth Sigrid Silvia Simone Siobhán Sofia Søren Stefan Sunita Svetlana Tamar Tariq
    Thabo Thanh Thomas Tomáš Tomasz Ulrike Uma Valentina Vera Victor Viktória Vivian Wanjiru Wei Willem Xavier Ximena
    Yael Yannick Yara Yasmin Yuki Yusuf Zainab Zeynep Zoë Zofia Zuzana
"""
FAMILY = """
    Abara Abdullah Acosta Adeyemi Aguilar Ahmed Akhtar Akıncı Albrecht Ali Almeida Álvarez Andersen Andersson Antoniou
    Aoki Araújo Arslan Asante Aydın Bakker Balogun Banerjee Barbosa Barros Bauer Becker Ben-David Benali Berg Bernard
    Bhatt Bianchi Bjørnsen Blanc Boateng Bondarenko Bos Bouchard Brandt Brown Bruno Çelik Campbell Cardoso Carvalho
    Castillo Castro Černý Chan Chaudhary Chen Chevalier Choi Clark Cohen Colombo Conti Costa Cruz Da-Silva Dahl Danso
    Das David De-Boer De-Jong De-Vries Delgado Demir Deng Diallo Díaz Dijkstra Dimitrov Doğan Dubois Dumont Dvořák
    Eriksson Engel Esposito Evans Fernandes Fernández Ferrari Fischer Fofana Fontaine Fournier Friedman Fuchs Fujimoto
    Gallo García Gautier Georgiou Girard Gómez González Graf Green Greco Gupta Gutiérrez Haddad Hagen Hakimi Hall
    Hansen Haraldsen Hartmann Hassan Hernández Herrera Hoffmann Holm Horváth Huang Hughes Hussein Ibrahim Iglesias Ito
    Ivanov Iyer Jackson Jansen Jansson Jensen Jiménez Johansson Jones Joshi Kaczmarek Kamara Kang Kaplan Karlsson Kato
    Kaur Kaya Keller Kelly Khan Kim Kimani Klein Kobayashi Koch Köhler Kovač Kovács Kowalski Kraus Krüger Kumar Lam
    Lange Larsen Laurent Lê Lee Lefèvre Lehmann Leroy Levy Li Lima Lin Lindgren Lindqvist Liu Lopes López Lorenz
    Lovell Macharia Maier Mancini Marino Martin Martínez Matsumoto Mbeki Mehta Mendes Mendoza Mensah Mercier Meyer
    Michel Miller Mishra Mohamed Molina Moore Morales Moreau Moreira Moreno Morin Mori Moyo Müller Muñoz Murphy
    Mwangi Nagy Nakamura Navarro Ndiaye Neumann Nguyễn Nielsen Nkosi Novák Nowak Núñez O'Brien O'Connor Obi Öztürk
    Okafor Okonkwo Oliveira Olsen Olsson Ortega Ortiz Osei Otieno Owusu Papadopoulos Park Patel Pavlović Pereira
    Pérez Perrin Petersen Petrov Pham Pinto Popescu Popović Quist Rahman Ramírez Ramos Rao Reddy Reyes Ribeiro Ricci
    Richter Rivera Robert Robinson Rocha Rodrigues Rodríguez Romano Romero Rossi Rousseau Roux Roy Ruiz Ryan Şahin
    Sánchez Santos Sato Schmidt Schneider Schröder Schubert Schulz Shah Sharma Silva Simon Singh Smit Smith Sokolov
    Soto Sousa Stein Suzuki Svensson Świątek Szabó Takahashi Tan Tanaka Teixeira Thomas Torres Tóth Traoré Trần Turner
    Ueda Utomo Vargas Vasić Vega Visser Vlachos Vogel Wagner Wang Watanabe Weber Weiß Williams Wilson Winkler Wiśniewski
    Wójcik Wolf Wong Wu Yamamoto Yang Yıldız Yılmaz Yosef Young Zapata Zhang Zhao Ziegler Zieliński Zimmermann
"""
GIVEN_NAMES = tuple(GIVEN.split())
FAMILY_NAMES = tuple(FAMILY.split())
EMPLOYERS = tuple(
    f"{first} {second}"
    for first in ("Alder", "Bright", "Cedar", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
    for second in ("Analytics", "Bank", "Energy", "Foods", "Health", "Labs", "Logistics", "Software", "Studio", "Works")
)
SKILLS = (
    *("Python", "Rust", "SQL", "TypeScript", "Kubernetes", "Statistics", "Forecasting", "User research", "Figma"),
    *("Negotiation", "Copywriting", "Accounting", "Team lead", "Public speaking", "Machine learning", "Java", "Go"),
    *("Accessibility", "Customer success", "Data modelling", "Procurement", "Technical writing", "React", "Security"),
)
LANGUAGES = ("English", "German", "Dutch", "Spanish", "French", "Polish", "Portuguese", "Arabic", "Hindi", "Mandarin")
LEVELS = ("Junior", "Senior", "Lead", "Principal", "Head of")
TAGS = ("speaker", "alumni", "relocates", "part-time", "four-day-week", "former-client", "open-source", "returner")
TOWNS = ("Amsterdam", "Berlin", "Kraków", "Lisbon", "London", "Málaga", "New York", "Zürich", "Göteborg", "Utrecht")
"""What facts about people are made of."""
NOTES = (
    "Prefers mornings",
    "Asked about remote work",
    "Open again in spring",
    "Would move for the right team",
    "Wants to hear about the stack",
    "Happy where they are",
    "Speaks at a conference next month",
)
REFERRAL_WORDS = ("Worked with them for years", "Best colleague I had", "Knows the field well")
LEAVING_WORDS = ("No longer looking", "Too many messages", "Found something else")
WRONG_WORDS = ("Wrong person", "Entered twice", "Wrong button", "Found out later")
MERGE_WORDS = ("Same person, confirmed on the phone", "Same address and the same CV", None)
UNMERGE_WORDS = ("Father and daughter share the address", "Two people of one name")


def ascii_of(name: str) -> str:
    """Return the name as it stands in an address: without accents, in small letters."""
    plain = unicodedata.normalize("NFKD", name.translate(LETTERS)).encode("ascii", "ignore").decode()
    return plain.lower().replace("'", "")


LETTERS = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "ß": "ss", "đ": "d", "æ": "ae"})
GIVEN_IN_MAIL = tuple(map(ascii_of, GIVEN_NAMES))
FAMILY_IN_MAIL = tuple(map(ascii_of, FAMILY_NAMES))


def name_numbers(person: int) -> tuple[int, int]:
    """Return the numbers of a candidate's given and family name: some names are frequent and some are rare."""
    mixed = (person + 1) * 0x9E3779B97F4A7C15
    mixed = (mixed ^ mixed >> 29) & 0xFFFFFFFFFFFF
    given, family = (mixed & 0xFFFFFF) / 2**24, (mixed >> 24) / 2**24
    # Any step that shares no divisor with the number of names spreads the frequent ones over the alphabet.
    count, other = len(GIVEN_NAMES), len(FAMILY_NAMES)
    return int(given**1.6 * count) * 127 % count, int(family**1.6 * other) * 101 % other


def name_of(person: int) -> str:
    """Return the invented full name of a candidate."""
    given, family = name_numbers(person)
    return f"{GIVEN_NAMES[given]} {FAMILY_NAMES[family]}"


def email_of(person: int) -> str:
    """Return the invented e-mail address of a candidate, in a reserved domain."""
    given, family = name_numbers(person)
    return f"{GIVEN_IN_MAIL[given]}.{FAMILY_IN_MAIL[family]}.{person}@people.example.org"


def phone_of(person: int) -> str:
    """Return an invented telephone number, with a country code that no country has."""
    return f"+999 {person // 10_000:05} {person % 10_000:04}"


def learned_of(fact: str, role: str, person: int, number: int) -> str:
    """Return what the person's fact number `number` says; the values of one fact never repeat."""
    if fact == "link":
        return f"https://people.example.org/{person}/{number}"
    values = VALUES[fact]
    item = values[(person + number) % len(values)]
    text = f"{item} {role.replace('-', ' ')}" if fact == "current-role" else item
    return text if number <= len(values) else f"{text} ({(number - 1) // len(values) + 1})"


VALUES = {
    "skill": SKILLS,
    "language": LANGUAGES,
    "current-employer": EMPLOYERS,
    "current-role": LEVELS,
    "tag": TAGS,
    "location": TOWNS,
}
