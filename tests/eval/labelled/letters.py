"""Running text about people, with the labels of what is in it; and letters in which nobody is leaked."""

import unicodedata

from . import numbers
from .layouts import ENGLISH, JAPANESE, Document, label

HELLO = "いつも大変お世話になっております。\n{company}の{family}です。\n"
FILL_JA = ["ご確認のほど、よろしくお願いいたします。", "来週の打ち合わせは予定どおり進めます。", "詳細は追ってご連絡いたします。", "先日はお時間をいただきありがとうございました。", "資料は社内で共有済みです。", "ご不明な点がございましたらお知らせください。", "なお、手続きには一週間ほどかかる見込みです。"]
FILL_EN = ["Please let me know if you need anything else.", "We will follow up early next week.", "The meeting has been moved to Thursday.", "I have attached the schedule for the coming quarter.", "Thanks again for your patience."]
# What is said of one person: each sentence names the person and what belongs to them.
SENTENCES_JA = [
    "{written}様（{birth}生まれ）のご住所は{address}です。",
    "先日お問い合わせいただいた{written}様のお電話番号は{phone}とのことです。",
    "{written}様 {phone} / {email}",
    "新しい送付先は〒{postal} {address} {written}様です。",
    "{written}さんの連絡先が{phone}に変わりました。",
    "契約者の{written}様（携帯 {mobile}）より解約のお申し出がありました。",
    "本日来院された{written}さん（{birth}生）は{illness}で治療中です。",
    "{written}氏のメールは{email}、住所は{address}です。",
    "お客様の{written}様から、住所を{address}に変更したいと電話（{phone}）がありました。",
    "当選者は{address}の{written}さんです。",
    "{written}様宛の荷物が{address}から返送されました。",
    "応募者: {written}、生年月日: {birth}、電話: {phone}",
    "氏名：{written}　住所：{address}　TEL：{phone}",
    "面接は{written}さん、電話は{mobile}、メールは{email}です。",
]
SENTENCES_EN = [
    "Mr. {written} can be reached at {phone} or {email}.",
    "Please call Mrs. {written} on {phone} about the refund.",
    "The patient, Ms. {written}, born {birth_en}, was seen on Monday.",
    "Name: {written}, phone: {phone}, email: {email}.",
    "Customer: {written} ({email}) asked for a new contract.",
    "Our customer {written} moved; the new number is {phone}.",
    "{written} <{email}> wants to change her order, phone {phone}.",
    "Employee {written}, date of birth {birth_en}, joined last week.",
]
LISTS = ["内定者は{}の{}名です。", "今月の退職者は{}です。", "欠席者：{}", "対象者は{}となります。", "{}が昇格しました。", "このたび{}の{}名が入社します。"]
DEPARTMENTS = ["営業部", "経理部", "製造課", "総務", "開発二課"]
BANKS = ["みずほ銀行", "三菱UFJ銀行", "多摩信用金庫", "りそな銀行"]
ACCOUNTS = ["{bank} {branch} 普通 {v} {kana}", "給与の振込先は{bank}／{branch}／普通／{v}／{kana}です。", "{bank}　{branch}　（普）{v}　名義：{kana}", "返金先：{bank} {branch} 普通口座 No.{v} 口座名義 {kana}"]
IDS_JA = {
    "my_number": ["{written}様のマイナンバーは{v}です。", "個人番号：{v}（{written}）"],
    "drivers_license": ["{written}様の運転免許証番号は{v}です。", "免許証番号: {v} 氏名: {written}"],
    "passport": ["{written}様のパスポート番号は{v}です。", "旅券番号：{v}（{written}様）"],
    "residence_card": ["在留カード番号は{v}、氏名：{written}"],
    "insurer_number": ["健康保険証の保険者番号 {v}（{written}様）"],
    "basic_pension": ["{written}様の基礎年金番号は{v}です。"],
    "employment_insurance": ["雇用保険被保険者番号 {v}（{written}さん）"],
    "resident_code": ["{written}様の住民票コードは{v}です。"],
    "bank_account": ["{written}様の返金先口座は 普通 {v} です。", "口座番号：{v}　口座名義：{written}"],
    "credit_card": ["{written}様のカード番号は{v}、有効期限は12/29です。", "クレジットカード {v} 名義 {written}様"],
    "invoice_number": ["個人事業主の{written}様の登録番号は{v}です。"],
}
IDS_EN = {k: ["Mr. {written}'s %s is {v}." % h[0], "%s: {v}, name: {written}" % h[-1]] for k, c in ENGLISH.items() for h in [c.headers] if k not in ("phone", "email", "birth_en")}
DETECTORS = {"written": "jp.name|person_name", "mobile": "jp.phone|phone", **{k: c.detectors for d in (ENGLISH, JAPANESE) for k, c in d.items()}}


def told(one, template, value=None):
    """One sentence and its labels."""
    fields = [key for key in ("written", "birth", "birth_en", "address", "phone", "mobile", "email", "postal", "illness") if "{" + key + "}" in template]
    labels = []
    for key in fields:
        ids = DETECTORS[key]
        if key == "written" and not one.japanese:
            ids = "person_name|jp.name"
        if key == "phone":
            ids = "jp.phone|phone" if one.japanese else "phone|jp.phone"
        labels.append(label(ids, one[key]))
    text = template.format(v=value, **{key: one[key] for key in fields})
    return text, labels


def identifier(one, key):
    """A sentence that states a number of this kind."""
    r = one.r
    value = one[key]
    text, labels = told(one, r.choice((IDS_JA if one.japanese else IDS_EN)[key]), value)
    return text, [*labels, label(DETECTORS[key], value)]


def wrap(r, people, lines, language):
    """A letter around what is told."""
    japanese = language == "ja"
    if not japanese:
        return "\n".join(["Hello,", "", r.choice(FILL_EN), "", *lines, "", r.choice(FILL_EN), "", "Best regards,", people.english.first_name()])
    family = r.choice(people.surnames)
    return "\n".join(["ご担当者様", "", HELLO.format(company="北保安サービス株式会社", family=family), *lines, "", r.choice(FILL_JA), "", "以上、よろしくお願いいたします。"])


def letter(r, people, language, count, kinds=()):
    """Sentences about people between sentences about nothing."""
    people.forget()
    japanese = language == "ja"
    lines, labels = [], []
    for i in range(count):
        one = people.person(japanese)
        if i < len(kinds):
            text, found = identifier(one, kinds[i])
        else:
            text, found = told(one, r.choice(SENTENCES_JA if japanese else SENTENCES_EN))
        labels += found
        filler = r.choice(FILL_JA if japanese else FILL_EN)
        lines += [text + filler, ""] if japanese and r.random() < 0.5 else [filler, text, ""]
    return Document("text.letter", language, count, labels, text=wrap(r, people, lines, language), title="ご連絡" if japanese else "Note")


def listed(r, people, language, count):
    """Names one after another, in a sentence or at the heads of lines, of whom nothing else is said."""
    people.forget()
    japanese = language == "ja"
    lines, labels = [], []
    for _ in range(4):
        several = [people.person(japanese) for _ in range(r.randint(3, 8))]
        found = [label("jp.name|person_name" if japanese else "person_name|jp.name", one["written"]) for one in several]
        labels += found
        names = [one["written"] for one in several]
        if not japanese:
            said = ", ".join(names[:-1]) + " and " + names[-1]
            lines += [r.choice(["Attendees: {}", "Absentees: {}", "Candidates: {}"]).format(said), ""]
        elif r.random() < 0.25:
            lines += [r.choice(["・", "- ", "○ "]) + f"{name}／{r.choice(DEPARTMENTS)}" for name in names] + [""]
        else:
            if r.random() < 0.4:
                names = [f"{name}（{r.choice(DEPARTMENTS)}）" for name in names]
            joined = r.choice(["、", "・", "、"]).join(names)
            lines += [r.choice(LISTS).format(joined, len(names)) + r.choice(FILL_JA), ""]
    return Document("text.listed", language, len(labels), labels, text=wrap(r, people, lines, language), title="ご報告")


def accounts(r, people, language, count):
    """Accounts with their holders in kana, as people write where money is to go."""
    people.forget()
    lines, labels = [], []
    for _ in range(count):
        one = people.person(True)
        bank, branch, value = r.choice(BANKS), r.choice(["新宿支店", "本店営業部", "駅前支店"]), one["bank_account"]
        lines += [r.choice(ACCOUNTS).format(bank=bank, branch=branch, v=value, kana=one["kana"]), ""]
        labels += [label("jp.bank_account", value), label("jp.name|person_name", one["kana"])]
    return Document("text.account", language, count, labels, text=wrap(r, people, lines, language), title="お振込")


def apart(r, people, language, count):
    """Numbers whose groups stand apart as few write them."""
    people.forget()
    lines, labels = [], []
    for _ in range(count):
        one = people.person(True)
        kind, words = r.choice([("my_number", "個人番号"), ("credit_card", "カード番号"), ("mobile", "携帯")])
        digits = "".join(c for c in one[kind] if c.isdigit())
        groups = [digits[:3], digits[3:7], digits[7:]] if kind == "mobile" else [digits[at : at + 4] for at in range(0, len(digits), 4)]
        if kind == "credit_card" and len(digits) != 16 or kind == "mobile" and not digits.startswith("0"):
            groups = [one[kind]]
        value = r.choice([".", "・", "  ", "−", "―", " - "]).join(groups)
        lines += [f"{one['written']}様の{words}は{value}です。" + r.choice(FILL_JA), ""]
        labels += [label("jp.name|person_name", one["written"]), label(DETECTORS[kind], value)]
    return Document("text.apart", language, count, labels, text=wrap(r, people, lines, language), title="ご連絡")


def roster(r, people, language, count):
    """One person a line, in the ways that people write such lists."""
    people.forget()
    japanese = language == "ja"
    mark = r.choice(["・", "● ", "1) ", "- ", ""])
    forms = ["{written} {phone}", "{written}（{phone}）", "{written}、{address}、{phone}", "{written} / {email} / {phone}", "{written}様 {email}"] if japanese else ["Name: {written}, {phone}", "Mr. {written} / {email} / {phone}", "{written} <{email}>", "{written}, {phone}"]
    form = r.choice(forms)
    lines, labels = ["参加者一覧" if japanese else "Participants", ""], []
    for i in range(count):
        text, found = told(people.person(japanese), form)
        lines.append((f"{i + 1}) " if mark == "1) " else mark) + text)
        labels += found
    return Document("text.roster", language, count, labels, text=wrap(r, people, lines, language), title="一覧" if japanese else "List")


def blocks(r, people, language, count):
    """Label and value, one a line, a block for each person."""
    people.forget()
    japanese = language == "ja"
    if japanese:
        fields = [("氏名", "written")] + r.sample([("住所", "address"), ("電話", "phone"), ("メール", "email"), ("生年月日", "birth"), ("郵便番号", "postal"), ("携帯", "mobile")], 3)
    else:
        fields = [("Name", "written")] + r.sample([("Phone", "phone"), ("Email", "email"), ("Date of birth", "birth_en")], 2)
    style = r.choice(["{}：{}", "{}: {}", "■{}：{}", "【{}】{}"]) if japanese else r.choice(["{}: {}", "- {}: {}"])
    lines, labels = [], []
    for _ in range(count):
        one = people.person(japanese)
        for name, key in fields:
            lines.append(style.format(name, one[key]))
            ids = DETECTORS[key] if japanese or key != "written" else "person_name|jp.name"
            labels.append(label(ids if japanese or key != "phone" else "phone|jp.phone", one[key]))
        lines.append("")
    return Document("text.form", language, count, labels, text=wrap(r, people, lines, language), title="申込" if japanese else "Applications")


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def aligned(r, people, language, count):
    """Columns that are aligned by spaces."""
    people.forget()
    japanese = language == "ja"
    columns = [("氏名", "name"), ("電話番号", "phone"), ("メール", "email"), ("生年月日", "birth")] if japanese else [("Name", "written"), ("Phone", "phone"), ("Email", "email")]
    columns = columns[: r.randint(2, len(columns))]
    rows, labels = [[head for head, _ in columns]], []
    for _ in range(count):
        one = people.person(japanese)
        rows.append([one[key] for _, key in columns])
        for _, key in columns:
            ids = {"name": "jp.name|person_name", "written": "person_name|jp.name", "phone": "jp.phone|phone" if japanese else "phone|jp.phone"}.get(key) or DETECTORS[key]
            labels.append(label(ids, one[key]))
    widths = [max(width(row[i]) for row in rows) + 2 for i in range(len(columns))]
    lines = ["".join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths)).rstrip() for row in rows]
    if r.random() < 0.5:
        lines.insert(1, "-" * sum(widths))
    return Document("text.aligned", language, count, labels, text=wrap(r, people, lines, language), title="表" if japanese else "Table")


def quoted(r, people, language, count):
    """A reply that tells of people, above an older mail that told of the same people."""
    said = letter(r, people, language, count)
    older = [dict(one, optional=True) for one in said.labels]
    introduction = "2026年11月20日 10:12 佐々木 <sasaki@example.co.jp>:" if language == "ja" else "On Fri, 20 Nov 2026 at 10:12, Sasaki <sasaki@example.co.jp> wrote:"
    text = f"{said.text}\n\n{introduction}\n" + "\n".join("> " + line for line in said.text.split("\n"))
    return Document("text.quoted", language, count, said.labels + older, text=text, title=said.title)


def courtesy(r, people, language):
    """A letter between businesses with salutation and signature; nobody is leaked."""
    japanese = language == "ja"
    sender, recipient = people.person(japanese), people.person(japanese)
    if japanese:
        place = r.choice(people.places)
        address = place[1] + place[2] + place[3] + f"{r.randint(1, 9)}-{r.randint(1, 20)}-{r.randint(1, 20)}"
        signature = [
            r.choice(["-- ", "━━━━━━━━━━━━━━━━━━━━", "------------------------------", "*********************"]),
            r.choice(["株式会社みどり商事", "東邦観光株式会社", "北保安サービス株式会社"]),
            r.choice(["営業部", "総務課", "開発本部 第二課"]) + " " + sender["spaced"],
            f"〒{place[0][:3]}-{place[0][3:]} {address}",
            f"TEL: {numbers.phone_landline(r)} / FAX: {numbers.phone_landline(r)}",
            "E-mail: {own}",
        ]
        body = [r.choice(FILL_JA) for _ in range(r.randint(3, 9))]
        head = ["株式会社あおば", f"{recipient['family']}様", "", HELLO.format(company="みどり商事", family=sender["family"])]
        text = "\n".join([*head, *body, "", "何卒よろしくお願いいたします。", "", *signature])
    else:
        signature = ["-- ", sender["name"], r.choice(["Sales Manager", "Support Engineer"]), "Northern Security Ltd.", f"Tel. {numbers.us_phone(r)}", "{own}"]
        text = "\n".join([f"Dear {recipient['given']},", "", *[r.choice(FILL_EN) for _ in range(r.randint(3, 8))], "", "Kind regards,", sender["given"], "", *signature])
    made = Document("text.courtesy", language, 0, [], text=text, title="お礼" if japanese else "Thank you")
    made.sender, made.recipient = sender["name"], recipient["name"]
    return made


SECRETS = {
    "private_key": ("secret.private_key", "Here is the key of the server:\n\n{v}\n"),
    "aws_key": ("secret.aws_key", "aws_access_key_id = {v}\n"),
    "github_token": ("secret.github_token", "export GITHUB_TOKEN={v}\n"),
    "google_key": ("secret.google_key", "GOOGLE_API_KEY: {v}\n"),
    "slack_token": ("secret.slack_token", "The bot uses {v} for now.\n"),
    "jwt": ("secret.jwt", "Authorization: Bearer {v}\n"),
    "password": ("secret.password", "ログインID: admin\nパスワード：{v}\n"),
    "connection_string": ("secret.connection_string", "DATABASE_URL={v}\n"),
}
MARKS = ["社外秘", "極秘", "取扱注意", "CONFIDENTIAL", "STRICTLY CONFIDENTIAL"]
GLOBALS = {
    "ip_address": ("ip_address", ["{written}様の接続元IPアドレスは{v}です。"], ["Login of Mr. {written} from IP address {v}."]),
    "swift_bic": ("swift_bic", ["海外送金のSWIFTコードは{v}です。"], ["Beneficiary bank, SWIFT/BIC: {v}"]),
    "mrz": ("mrz", ["パスポートの読み取り結果:\n{v}"], ["Scan of the passport:\n{v}"]),
    "us_ein": ("us.ein", ["米国法人の EIN は {v} です。"], ["Our Employer Identification Number (EIN) is {v}."]),
    "corporate_number": ("jp.corporate_number", ["当社の法人番号は{v}です。"], ["Corporate Number: {v}"]),
}


def secrets(r, people, count):
    """Keys and passwords in a mail between engineers."""
    lines, labels = ["Hi,", ""], []
    for _ in range(count):
        kind = r.choice(list(SECRETS))
        detector, template = SECRETS[kind]
        value = getattr(numbers, kind)(r)
        lines += [template.format(v=value), r.choice(FILL_EN), ""]
        labels.append(label(detector, value.split("\n")[0] if kind == "private_key" else value))
    return Document("text.secrets", "en", 0, labels, text="\n".join(lines), title="Setup")


def marked(r, people, language):
    """A document with a mark."""
    mark = r.choice(MARKS)
    lines = [f"【{mark}】中期計画" if r.random() < 0.5 else mark, "", *[r.choice(FILL_JA) for _ in range(8)]]
    return Document("text.marks", language, 0, [label("mark.confidential", mark)], text="\n".join(lines), title="計画")


def organisations(r, people, language, count):
    """Numbers that belong to no person's table: networks, banks, companies, scans of passports."""
    people.forget()
    japanese = language == "ja"
    lines, labels, persons = [], [], 0
    for _ in range(count):
        kind = r.choice(list(GLOBALS))
        detector, ja, en = GLOBALS[kind]
        template, one = r.choice(ja if japanese else en), people.person(japanese)
        text, found = told(one, template, one[kind])
        labels += [*found, *[label(detector, line) for line in one[kind].split("\n")[:1]]]
        if kind == "mrz":
            labels += [label(detector, line, optional=True) for line in one[kind].split("\n")[1:]]
        persons += kind in ("mrz", "ip_address")
        lines += [text, r.choice(FILL_JA if japanese else FILL_EN), ""]
    return Document("text.numbers", language, persons, labels, text=wrap(r, people, lines, language), title="番号" if japanese else "Numbers")
