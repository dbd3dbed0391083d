"""Numbers of every kind, by the rules that their issuers published; nothing of Sekisho's own validators is used here.

Each function takes a random.Random and returns one number as it is usually written. Documents that define the check
digits are named beside them.
"""

import base64
import json
import string
import zlib

LETTERS = string.ascii_uppercase


def digits(r, count):
    return "".join(r.choice(string.digits) for _ in range(count))


def letters(r, count, of=LETTERS):
    return "".join(r.choice(of) for _ in range(count))


def total(weights, number):
    return sum(w * int(d) for w, d in zip(weights, number))


def luhn(body):
    """ISO/IEC 7812-1, annex B."""
    s = 0
    for i, c in enumerate(reversed(body)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        s += d - 9 if d > 9 else d
    return str(-s % 10)


def until(make):
    """Draws until the rule gives a number."""
    while (made := make()) is None:
        pass
    return made


# Japan


def my_number(r):
    """Ministerial Ordinance of MIC No. 85 of 2014, article 5."""
    body = digits(r, 11)
    rest = total((6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), body) % 11
    number = body + ("0" if rest <= 1 else str(11 - rest))
    return r.choice([number, number, f"{number[:4]}-{number[4:8]}-{number[8:]}", f"{number[:4]} {number[4:8]} {number[8:]}"])


def corporate_number(r):
    """Ministerial Ordinance of MOF No. 70 of 2014, article 2."""
    body = r.choice("01") + digits(r, 11)
    s = sum(int(d) * (1 if i % 2 == 0 else 2) for i, d in enumerate(reversed(body)))
    return f"{9 - s % 9}{body}"


def invoice_number(r):
    """National Tax Agency: T and thirteen digits, for companies the corporate number."""
    return "T" + corporate_number(r)


def drivers_license(r):
    """Police: the eleventh digit, mod 11; the remainders on which published descriptions differ are not drawn."""

    def make():
        body = r.choice(["10", "30", "43", "45", "62", "90", "20", "54"]) + digits(r, 2) + digits(r, 6)
        rest = total((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), body) % 11
        return None if rest <= 1 else f"{body}{11 - rest}{r.choice('000012')}"

    return until(make)


def passport(r):
    return r.choice("MT") + r.choice("RSKZGH") + digits(r, 7)


def residence_card(r):
    return letters(r, 2) + digits(r, 8) + letters(r, 2)


def insurer_number(r):
    """Ministry of Health, numbering of insurers: eight digits, the last is the check digit (weights 2, 1 from the right)."""
    body = r.choice(["01", "02", "06", "31", "32", "34", "39", "63"]) + f"{r.randint(1, 47):02}" + digits(r, 3)
    s = sum(sum(map(int, str(int(d) * (2 if i % 2 == 0 else 1)))) for i, d in enumerate(reversed(body)))
    return body + str(-s % 10)


def basic_pension(r):
    number = str(r.randint(1000, 9999)) + digits(r, 6)
    return r.choice([f"{number[:4]}-{number[4:]}", number])


def employment_insurance(r):
    number = str(r.randint(1000, 9999)) + digits(r, 7)
    return f"{number[:4]}-{number[4:10]}-{number[10:]}"


def resident_code(r):
    """Ordinance for Enforcement of the Basic Resident Registration Act, article 1: mod 11 as for My Number."""

    def make():
        body = str(r.randint(1, 9)) + digits(r, 9)
        rest = total((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), body) % 11
        return None if rest <= 1 else f"{body}{11 - rest}"

    return until(make)


def bank_account(r):
    return digits(r, 7)


def yucho(r):
    """Japan Post Bank: a symbol of five digits that begins with 1 and ends with 0, a number of up to eight that ends with 1."""
    return f"1{digits(r, 3)}0", str(r.randint(1, 9)) + digits(r, 6) + "1"


MOBILE = ("090", "080", "070")
AREAS = {"03": 4, "06": 4, "011": 3, "022": 3, "045": 3, "052": 3, "075": 3, "078": 3, "082": 3, "092": 3, "0466": 2, "0561": 2, "0742": 2, "0985": 2}


def phone_mobile(r):
    """MIC, numbering plan: eight digits after 0A0, the first of them not 0."""
    a, b = str(r.randint(1, 9)) + digits(r, 3), digits(r, 4)
    head = r.choice(MOBILE)
    return r.choice([f"{head}-{a}-{b}"] * 4 + [f"{head}{a}{b}", f"{head} {a} {b}", f"+81-{head[1:]}-{a}-{b}", f"({head}){a}-{b}"])


def phone_landline(r):
    """MIC, numbering plan: area code and exchange make six digits after which four follow; no exchange begins with 0 or 1."""
    area, length = r.choice(list(AREAS.items()))
    a, b = str(r.randint(2, 9)) + digits(r, length - 1), digits(r, 4)
    return r.choice([f"{area}-{a}-{b}"] * 3 + [f"{area}({a}){b}", f"({area}) {a}-{b}", f"{area}{a}{b}"])


# Anywhere


def credit_card(r):
    kind = r.choice(["visa", "master", "jcb", "amex", "diners"])
    body = {
        "visa": lambda: "4" + digits(r, 14),
        "master": lambda: "5" + r.choice("12345") + digits(r, 13),
        "jcb": lambda: str(r.randint(3528, 3589)) + digits(r, 11),
        "amex": lambda: r.choice(["34", "37"]) + digits(r, 12),
        "diners": lambda: "36" + digits(r, 11),
    }[kind]()
    number = body + luhn(body)
    if kind in ("amex", "diners"):
        return r.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return r.choice([number, "-".join(groups), " ".join(groups)])


def iban(r):
    """ISO 13616-1, ISO 7064 mod 97-10; countries whose account part has no check digit of its own in what banks verify."""
    country = r.choice(["DE", "GB", "AT", "CH", "LU"])
    bban = {
        "DE": lambda: str(r.randint(1, 8)) + digits(r, 17),
        "GB": lambda: letters(r, 4) + digits(r, 14),
        "AT": lambda: digits(r, 16),
        "CH": lambda: digits(r, 17),
        "LU": lambda: digits(r, 16),
    }[country]()
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    whole = f"{country}{98 - number % 97:02}{bban}"
    return r.choice([whole, " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))])


def swift_bic(r):
    """ISO 9362."""
    banks = ["BOTKJPJT", "SMBCJPJT", "MHCBJPJT", "DEUTDEFF", "CHASUS33", "BARCGB22", "UBSWCHZH", "BNPAFRPP"]
    return r.choice(banks) + r.choice(["", "", "XXX"])


def ip_address(r):
    if r.random() < 0.25:
        return "2001:" + ":".join(f"{r.randint(0x100, 0xFFFF):x}" for _ in range(7))
    return f"{r.choice([61, 101, 126, 133, 153, 202, 210])}.{r.randint(1, 254)}.{r.randint(1, 254)}.{r.randint(1, 254)}"


def mrz_digit(field):
    """ICAO Doc 9303, part 3: weights 7, 3, 1."""
    value = lambda c: 0 if c == "<" else int(c, 36)
    return str(sum(value(c) * (7, 3, 1)[i % 3] for i, c in enumerate(field)) % 10)


def mrz(r, family="EXAMPLE", given="HANAKO"):
    """ICAO Doc 9303, part 4: two lines of 44."""
    first = f"P<JPN{family}<<{given}".ljust(44, "<")
    number, birth, expiry = passport(r), f"{r.randint(50, 99)}{r.randint(1, 12):02}{r.randint(1, 28):02}", f"3{r.randint(0, 5)}{r.randint(1, 12):02}{r.randint(1, 28):02}"
    number, sex, optional = number.ljust(9, "<"), r.choice("MF"), "<" * 14
    parts = number + mrz_digit(number), birth + mrz_digit(birth), expiry + mrz_digit(expiry), optional + "<"
    second = parts[0] + "JPN" + parts[1] + sex + parts[2] + parts[3]
    return f"{first}\n{second}{mrz_digit(''.join(parts))}"


# Other countries


def us_phone(r):
    """NANPA: assigned areas; no exchange begins with 0 or 1 or is N11."""
    area = r.choice(["212", "415", "650", "206", "312", "617", "305", "404", "713", "503"])
    exchange = until(lambda: None if (e := str(r.randint(200, 999)))[1:] == "11" else e)
    line = digits(r, 4)
    return r.choice([f"+1 {area}-{exchange}-{line}", f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"+1-{area}-{exchange}-{line}"])


def us_ssn(r):
    """SSA: areas 000, 666 and 900 up, group 00, serial 0000 are not issued."""
    area = until(lambda: None if (a := r.randint(1, 899)) == 666 else a)
    return f"{area:03}-{r.randint(1, 99):02}-{r.randint(1, 9999):04}"


def us_itin(r):
    """IRS: 9xx, groups 50-65, 70-88, 90-92, 94-99."""
    group = r.choice([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)])
    return f"9{digits(r, 2)}-{group}-{digits(r, 4)}"


def us_ein(r):
    """IRS: assigned prefixes."""
    return f"{r.choice(['01', '12', '20', '27', '35', '46', '52', '61', '77', '82', '94'])}-{digits(r, 7)}"


def uk_nino(r):
    """HMRC NIM39110."""
    first, second = "ABCEGHJKLMNOPRSTWXYZ", "ABCEGHJKLMNPRSTWXYZ"
    prefix = until(lambda: None if (p := r.choice(first) + r.choice(second)) in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ") else p)
    number, suffix = digits(r, 6), r.choice("ABCD")
    return r.choice([f"{prefix}{number}{suffix}", f"{prefix} {number[:2]} {number[2:4]} {number[4:]} {suffix}"])


def uk_nhs(r):
    """NHS Data Model: mod 11, weights 10 to 2."""

    def make():
        body = r.choice("4679") + digits(r, 8)
        check = 11 - total(range(10, 1, -1), body) % 11
        return None if check == 10 else body + str(check % 11)

    n = until(make)
    return r.choice([n, f"{n[:3]} {n[3:6]} {n[6:]}"])


def de_steuer_id(r):
    """Bundeszentralamt fuer Steuern: ISO 7064 mod 11,10; of the first ten digits exactly one stands twice."""
    kinds = r.sample(string.digits, 9)
    body = kinds + [r.choice(kinds)]
    while True:
        r.shuffle(body)
        if body[0] != "0":
            break
    product = 10
    for d in body:
        s = (int(d) + product) % 10 or 10
        product = s * 2 % 11
    n = "".join(body) + str((11 - product) % 10)
    return r.choice([n, f"{n[:2]} {n[2:5]} {n[5:8]} {n[8:]}"])


def fr_nir(r):
    """INSEE: 97 minus the number mod 97."""
    n = f"{r.choice('12')}{r.randint(40, 99)}{r.randint(1, 12):02}{r.choice([75, 69, 13, 31, 59])}{r.randint(1, 500):03}{r.randint(1, 999):03}"
    key = f"{97 - int(n) % 97:02}"
    return r.choice([n + key, f"{n[0]} {n[1:3]} {n[3:5]} {n[5:7]} {n[7:10]} {n[10:]} {key}"])


def es_dni_nie(r):
    """Real Decreto 1553/2005; letters by the number mod 23."""
    table = "TRWAGMYFPDXBNJZSQVHLCKE"
    if r.random() < 0.6:
        n = digits(r, 8)
        return n + table[int(n) % 23]
    first, n = r.choice("XYZ"), digits(r, 7)
    return first + n + table[int(str("XYZ".index(first)) + n) % 23]


ODD = {c: v for c, v in zip(string.digits + LETTERS, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23])}


def it_codice_fiscale(r):
    """Decreto ministeriale 23 dicembre 1976."""
    consonants = "BCDFGLMNPRSTVZ"
    n = letters(r, 6, consonants) + f"{r.randint(40, 99)}" + r.choice("ABCDEHLMPRST") + f"{r.randint(1, 28) + r.choice([0, 40]):02}" + r.choice(["H501", "F205", "L219", "D612"])
    s = sum(ODD[c] if i % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65) for i, c in enumerate(n))
    return n + chr(65 + s % 26)


def nl_bsn(r):
    """Wet algemene bepalingen burgerservicenummer: elfproef."""

    def make():
        body = str(r.randint(1, 9)) + digits(r, 7)
        check = total(range(9, 1, -1), body) % 11
        return None if check == 10 else body + str(check)

    return until(make)


def br_cpf(r):
    """Receita Federal: two digits mod 11."""

    def check(body):
        rest = total(range(len(body) + 1, 1, -1), body) * 10 % 11
        return str(rest % 10)

    n = digits(r, 9)
    n += check(n)
    n += check(n)
    return r.choice([f"{n[:3]}.{n[3:6]}.{n[6:9]}-{n[9:]}", n])


D5 = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
TURN = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def in_aadhaar(r):
    """UIDAI: Verhoeff's scheme (J. Verhoeff, Error Detecting Decimal Codes, 1969)."""
    body = str(r.randint(2, 9)) + digits(r, 10)
    c = 0
    for i, d in enumerate(reversed(body), 1):
        d = int(d)
        for _ in range(i % 8):
            d = TURN[d]
        c = D5[c][d]
    n = body + str(D5[c].index(0))
    return r.choice([n, f"{n[:4]} {n[4:8]} {n[8:]}"])


def in_pan(r):
    """Income Tax Department: five letters, the fourth says what the holder is, four digits, a letter."""
    return letters(r, 3) + "P" + letters(r, 1) + digits(r, 4) + letters(r, 1)


def kr_rrn(r):
    """Resident Registration Act, Enforcement Rules; check digit mod 11."""
    birth = f"{r.randint(50, 99)}{r.randint(1, 12):02}{r.randint(1, 28):02}"
    body = birth + r.choice("12") + f"{r.randint(0, 90):02}" + digits(r, 3)
    check = (11 - total((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), body) % 11) % 10
    return f"{birth}-{body[6:]}{check}"


def cn_resident_id(r):
    """GB 11643-1999: ISO 7064 mod 11-2."""
    body = r.choice(["110101", "310104", "440305", "510107"]) + f"{r.randint(1950, 2005)}{r.randint(1, 12):02}{r.randint(1, 28):02}" + digits(r, 3)
    s = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body))
    return body + "10X98765432"[s % 11]


def tw_national_id(r):
    """Ministry of the Interior: the letter as two digits, weights 1, 9, 8 … 1, 1."""
    code = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36)))
    first = r.choice("ABCDEFGH")
    n = r.choice("12") + digits(r, 7)
    s = total((1, 9), str(code[first])) + total((8, 7, 6, 5, 4, 3, 2, 1), n)
    return f"{first}{n}{-s % 10}"


def sg_nric(r):
    """Immigration and Checkpoints Authority's scheme as published: weights 2, 7, 6, 5, 4, 3, 2."""
    first, n = r.choice("STFG"), digits(r, 7)
    s = total((2, 7, 6, 5, 4, 3, 2), n) + (4 if first in "TG" else 0)
    return first + n + ("JZIHGFEDCBA" if first in "ST" else "XWUTRQPNMLK")[s % 11]


def au_tfn(r):
    """ATO: weights 1, 4, 3, 7, 5, 8, 6, 9, 10, sum divisible by 11."""

    def make():
        body = str(r.randint(1, 9)) + digits(r, 7)
        s = total((1, 4, 3, 7, 5, 8, 6, 9), body)
        check = next((c for c in range(10) if (s + 10 * c) % 11 == 0), None)
        return None if check is None else body + str(check)

    n = until(make)
    return r.choice([n, f"{n[:3]} {n[3:6]} {n[6:]}"])


def au_medicare(r):
    """Services Australia: weights 1, 3, 7, 9, mod 10, then the issue number."""
    body = r.choice("23456") + digits(r, 7)
    n = body + str(total((1, 3, 7, 9, 1, 3, 7, 9), body) % 10) + str(r.randint(1, 9))
    return r.choice([n, f"{n[:4]} {n[4:9]} {n[9:]}"])


def ca_sin(r):
    """Employment and Social Development Canada: Luhn."""
    body = r.choice("1245679") + digits(r, 7)
    n = body + luhn(body)
    return r.choice([f"{n[:3]}-{n[3:6]}-{n[6:]}", f"{n[:3]} {n[3:6]} {n[6:]}"])


# Secrets: invented, of the published form

BASE62 = string.digits + LETTERS + string.ascii_lowercase
WORD = string.ascii_letters + string.digits


def private_key(r):
    body = base64.b64encode(r.randbytes(600)).decode()
    kind = r.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def aws_key(r):
    return r.choice(["AKIA", "ASIA"]) + letters(r, 16, LETTERS + "234567")


def github_token(r):
    """GitHub Engineering, Behind GitHub's new authentication token formats: CRC-32 in base 62 at the end."""
    body = letters(r, 30, WORD)
    crc, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        check = BASE62[crc % 62] + check
        crc //= 62
    return r.choice(["ghp_", "gho_", "ghs_"]) + body + check


def google_key(r):
    return "AIza" + letters(r, 35, WORD + "_-")


def slack_token(r):
    return f"xoxb-{r.randint(10**11, 10**12 - 1)}-{r.randint(10**11, 10**12 - 1)}-{letters(r, 24, WORD)}"


def jwt(r):
    part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(json.dumps({"sub": digits(r, 10), "iat": r.randint(10**9, 2 * 10**9)}).encode())
    return f"{head}.{body}.{part(r.randbytes(32))}"


def password(r):
    return letters(r, 1, string.ascii_letters) + letters(r, r.randint(7, 11), WORD + "!#%+-_") + str(r.randint(10, 99))


def connection_string(r):
    secret = letters(r, 14, WORD)
    return r.choice([
        f"postgres://app:{secret}@db{r.randint(1, 9)}.internal.example.com:5432/orders",
        f"mysql://batch:{secret}@10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}/crm",
        f"Server=sql{r.randint(1, 9)}.example.co.jp;Database=kokyaku;User Id=sa;Password={secret};",
        f"mongodb+srv://svc:{secret}@cluster{r.randint(1, 9)}.example.net/app",
    ])
