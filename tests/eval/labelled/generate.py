"""Writes the corpus: labelled files, clean files, and the truth about each.

    python -m labelled.generate FOLDER [--quick] [--only WORD] [--clean MB]

`truth.json` says of each file what is in it; `files.json` is all that Sekisho is told: names, and the addresses of
sender and recipients.
"""

import argparse
import json
import pathlib
import random
import sys

from . import abroad, clean, layouts, letters, writers
from .people import People

SEED = 20261129
GRID_LAYOUTS = ("header", "multi_header", "header_row4", "no_header", "transposed", "form")
RARE_LAYOUTS = {"listed": (letters.listed, "ja en"), "account": (letters.accounts, "ja"), "apart": (letters.apart, "ja")}
TEXT_LAYOUTS = {"letter": letters.letter, "roster": letters.roster, "form": letters.blocks, "aligned": letters.aligned, "quoted": letters.quoted}


class Corpus:
    def __init__(self, folder, only):
        self.folder, self.only, self.truth, self.number = folder, only, {}, 0

    def wants(self, *words):
        return not self.only or any(self.only in word for word in words)

    def add(self, group, format_, extension, document, write):
        ids = [i for one in document.labels for i in one["ids"]]
        if not self.wants(format_, document.layout, *ids):
            return
        self.number += 1
        path = f"{group}/{self.number:05}.{extension}"
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write(document))
        self.truth[path] = {"format": format_, "layout": document.layout, "language": document.language, "where": document.where,
                            "persons": document.persons, "own": document.own if extension == "eml" else [], "labels": document.labels}

    def add_clean(self, kind, text, extension="txt"):
        if not self.wants("clean", kind):
            return
        self.number += 1
        path = f"clean/{kind.replace(' ', '-')}-{self.number:05}.{extension}"
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        self.truth[path] = {"format": "clean", "layout": kind, "language": "", "where": "clean", "persons": 0, "own": [], "labels": []}

    def save(self):
        (self.folder / "truth.json").write_text(json.dumps(self.truth, ensure_ascii=False), "utf-8")
        (self.folder / "files.json").write_text(json.dumps({path: one["own"] for path, one in self.truth.items()}), "utf-8")


def addressed(document, r, people):
    """Who writes to whom."""
    document.own = ["sales@midori.example.co.jp", "info@aoba.example.com"]
    sender, recipient = getattr(document, "sender", ""), getattr(document, "recipient", "")
    if sender:
        document.own = [f"s.{r.randint(100, 999)}@midori.example.co.jp", f"r.{r.randint(100, 999)}@aoba.example.com"]
    named = lambda name, address: f'"{name}" <{address}>' if name else address
    document.mail_from, document.mail_to = named(sender, document.own[0]), named(recipient, document.own[1])
    document.text = document.text and document.text.replace("{own}", document.own[0])
    return document


def drawn(corpus, group, name, r, people, make, extension, write):
    """Draws a document that can be written in the charset that the format's name ends with."""
    people.charset = writers.CHARSETS.get(name, "utf-8")
    document = addressed(make(), r, people)
    corpus.add(group, name, extension, document, write)


def some_attributes(r, language, no_header):
    known = layouts.JAPANESE if language == "ja" else layouts.ENGLISH
    usual = [k for k in ("phone", "email", "postal", "address", "birth", "birth_en") if k in known]
    chosen = r.sample(usual, r.randint(2, min(4, len(usual))))
    rest = [k for k in known if k not in usual]
    chosen += r.sample(rest, r.randint(0, 3))
    if no_header:
        chosen = [k for k in chosen if k in layouts.SPEAKING] or ["phone", "email"]
    return chosen


def grids(corpus, r, people, repeats, tell):
    for name, (write, extension, languages, most) in writers.GRIDS.items():
        for language in languages.split():
            for layout in GRID_LAYOUTS:
                for _ in range(repeats):
                    tell()
                    rows = r.randint(5, min(most, 40 if r.random() < 0.8 else 400))
                    rows = min(rows, 12) if layout == "transposed" else rows
                    attributes = some_attributes(r, language, layout == "no_header")
                    drawn(corpus, "tables", name, r, people, lambda: layouts.grid(r, people, layout, language, rows, attributes), extension, write)


def each_identifier(corpus, r, people, repeats, tell):
    """Each kind of number in tables and in letters, so that none depends on the draw."""
    for language, known, sentences in (("ja", layouts.JAPANESE, letters.IDS_JA), ("en", layouts.ENGLISH, letters.IDS_EN)):
        for kind in known:
            for _ in range(repeats):
                tell()
                drawn(corpus, "numbers", "csv utf-8", r, people, lambda: layouts.grid(r, people, "header", language, 60, [kind]), "csv", writers.GRIDS["csv utf-8"][0])
                if kind in sentences:
                    drawn(corpus, "numbers", "mail utf-8", r, people, lambda: letters.letter(r, people, language, 20, [kind] * 20), "eml", writers.TEXTS["mail utf-8"][0])


def texts(corpus, r, people, repeats, tell):
    for name, (write, extension, languages) in writers.TEXTS.items():
        for language in languages.split():
            for layout, make in TEXT_LAYOUTS.items():
                for _ in range(repeats):
                    tell()
                    if layout == "aligned" and name in ("pptx", "mail html", "odt", "docx"):
                        continue  # their fonts are proportional: nobody aligns by spaces there
                    drawn(corpus, "texts", name, r, people, lambda: make(r, people, language, r.randint(2, 12)), extension, write)
            for _ in range(repeats):
                drawn(corpus, "texts", name, r, people, lambda: letters.organisations(r, people, language, 6), extension, write)
                drawn(corpus, "texts", name, r, people, lambda: letters.marked(r, people, language), extension, write)
                if language == "en":
                    drawn(corpus, "texts", name, r, people, lambda: letters.secrets(r, people, 8), extension, write)
                if name.startswith("mail"):
                    for _ in range(3):
                        drawn(corpus, "texts", name, r, people, lambda: letters.courtesy(r, people, language), extension, write)


def rare_texts(corpus, r, people, repeats, tell):
    for name in ("mail utf-8", "docx"):
        write, extension, _ = writers.TEXTS[name]
        for make, languages in RARE_LAYOUTS.values():
            for language in languages.split():
                for _ in range(repeats):
                    tell()
                    drawn(corpus, "texts", name, r, people, lambda: make(r, people, language, r.randint(2, 12)), extension, write)


def abroad_texts(corpus, r, people, repeats, tell):
    locales = abroad.Locales(r)
    for name in ("mail utf-8", "docx"):
        write, extension, _ = writers.TEXTS[name]
        for locale in abroad.SAID:
            for _ in range(repeats):
                tell()
                drawn(corpus, "texts", name, r, people, lambda: locales.letter(locale, r.randint(2, 12)), extension, write)


def large(corpus, r, people, tell):
    """Tables as large as the gas company's."""
    for name, rows in (("xlsx (xlsxwriter)", 12000), ("csv shift_jis", 3000)):
        tell()
        write, extension, _, _ = writers.GRIDS[name]
        drawn(corpus, "large", name, r, people, lambda: layouts.grid(r, people, "header", "ja", rows, ["phone", "email", "postal", "address", "birth"]), extension, write)


def clean_texts(corpus, r, people, megabytes, tell):
    size = int(megabytes * 1e6)
    piece = 200_000
    for kind, make, share in (("ja text", clean.japanese, 0.5), ("en text", clean.english, 0.5), ("code", None, 0), ("logs", clean.log, 1), ("invoices", clean.invoice, 1)):
        if not corpus.wants("clean", kind):
            continue
        whole = size if kind.endswith("text") else max(size // 3, piece)
        left = whole
        if make is None or share < 1:
            extension = "rs" if kind == "code" else "txt"
            joined = []
            for text in clean.of_this_machine(kind, int(whole * (1 - share))):
                tell()
                left -= len(text.encode())
                joined.append(text)
                if sum(map(len, joined)) >= piece:
                    corpus.add_clean(f"{kind} (real)", "\n\n".join(joined), extension)
                    joined.clear()
            if joined:
                corpus.add_clean(f"{kind} (real)", "\n\n".join(joined), extension)
        while make and left > 0:
            tell()
            text = make(r, min(piece, left))
            corpus.add_clean(kind, text)
            left -= len(text.encode())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only", default="")
    arguments.add_argument("--clean", type=float, default=10, help="MB of clean text in each language")
    given = arguments.parse_args()
    corpus = Corpus(given.folder, given.only)
    done = 0

    def tell():
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\rwriting the corpus: {done} documents drawn, {corpus.number} files ", end="", file=sys.stderr)

    # Each part has a seed of its own, so that one does not change with another.
    parts = [(grids, 1 if given.quick else 3), (each_identifier, 1 if given.quick else 2), (texts, 1 if given.quick else 4), (rare_texts, 1 if given.quick else 12), (abroad_texts, 1 if given.quick else 4)]
    for index, (part, repeats) in enumerate(parts):
        r = random.Random(SEED + index)
        part(corpus, r, People(r), repeats, tell)
    if not given.quick:
        r = random.Random(SEED + 8)
        large(corpus, r, People(r), tell)
    r = random.Random(SEED + 9)
    clean_texts(corpus, r, People(r), 1 if given.quick else given.clean, tell)
    corpus.save()
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    main()
