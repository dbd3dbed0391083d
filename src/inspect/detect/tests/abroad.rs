//! People of other countries: how they are named, and how their telephones are written there.

use super::*;
use crate::inspect::Validation;

#[test]
fn people_are_named_as_they_say_themselves_and_as_forms_call_them() {
    expect_people(&[
        ("My name is Vanessa P. Hertzog but everyone calls me Vanessa.", 1),
        ("The caller asked for a refund; his full name is Riku Andou.", 1),
        ("Bot: What is the name on the account? The name on the account is Šárka Ottová.", 1),
        ("Policyholder: Éva Szölösi", 1),
        ("Ship to: Sara Schwarz\n28245 Puruntie 82", 1),
        ("Frau Anna Schneider hat gekündigt.", 1),
        ("Kundin: Brigitte Vogel", 1),
        ("Naam: Sten van den Oever", 1),
        ("The file name is Annual Report. Its name is Sekisho Proxy.", 0),
        ("Ship to: Acme Widgets\nContact: Sales Team\nMember: Gold Status", 0),
        ("Dear Mr. Smith, my company's name is Acme Trading.", 0),
    ]);
}

#[test]
fn a_known_name_on_the_line_of_a_value_is_whose_it_is() {
    expect_people(&[
        ("We saw Marie Dupont (born 12 May 2011) yesterday.", 1),
        ("Vertragspartner: Hans Müller, Hauptstraße 5, 10115 Berlin, Tel. 030 901820", 1),
        ("La cliente Anna Bianchi, cellulare: 347 1234567, ha disdetto.", 1),
        ("Klant Helena van den Berg, mobiel: (0550)-102935, heeft opgezegd.", 1),
        ("Please call George Jones on 0151 496 0686.", 1),
        ("Name: Ramona Girschner, Handy: 0831313675", 1),
        ("Complaint of Weber, Jürgen, mobile 0171 1234567", 1),
        ("Delivery on 12 May 2026 by Northern Freight, Dock 5, phone 020 7946 0000", 0),
    ]);
}

#[test]
fn a_title_makes_a_surname_somebody_of_whom_something_is_said() {
    expect_people(&[
        ("Mr. Smith (tel. +1 212 555 0147) called.", 1),
        ("Herr Müller (Tel. 0171 2345678) und Frau Schmidt, IBAN DE89 3704 0044 0532 0130 00", 2),
        ("Mary Brown (+1 212 555 0147) called. Mrs. Brown's number is +1 212 555 0147.", 1),
        ("Mary Brown (+1 212 555 0147) called.\nMrs. Brown was born on 12 May 1971.", 1),
        ("Mary Brown (+1 212 555 0147) called.\nMr. Jones was born on 12 May 1971.", 2),
        ("Anna-Maria López - 628-555-0199", 1),
        ("Mrs. Smith, 212-555-0188, called.", 1),
        ("Mr. Peter Jones said that Mr. Jones' SSN is 123-45-6789.", 1),
        ("Mr. Smith called. Dr. Jones did not. Ms. Excel is a program.", 0),
        ("Dear Mr. Smith,\n\nMs. Brown will call you.", 0),
    ]);
}

#[test]
fn the_mask_of_a_name_begins_with_the_name() {
    let (findings, _) = mail("Also our customer Acme's contact: Carol White, VP Sales, carol.white@acme.example.");
    let name = findings.iter().find(|finding| finding.detector == "person_name").unwrap();
    assert_eq!(name.examples[0].masked, "C***", "{}", told(&findings));
}

#[test]
fn telephones_are_found_as_each_country_writes_them() {
    expect_people(&[
        ("Nom : Jean Dupont, tél. 06 12 34 56 78", 1),
        ("Merci de rappeler Lucas Laine, tél. : 05 57 69 47 95.", 1),
        ("Name: Emilie Broberg\nPhone: 72 128 827", 1),
        ("Please call her at 0494 92 82 32 about the claim.", 1),
        ("Mobile: 0490 39 07 81\nE-mail: none", 1),
        ("姓名：王小明 手机：13812345678", 1),
        // A telephone that stands somewhere is nobody's own.
        ("Our office is open until five. Office: 030 901820, Fax: 030 901821", 0),
        ("Model: Mobile 2000-1234-99. Call at 10.30. Contact on 2026-11-30 10:00.", 0),
    ]);
}

#[test]
fn telephones_abroad_stand_under_their_header() {
    let rows = [
        "Vorname\tNachname\tTelefon",
        "Hans\tWeber\t0171 1234567",
        "Anna\tSchneider\t030 901820",
        "Jürgen\tVogel\t(089) 1234 567",
        "Sabine\tKrüger\t0049 171 7654321",
    ];
    let (findings, people) = sheet(&rows.map(str::to_owned));
    assert_eq!((people, count(&findings, "phone")), (4, 4), "{}", told(&findings));
}

#[test]
fn a_number_that_only_its_label_calls_so_claims_no_numbering_plan() {
    let told = |(findings, _): (Vec<Finding>, u32)| {
        let phone = findings.iter().find(|finding| finding.detector == "phone").unwrap();
        phone.examples[0].why.as_ref().unwrap().validation
    };
    assert_eq!(told(mail("Name: Hans Weber\nTelefon: 0171 1234567")), Some(Validation::Structure));
    assert_eq!(told(mail("Name: John Smith, phone: +1 650-253-0000")), Some(Validation::NumberingPlan));
    let rows = ["Name\tTelefon", "Hans Weber\t030 901820", "Anna Schneider\t0171 1234567"];
    assert_eq!(told(sheet(&rows.map(str::to_owned))), Some(Validation::Structure));
}

#[test]
fn numbers_that_no_header_calls_telephones_are_none() {
    let names = ["John Smith", "Mary Brown", "Peter Clark", "Susan Miller", "James Wilson"];
    let rows: Vec<String> = (1..).zip(names).map(|(row, name)| format!("{name}\t{}058{row}.{row}7", row + 2)).collect();
    let (findings, _) = sheet(&rows);
    assert_eq!((count(&findings, "person_name"), count(&findings, "phone")), (5, 0), "{}", told(&findings));
}

#[test]
fn a_card_of_few_digits_is_one_where_a_word_calls_it_so() {
    for (text, cards) in
        [("My card 503867297114 is lost.", 1), ("Parcel 503867297114 is lost.", 0), ("card 503867297115", 0)]
    {
        let (findings, _) = mail(text);
        assert_eq!(count(&findings, "credit_card"), cards, "{text}: {}", told(&findings));
    }
}
