"""People of other countries, in the language and with the telephones of each: names, numbers and forms from Faker's locales."""

from faker import Faker

from .layouts import Document, label

# What is said of one person, in each language.
SAID = {
    "en_GB": ["My name is {name} and my number is {phone}.", "Please call {name} on {phone}.", "Policyholder: {name}, mobile: {phone}", "{name} (born {birth}) moved, tel. {phone}", "Ship to: {name}\nPhone: {phone}"],
    "de_DE": ["Frau {name}, Tel. {phone}, hat gekündigt.", "Kunde: {name}\nTelefon: {phone}", "Name: {name}, Handy: {phone}", "Bitte rufen Sie {name}, Tel.: {phone}, zurück."],
    "fr_FR": ["Madame {name}, tél. {phone}, demande un remboursement.", "Nom : {name}\nTéléphone : {phone}", "Merci de rappeler {name}, tél. : {phone}."],
    "es_ES": ["Cliente: {name}\nTeléfono: {phone}", "Nombre: {name}, móvil: {phone}", "La Sra. {name}, teléfono {phone}, pidió un reembolso."],
    "it_IT": ["Nome: {name}\nTelefono: {phone}", "La cliente {name}, cellulare: {phone}, ha disdetto.", "Signora {name}, tel. {phone}"],
    "nl_NL": ["Naam: {name}\nTelefoon: {phone}", "Klant {name}, mobiel: {phone}, heeft opgezegd.", "Patient: {name}, tel. {phone}"],
}


class Locales:
    """One generator a locale, each with its own seed."""

    def __init__(self, r):
        self.r = r
        self.fakers = {}
        for at, locale in enumerate(SAID):
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(20261130 + at)

    def letter(self, locale, count):
        """A mail in one language about so many people."""
        r, fake = self.r, self.fakers[locale]
        lines, labels = [], []
        for _ in range(count):
            name, phone = f"{fake.first_name()} {fake.last_name()}", fake.phone_number()
            birth = f"{r.randint(1, 28)} May {r.randint(1940, 2010)}"
            template = r.choice(SAID[locale])
            lines += [template.format(name=name, phone=phone, birth=birth), ""]
            labels += [label("person_name|jp.name", name), label("phone|jp.phone", phone)]
            if "{birth}" in template:
                labels.append(label("birth_date|jp.birth_date", birth))
        return Document("text.abroad", locale[:2], count, labels, text="\n".join(["Hello,", "", *lines]), title="Note")
