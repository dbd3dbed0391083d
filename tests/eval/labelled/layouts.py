"""How people's data is laid out: grids of cells and running text, each with the labels of what is in it.

A label is a value that stands in the file and the detector that ought to find it. `optional` marks what may be found
without being counted either way: the parts of an address beside the whole, the reading of a name, an older copy.
"""

import dataclasses


@dataclasses.dataclass
class Document:
    """What goes into one file."""

    layout: str
    language: str
    persons: int
    labels: list
    grid: list | None = None
    text: str | None = None
    title: str = "名簿"

    @property
    def where(self):
        """What the aims are stated for."""
        return "table" if self.grid is not None or self.layout.endswith("aligned") else "text"


def label(detectors, value, optional=False):
    return {"ids": detectors.split("|"), "value": value, "optional": optional}


@dataclasses.dataclass(frozen=True)
class Column:
    headers: tuple
    attribute: str
    detectors: str
    group: str = ""


NAME = Column(("氏名", "お名前", "会員名", "契約者名", "患者名", "顧客名", "受講者氏名"), "written", "jp.name|person_name", "本人")
KANA = Column(("フリガナ", "氏名カナ", "ﾌﾘｶﾞﾅ"), "kana", "", "本人")
JAPANESE = {
    "phone": Column(("電話番号", "電話", "TEL", "携帯電話", "連絡先電話番号"), "phone", "jp.phone|phone", "連絡先"),
    "email": Column(("メールアドレス", "E-mail", "メール", "e-mailアドレス"), "email", "email", "連絡先"),
    "postal": Column(("郵便番号", "〒"), "postal", "jp.postal_code", "連絡先"),
    "address": Column(("住所", "ご住所", "現住所", "お届け先住所"), "address", "jp.address", "連絡先"),
    "birth": Column(("生年月日", "誕生日"), "birth", "jp.birth_date|birth_date", "本人"),
    "my_number": Column(("個人番号", "マイナンバー"), "my_number", "jp.my_number", "番号"),
    "drivers_license": Column(("運転免許証番号", "免許証番号"), "drivers_license", "jp.drivers_license", "番号"),
    "passport": Column(("旅券番号", "パスポート番号"), "passport", "jp.passport", "番号"),
    "residence_card": Column(("在留カード番号",), "residence_card", "jp.residence_card", "番号"),
    "insurer_number": Column(("保険者番号",), "insurer_number", "jp.health_insurance", "番号"),
    "basic_pension": Column(("基礎年金番号",), "basic_pension", "jp.basic_pension", "番号"),
    "employment_insurance": Column(("雇用保険被保険者番号",), "employment_insurance", "jp.employment_insurance", "番号"),
    "resident_code": Column(("住民票コード",), "resident_code", "jp.resident_code", "番号"),
    "bank_account": Column(("口座番号",), "bank_account", "jp.bank_account", "番号"),
    "credit_card": Column(("カード番号", "クレジットカード番号"), "credit_card", "credit_card", "番号"),
    "invoice_number": Column(("登録番号(インボイス)", "適格請求書発行事業者登録番号"), "invoice_number", "jp.invoice_number", "番号"),
    "illness": Column(("病名", "既往歴", "診断名"), "illness", "jp.special_care", "本人"),
}
ENGLISH_NAME = Column(("Name", "Full name", "Customer name", "Employee name"), "written", "person_name", "Person")
ENGLISH = {
    "phone": Column(("Phone", "Phone number", "Mobile"), "phone", "phone|jp.phone", "Contact"),
    "email": Column(("Email", "E-mail address", "Mail"), "email", "email", "Contact"),
    "birth_en": Column(("Date of birth", "DOB", "Birth date"), "birth_en", "birth_date|jp.birth_date", "Person"),
    "credit_card": Column(("Card number", "Credit card"), "credit_card", "credit_card", "Numbers"),
    "iban": Column(("IBAN",), "iban", "iban", "Numbers"),
    "us_ssn": Column(("SSN", "Social Security Number"), "us_ssn", "us.ssn", "Numbers"),
    "us_itin": Column(("ITIN",), "us_itin", "us.itin", "Numbers"),
    "uk_nino": Column(("National Insurance Number", "NINO"), "uk_nino", "uk.nino", "Numbers"),
    "uk_nhs": Column(("NHS number",), "uk_nhs", "uk.nhs", "Numbers"),
    "de_steuer_id": Column(("Steuer-ID", "Tax ID (DE)"), "de_steuer_id", "de.steuer_id", "Numbers"),
    "fr_nir": Column(("NIR", "Numéro de sécurité sociale"), "fr_nir", "fr.nir", "Numbers"),
    "es_dni_nie": Column(("DNI/NIE", "DNI"), "es_dni_nie", "es.dni_nie", "Numbers"),
    "it_codice_fiscale": Column(("Codice fiscale",), "it_codice_fiscale", "it.codice_fiscale", "Numbers"),
    "nl_bsn": Column(("BSN", "Burgerservicenummer"), "nl_bsn", "nl.bsn", "Numbers"),
    "br_cpf": Column(("CPF",), "br_cpf", "br.cpf", "Numbers"),
    "in_aadhaar": Column(("Aadhaar number", "Aadhaar"), "in_aadhaar", "in.aadhaar", "Numbers"),
    "in_pan": Column(("PAN (India)", "Permanent Account Number"), "in_pan", "in.pan", "Numbers"),
    "kr_rrn": Column(("주민등록번호", "RRN"), "kr_rrn", "kr.rrn", "Numbers"),
    "cn_resident_id": Column(("身份证号码", "Resident ID"), "cn_resident_id", "cn.resident_id", "Numbers"),
    "tw_national_id": Column(("身分證字號", "National ID (Taiwan)"), "tw_national_id", "tw.national_id", "Numbers"),
    "sg_nric": Column(("NRIC", "NRIC/FIN"), "sg_nric", "sg.nric", "Numbers"),
    "au_tfn": Column(("TFN", "Tax File Number"), "au_tfn", "au.tfn", "Numbers"),
    "au_medicare": Column(("Medicare number", "Medicare card number"), "au_medicare", "au.medicare", "Numbers"),
    "ca_sin": Column(("SIN", "Social Insurance Number"), "ca_sin", "ca.sin", "Numbers"),
}
# Numbers whose form and check digit say what they are, without a header.
SPEAKING = ("phone", "email", "address", "credit_card", "iban")
FILLERS_JA = [("会員番号", lambda r, i: f"{100000 + i}"), ("区分", lambda r, i: r.choice("ABC")), ("備考", lambda r, i: r.choice(["", "", "要連絡", "資料送付済", "初回"])), ("数量", lambda r, i: str(r.randint(1, 9999999))), ("登録日", lambda r, i: f"2026/{r.randint(1, 12)}/{r.randint(1, 28)}")]
FILLERS_EN = [("No.", lambda r, i: str(i + 1)), ("Status", lambda r, i: r.choice(["active", "closed", "pending"])), ("Amount", lambda r, i: f"{r.randint(10, 99999)}.{r.randint(0, 99):02}"), ("Order date", lambda r, i: f"2026-{r.randint(1, 12):02}-{r.randint(1, 28):02}"), ("Reference", lambda r, i: f"RF{r.randint(10**7, 10**8 - 1)}")]


def grid(r, people, layout, language, rows, attributes):
    """A table of people with these attributes beside the name."""
    japanese = language == "ja"
    name, known = (NAME, JAPANESE) if japanese else (ENGLISH_NAME, ENGLISH)
    columns = [name] + [known[a] for a in attributes]
    split = layout != "no_header" and japanese and r.random() < 0.2
    kana = japanese and layout != "no_header" and rows <= 400 and r.random() < 0.3
    if kana:
        columns.insert(1, KANA)
    fillers = [] if layout == "form" else r.sample(FILLERS_JA if japanese else FILLERS_EN, r.randint(0, 2))
    heads = [r.choice(c.headers) for c in columns] + [f[0] for f in fillers]
    groups = [c.group for c in columns] + [("管理" if japanese else "Admin")] * len(fillers)
    people.forget()
    body, labels, parts = [], [], []
    count = 1 if layout == "form" else rows
    for i in range(count):
        one = people.person(japanese, common=True if kana else None)
        cells = []
        for c in columns:
            value = one[c.attribute]
            cells.append(value)
            if c.detectors:
                labels.append(label(c.detectors, value))
            else:
                labels.append(label("jp.name", value, optional=True))
        cells += [f[1](r, i) for f in fillers]
        body.append(cells)
        parts.append((one["family"], one["given"]))
    if split:
        body, heads, groups, labels = in_two(body, heads, groups, labels, parts)
    return Document(f"table.{layout}", language, count, labels, grid=arranged(r, layout, language, heads, groups, body), title="名簿" if japanese else "Customers")


def in_two(body, heads, groups, labels, parts):
    """Surname and given name in columns of their own."""
    for one in labels:
        if "jp.name" in one["ids"] and not one["optional"]:
            one["value"] = one["value"].replace(" ", "").replace("　", "")
    return [[*two, *cells[1:]] for two, cells in zip(parts, body)], ["姓", "名", *heads[1:]], [groups[0], *groups], labels


def arranged(r, layout, language, heads, groups, body):
    japanese = language == "ja"
    if layout == "header":
        return [heads, *body]
    if layout == "no_header":
        return body
    if layout == "header_row4":
        title = ["顧客名簿", "2026年11月29日現在 営業部"] if japanese else ["Customer list", "As of 29 November 2026, Sales"]
        return [[title[0]], [title[1]], [], heads, *body]
    if layout == "multi_header":
        shown = [g if i == 0 or groups[i - 1] != g else "" for i, g in enumerate(groups)]
        return [shown, heads, *body]
    if layout == "transposed":
        return [list(row) for row in zip(heads, *body)]
    if layout == "form":
        return [[h, v] for h, v in zip(heads, body[0])]
    raise ValueError(layout)
