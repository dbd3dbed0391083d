"""Compares what was found with what is there, and prints the tables.

    python -m labelled.score FOLDER [--verbose] [--out FILE]

How a hit is matched with a label. Hits come masked (090-****-5678), so a hit matches a label of the same file, of the
same detector (or of its sibling: jp.phone and phone, jp.name and person_name, jp.birth_date and birth_date), if what the
mask shows fits the label's value as folded here (NFKC, dashes, spaces): what stands before the first star begins it (of
an address: stands in it), what stands after the last star ends it. Each label takes one hit and each hit one label; so
what is counted twice is a false finding the second time, and what is found under another detector is a miss and a false
finding. Of names a mask shows one character: two names that begin alike are told apart by their number only. What is
optional takes a hit that nothing else wants, and
counts neither way. A hit of a fully masked kind (passwords) matches by number alone. Hits of low confidence are counted
apart: no shipped policy acts on them, so they find nothing and accuse nobody.
"""

import argparse
import collections
import json
import pathlib
import re
import unicodedata

CHECKED = """jp.my_number jp.corporate_number jp.invoice_number jp.drivers_license jp.health_insurance jp.resident_code credit_card iban mrz
uk.nhs de.steuer_id fr.nir es.dni_nie it.codice_fiscale nl.bsn br.cpf in.aadhaar kr.rrn cn.resident_id tw.national_id sg.nric au.tfn
au.medicare ca.sin secret.github_token""".split()
NAMES = ("jp.name", "person_name", "jp.address")
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー－ｰ"), "-")


def folded(text):
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).translate(DASHES)).lower()


def shown(hit):
    """What a mask leaves readable: before the first star, and after the last."""
    text = folded(hit["masked"]).removeprefix("〒")
    if "*" not in text:
        return text, ""
    return text[: text.index("*")], text[text.rindex("*") + 1 :]


def alphanumeric(text):
    return re.sub(r"[^0-9a-z]", "", text)


def fits(hit, value):
    """Whether a folded value may be what the mask hides."""
    head, tail = shown(hit)
    begins = head in value if hit["detector"] == "jp.address" or "*" not in hit["masked"] else value.startswith(head)
    if hit["detector"] in ("birth_date", "jp.birth_date"):
        return begins  # of 1980年1月2日 the mask leaves 年, 月 and 日
    return begins and (value.endswith(tail) or alphanumeric(value).endswith(alphanumeric(tail)))


class Tally(collections.Counter):
    """Counts for one row of a table."""

    @property
    def precision(self):
        return percent(self["true"], self["true"] + self["false"])

    @property
    def recall(self):
        return percent(self["true"], self["true"] + self["missed"])


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "–"


def match(labels, hits):
    """Pairs hits with labels; what is left over on either side, and the pairs."""
    buckets = collections.defaultdict(list)
    for index, label in sorted(enumerate(labels), key=lambda pair: pair[1]["optional"]):
        value = label["folded"] = folded(label["value"])
        for identity in label["ids"]:
            for key in (value[:1], alphanumeric(value)[-4:], None):
                buckets[identity, key].append(index)
    free, pairs, false = [True] * len(labels), [], []

    def take(hit, key):
        """The first free label of a bucket that fits; labels that are taken leave the bucket."""
        bucket = buckets.get((hit["detector"], key), [])
        bucket[:] = [index for index in bucket if free[index]] if len(bucket) < 64 else bucket
        for place, index in enumerate(bucket):
            if free[index] and fits(hit, labels[index]["folded"]):
                del bucket[place]
                free[index] = False
                return labels[index]
        return None

    # Hits that show most are the least ambiguous.
    for hit in sorted(hits, key=lambda hit: -sum(map(len, shown(hit)))):
        head, tail = shown(hit)
        tail = alphanumeric(tail)[-4:]
        label = take(hit, tail) if len(tail) == 4 else take(hit, head[:1] or None)
        if label is None and (hit["detector"] == "jp.address" or "*" not in hit["masked"]):
            label = take(hit, None)
        if label is None:
            false.append(hit)
        else:
            pairs.append((label, hit))
    missed = [label for label, is_free in zip(labels, free) if is_free and not label["optional"]]
    return pairs, missed, false


def judged(folder, verbose, show):
    """All files: tallies by detector, format and layout, people, clean material."""
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    known, result = set(), collections.defaultdict(lambda: collections.defaultdict(Tally))
    with (folder / "found.jsonl").open(encoding="utf-8") as lines:
        known.update(json.loads(next(lines)))
        for line in lines:
            told = json.loads(line)
            judge(truth.pop(told["path"]), told, known, result, verbose, show)
    for path in truth:
        show(f"LOST {path}")
    return known, result


def judge(file, told, known, result, verbose, show):
    labels = [label for label in file["labels"] if known & set(label["ids"])]
    for label in file["labels"]:
        if not known & set(label["ids"]):
            result["no rule"][label["ids"][0]]["missed"] += 1
    if file["where"] == "clean":
        row = result["clean"][file["layout"]]
        row["bytes"] += told["bytes"]
        row["persons"] += told["persons"]
        for hit in told["hits"]:
            row[hit["confidence"]] += 1
            if verbose and hit["confidence"] == "high":
                show(f"FALSE-HIGH\t{hit['detector']}\t{hit['masked']}\t{file['layout']}\t{told['path']}\t{hit['where']}")
        return
    if told["uninspected"]:
        show(f"UNREAD {told['path']} {file['format']}: {told['uninspected']}")
    pairs, missed, false = match(labels, [hit for hit in told["hits"] if hit["confidence"] != "low"])
    for hit in told["hits"]:
        if hit["confidence"] == "low":
            count(result, file, "low", hit["detector"])
    for label, hit in pairs:
        count(result, file, "optional" if label["optional"] else "true", label["ids"][0])
    for label in missed:
        count(result, file, "missed", label["ids"][0])
        if verbose:
            show(f"MISS\t{label['ids'][0]}\t{label['value']!r}\t{file['format']}\t{file['layout']}\t{file['language']}\t{told['path']}")
    for hit in false:
        count(result, file, "false", hit["detector"])
        if verbose:
            show(f"FALSE\t{hit['detector']}\t{hit['masked']}\t{hit['confidence']}\t{file['format']}\t{file['layout']}\t{file['language']}\t{told['path']}\t{hit['where']}")
    wrong = abs(told["persons"] - file["persons"])
    for table, name in (("format", file["format"]), ("layout", file["layout"]), ("persons", file["where"])):
        result[table][name].update(files=1, persons=file["persons"], wrong=wrong, exact=int(wrong == 0))
    if verbose and wrong:
        show(f"PERSONS\t{told['persons']} for {file['persons']}\t{file['format']}\t{file['layout']}\t{file['language']}\t{told['path']}")


def count(result, file, what, detector):
    for table, name in (("detector", detector), ("format", file["format"]), ("layout", file["layout"]), ("aim", aim(file, detector))):
        if name:
            result[table][name][what] += 1


def aim(file, detector):
    if detector in CHECKED:
        return "checked identifiers"
    if detector in NAMES and file["layout"] != "text.courtesy":
        return "names and addresses in tables" if file["where"] == "table" else "names and addresses in running text"
    return None


def table(heads, rows):
    """Markdown that is readable on a terminal too."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    line = lambda row: "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |"
    return "\n".join([line(heads), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows)])


def report(known, result):
    parts = []
    aims = {"checked identifiers": "≥ 99.5 %", "names and addresses in tables": "≥ 97 %", "names and addresses in running text": "≥ 90 %"}
    rows = [[name, result["aim"][name].recall, wanted, result["aim"][name].precision, result["aim"][name]["true"] + result["aim"][name]["missed"]] for name, wanted in aims.items()]
    persons = result["persons"]["table"]
    rows.append(["people in tables, error", percent(persons["wrong"], persons["persons"]), "≤ 1 %", "–", persons["persons"]])
    persons = result["persons"]["text"]
    rows.append(["people in running text, error", percent(persons["wrong"], persons["persons"]), "–", "–", persons["persons"]])
    parts.append(table(["aim", "recall or error", "wanted", "precision", "labels"], rows))
    if result["clean"]:
        kinds = collections.defaultdict(Tally)
        for name, row in result["clean"].items():
            kinds[name].update(row)
        rows = []
        for name, row in sorted(kinds.items()):
            per, wanted = (10e6, "≤ 1 per 10 MB") if "text" in name else (1e6, "≤ 1 per MB")
            rows.append([name, f"{row['bytes'] / 1e6:.1f}", row["high"], f"{row['high'] * per / row['bytes']:.2f}", wanted, row["medium"], row["low"], row["persons"]])
        parts.append(table(["clean", "MB", "high", "high per unit", "wanted", "medium", "low", "people"], rows))
    rows = [[name, row.recall, row.precision, row["true"], row["missed"], row["false"], row["low"]] for name, row in sorted(result["detector"].items())]
    parts.append(table(["detector", "recall", "precision", "true", "missed", "false", "low"], rows))
    for kind in ("format", "layout"):
        rows = [[name, row["files"], row.recall, row.precision, percent(row["wrong"], row["persons"]), f"{row['exact']}/{row['files']}"] for name, row in sorted(result[kind].items())]
        parts.append(table([kind, "files", "recall", "precision", "person error", "exact"], rows))
    if result["no rule"]:
        parts.append("No rule yet: " + ", ".join(f"{name} ({row['missed']})" for name, row in sorted(result["no rule"].items())))
    return "\n\n".join(parts)


def save(path, text):
    """As a file of its own, or between the two marks of a file that has them."""
    before, begin, rest = (path.read_text("utf-8") if path.exists() else "").partition("<!-- accuracy begins -->\n")
    after = rest.partition("<!-- accuracy ends -->")[2]
    path.write_text(f"{before}{begin}{text}\n<!-- accuracy ends -->{after}" if begin else f"{text}\n", "utf-8")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--verbose", action="store_true")
    arguments.add_argument("--out", type=pathlib.Path)
    given = arguments.parse_args()
    known, result = judged(given.folder, given.verbose, print)
    text = report(known, result)
    print(text)
    if given.out:
        save(given.out, text)


if __name__ == "__main__":
    main()
