"""People as a list of customers holds them, with known duplicates: Chinese and western, typed by hand, moved, with new phones.

A list is the same for the same seed. Among those who are not duplicates are the ones that look like it: namesakes in one city,
families with one phone, twins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Any, Final

CITIES: Final[dict[str, tuple[str, ...]]] = {
    "北京": ("Beijing", "北京市", "Peking"),
    "上海": ("Shanghai", "上海市"),
    "广州": ("Guangzhou", "广州市", "Canton"),
    "深圳": ("Shenzhen", "深圳市"),
    "成都": ("Chengdu", "成都市"),
    "杭州": ("Hangzhou", "杭州市"),
    "西安": ("Xi'an", "西安市"),
    "Berlin": ("BERLIN",),
    "Köln": ("Koeln", "Cologne"),
    "München": ("Muenchen", "Munich"),
    "London": ("london",),
    "Manchester": ("MANCHESTER",),
    "Bristol": ("bristol ",),
}
_CHINESE: Final = tuple(CITIES)[:7]
_WESTERN: Final = tuple(CITIES)[7:]
_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文斌宇浩轩梓涵雨欣怡晨思佳子豪俊志鹏飞龙婷雪琳颖慧琪瑶嘉诚博睿哲凯"
_PINYIN: Final = (
    "wang",
    "li",
    "zhang",
    "liu",
    "chen",
    "yang",
    "zhao",
    "huang",
    "zhou",
    "wu",
    "xu",
    "sun",
    "ma",
    "hu",
    "guo",
    "lin",
    "he",
    "gao",
)
_FIRST: Final = (
    *("Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Ida", "Jonas", "Karl", "Laura", "Max", "Nina", "Oliver"),
    *("Paul", "Quentin", "Rosa", "Samuel", "Thea", "Ute", "Victor", "Wanda", "Xaver", "Yvonne", "Zoe", "Martha", "Simon", "Lukas"),
    *("Helena", "Arthur", "Charlotte", "Daniel", "Eleanor", "Frederick", "Georgina", "Harriet", "Isabel", "James", "Katherine"),
)
_LAST: Final = (
    *("Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer", "Koch"),
    *("Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger", "Hofmann", "Hartmann"),
    *("Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Robinson", "Wright", "Thompson", "Evans"),
    *("Walker", "White", "Roberts", "Green", "Hall", "Wood", "Jackson", "Clarke", "Patel", "Khan", "Lewis", "James", "Phillips", "Mason"),
    *("Whitfield", "Abernathy", "Pemberton", "Oyelaran", "Nakamura", "Kowalczyk", "Lindqvist", "Fitzgerald", "Montague", "Ainsworth"),
)
_DOMAINS: Final = ("qq.com", "163.com", "gmail.com", "outlook.com", "gmx.de", "icloud.com", "126.com", "web.de", "yahoo.co.uk")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PeopleList:
    """Traits by person, and the pairs (lesser id first) that are one person."""

    traits: dict[str, dict[str, Any]]
    pairs: frozenset[tuple[str, str]]


def people(count: int, seed: int, duplicates: float = 0.1) -> PeopleList:
    """``count`` records of which the given part repeats one of the others."""
    maker = _Maker(Random(seed))
    repeats = round(count * duplicates)
    persons = maker.persons(count - repeats)
    records = [(number, dict(traits)) for number, traits in enumerate(persons)]
    records += [(number, maker.again(persons[number])) for number in maker.dice.choices(range(len(persons)), k=repeats)]
    maker.dice.shuffle(records)
    traits = {f"user:u{place}": maker.typed(record) for place, (_, record) in enumerate(records)}
    same: dict[int, list[str]] = {}
    for place, (number, _) in enumerate(records):
        same.setdefault(number, []).append(f"user:u{place}")
    return PeopleList(traits, frozenset((min(pair), max(pair)) for ids in same.values() for pair in combinations(ids, 2)))


class _Maker:
    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def persons(self, count: int) -> list[dict[str, Any]]:
        """Different people, some of whom live with the one before."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            person = self._person()
            if found and self.dice.random() < 0.04:
                self._moves_in(person, found[-1], twin=self.dice.random() < 0.03)
            found.append(person)
        return found

    def _person(self) -> dict[str, Any]:
        dice = self.dice
        year, month, day = dice.randint(1940, 2007), dice.randint(1, 12), dice.randint(1, 28)
        if dice.random() < 0.5:
            last, first = dice.choice(_SURNAMES[: dice.choice((10, 25, 50))]), "".join(dice.choices(_GIVEN, k=dice.choice((1, 2, 2))))
            phone, city, words = f"1{dice.choice('3578')}{dice.randrange(10**9):09d}", dice.choice(_CHINESE), dice.sample(_PINYIN, 2)
        else:
            first, last = dice.choice(_FIRST), dice.choice(_LAST)
            phone, city = f"+4915{dice.randrange(10**9):09d}", dice.choice(_WESTERN)
            words = [first.lower(), last.lower().replace("ü", "ue").replace("ä", "ae").replace("ö", "oe")]
        user = dice.choice(("", ".", "_")).join(words) + dice.choice(("", str(dice.randint(1, 99)), str(year)))
        email = dice.choice(
            (f"{user}@{dice.choice(_DOMAINS)}", f"{dice.randrange(10**6, 10**10)}@qq.com", f"{user}{dice.randrange(1000)}@gmail.com")
        )
        person = {
            "first_name": first,
            "last_name": last,
            "city": city,
            "birthday": f"{year}-{month:02d}-{day:02d}",
            "phone": phone,
            "email": email,
        }
        for name, missing in (("email", 0.15), ("birthday", 0.2), ("phone", 0.05), ("city", 0.08)):
            if dice.random() < missing:
                del person[name]
        return person

    def _moves_in(self, person: dict[str, Any], other: dict[str, Any], *, twin: bool) -> None:
        for name in ("phone", "city", "last_name", *(["birthday"] if twin else [])):
            if name in other:
                person[name] = other[name]
        while person["first_name"] == other["first_name"] or (other["first_name"] in _FIRST) is not (person["first_name"] in _FIRST):
            person["first_name"] = self.dice.choice(_FIRST) if other["first_name"] in _FIRST else "".join(self.dice.choices(_GIVEN, k=2))

    def again(self, person: dict[str, Any]) -> dict[str, Any]:
        """The same person as another form, another clerk or another year wrote it down."""
        record = dict(person)
        damages = [self._name_typo, self._swapped_names, self._new_phone, self._phone_typo, self._new_email, self._email_typo]
        damages += [self._birthday_typo, self._left_out, self._moved]
        for damage in self.dice.choices(damages, weights=(5, 4, 4, 4, 4, 3, 2, 4, 1), k=self.dice.choice((1, 1, 2, 2, 3))):
            damage(record)
        return record

    def typed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Cities and phones in one of the ways in which people write them."""
        dice, found = self.dice, dict(record)
        if "city" in found and dice.random() < 0.3:
            found["city"] = dice.choice(CITIES[found["city"]])
        if (phone := found.get("phone", "")).isdigit():
            found["phone"] = dice.choice(
                (phone, phone, f"+86{phone}", f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}")
            )
        return found

    def _slip(self, text: str, letters: str) -> str:
        """One letter changed, left out, doubled, or two in each other's place."""
        at = self.dice.randrange(max(1, len(text) - 1))
        match self.dice.randrange(4):
            case 0:
                return text[:at] + self.dice.choice(letters) + text[at + 1 :]
            case 1 if len(text) > 2:
                return text[:at] + text[at + 1 :]
            case 2:
                return text[:at] + text[at : at + 1] + text[at:]
            case _:
                return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]

    def _name_typo(self, record: dict[str, Any]) -> None:
        chinese = record["first_name"][0] > "\u2e80"
        name = "first_name" if chinese else self.dice.choice(("first_name", "last_name"))
        record[name] = self._slip(record[name], _GIVEN if chinese else _LETTERS)

    def _swapped_names(self, record: dict[str, Any]) -> None:
        record["first_name"], record["last_name"] = record["last_name"], record["first_name"]

    def _new_phone(self, record: dict[str, Any]) -> None:
        record["phone"] = f"1{self.dice.choice('3578')}{self.dice.randrange(10**9):09d}"

    def _phone_typo(self, record: dict[str, Any]) -> None:
        if "phone" in record:
            record["phone"] = record["phone"][:4] + self._slip(record["phone"][4:], "0123456789")

    def _new_email(self, record: dict[str, Any]) -> None:
        record["email"] = f"{self.dice.randrange(10**6, 10**10)}@{self.dice.choice(_DOMAINS)}"

    def _email_typo(self, record: dict[str, Any]) -> None:
        if "email" in record:
            user, _, domain = record["email"].partition("@")
            record["email"] = f"{self._slip(user, _LETTERS)}@{domain}"

    def _birthday_typo(self, record: dict[str, Any]) -> None:
        if "birthday" in record:
            year, month, day = record["birthday"].split("-")
            record["birthday"] = f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-{self.dice.randint(1, 28):02d}"

    def _left_out(self, record: dict[str, Any]) -> None:
        there = [name for name in ("phone", "email", "city", "birthday") if name in record]
        if len(there) > 2:
            del record[self.dice.choice(there)]

    def _moved(self, record: dict[str, Any]) -> None:
        record["city"] = self.dice.choice(_WESTERN if record["first_name"] in _FIRST else _CHINESE)
