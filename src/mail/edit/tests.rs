//! What an edit changes, and that it changes nothing else.

use super::*;
use proptest::prelude::*;

fn ours(address: &Address) -> bool {
    address.domain().eq_ignore_ascii_case("example.co.jp")
}

fn edited(edits: &Edits, mail: &str) -> String {
    let message = edits.apply(&Message::new(mail.as_bytes().to_vec()), ours);
    String::from_utf8(message.bytes().to_vec()).unwrap()
}

fn bcc(mail: &str) -> String {
    edited(&Edits { bcc: true, ..Edits::default() }, mail)
}

fn tag(tag: &str, mail: &str) -> String {
    edited(&Edits { tags: BTreeSet::from([tag.to_owned()]), ..Edits::default() }, mail)
}

fn add(name: &str, value: &str, mail: &str) -> String {
    let headers = BTreeSet::from([(name.to_owned(), value.to_owned())]);
    edited(&Edits { headers, ..Edits::default() }, mail)
}

#[test]
fn outsiders_leave_to_and_cc_and_nothing_else_changes() {
    for (before, after) in [
        ("To: a@example.co.jp, x@out.example\r\n", "To: a@example.co.jp\r\n"),
        ("TO : \"Out, X\" <x@out.example>,\r\n\tB <b@example.co.jp> (desk)\r\n", "TO: B <b@example.co.jp> (desk)\r\n"),
        ("To: a@example.co.jp\r\nCc: x@out.example\r\n", "To: a@example.co.jp\r\n"),
        ("To: x@out.example\r\nCc: a@example.co.jp\r\n", "Cc: a@example.co.jp\r\n"),
        ("To: x@out.example, y@out.example\r\n", "To: undisclosed-recipients:;\r\n"),
        ("To: x@out.example\r\nTo: y@out.example\r\nCc: z@out.example\r\n", "To: undisclosed-recipients:;\r\n"),
        ("To: x@out.example\r\nTo: a@example.co.jp\r\n", "To: a@example.co.jp\r\n"),
        ("Cc: x@out.example\r\n", "To: undisclosed-recipients:;\r\n"),
        ("To: a@example.co.jp\r\nBcc: x@out.example\r\n", "To: a@example.co.jp\r\n"),
        ("To: team: x@out.example, a@example.co.jp;, y@out.example\r\n", "To: team: a@example.co.jp;\r\n"),
        ("To: customers: x@out.example, y@out.example;, a@example.co.jp\r\n", "To: a@example.co.jp\r\n"),
        (
            "To: =?UTF-8?B?5bGx55Sw?= <x@out.example>, =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <a@example.co.jp>\r\n",
            "To: =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <a@example.co.jp>\r\n",
        ),
        ("To: 佐藤 <a@example.co.jp>, x@out.example\r\n", "To: 佐藤 <a@example.co.jp>\r\n"),
        ("To: a@example.co.jp (x@out.example, too), x@out.example\r\n", "To: a@example.co.jp (x@out.example, too)\r\n"),
    ] {
        let (head, tail) =
            ("Received: by x\r\n\tid 1\r\nFrom: a@example.co.jp\r\n", "Subject: s\r\n\r\nTo: x@out.example\r\n");
        let expected = if after == "To: undisclosed-recipients:;\r\n" && before.starts_with("Cc") {
            format!("{head}Subject: s\r\n{after}\r\nTo: x@out.example\r\n")
        } else {
            format!("{head}{after}{tail}")
        };
        assert_eq!(bcc(&format!("{head}{before}{tail}")), expected);
    }
}

#[test]
fn a_list_of_colleagues_keeps_its_bytes() {
    let mail = "To:\r\n a@example.co.jp ,b@EXAMPLE.co.jp\r\nCc:  team:a@example.co.jp;\r\n\r\nbody";
    assert_eq!(bcc(mail), mail);
}

#[test]
fn a_list_in_raw_jis_keeps_its_addresses() {
    let jis = encoding_rs::ISO_2022_JP.encode("佐藤、山田").0;
    let mail = [b"To: ", &*jis, b" <a@example.co.jp>, x@out.example\r\n\r\nbody"].concat();
    let message = Edits { bcc: true, ..Edits::default() }.apply(&Message::new(mail), ours);
    assert_eq!(message.bytes(), b"To: <a@example.co.jp>\r\n\r\nbody");
}

#[test]
fn the_tag_stands_before_the_subject_whose_own_bytes_stay() {
    for (before, after) in [
        ("Subject: hello\r\n", "Subject: [EXT] hello\r\n"),
        ("subject:hello\r\n world\r\n", "subject: [EXT] hello\r\n world\r\n"),
        ("Subject: =?UTF-8?B?5Lu25ZCN?=\r\n", "Subject: [EXT] =?UTF-8?B?5Lu25ZCN?=\r\n"),
        ("Subject: Re: [EXT] hello\r\n", "Subject: Re: [EXT] hello\r\n"),
        ("Subject:\r\n", "Subject: [EXT]\r\n"),
        ("Subject: one\r\nSubject: two\r\n", "Subject: [EXT] one\r\nSubject: two\r\n"),
        ("X: 1\r\n", "X: 1\r\nSubject: [EXT]\r\n"),
    ] {
        assert_eq!(tag("[EXT]", &format!("{before}\r\nbody")), format!("{after}\r\nbody"));
    }
    let long = "x".repeat(70);
    assert_eq!(tag("[EXT]", &format!("Subject: {long}\r\n\r\n")), format!("Subject: [EXT]\r\n {long}\r\n\r\n"));
}

#[test]
fn a_japanese_tag_is_read_as_it_is_meant_in_either_charset() {
    let subject = |mail: &str| {
        let message = Message::new(mail.as_bytes().to_vec());
        header::decode(message.header("Subject").unwrap().value)
    };
    let utf8 = tag("[社外]", "Subject: =?UTF-8?B?5Lu25ZCN?=\r\n\r\n");
    assert_eq!((subject(&utf8).as_str(), utf8.contains("UTF-8?B?5Lu25ZCN?=")), ("[社外] 件名", true));
    let jis = tag("[社外]", "Subject: =?ISO-2022-JP?B?GyRCN29MPhsoQg==?=\r\n\r\n");
    assert_eq!(subject(&jis), "[社外] 件名");
    assert!(
        jis.starts_with("Subject: =?ISO-2022-JP?B?") && jis.ends_with(" =?ISO-2022-JP?B?GyRCN29MPhsoQg==?=\r\n\r\n")
    );
    // What ISO-2022-JP has no character for.
    assert_eq!(subject(&tag("[社外😀]", "Subject: =?ISO-2022-JP?B?GyRCN29MPhsoQg==?=\r\n\r\n")), "[社外😀] 件名");
    assert_eq!(subject(&tag("[社外]", "Subject: hello\r\n\r\n")), "[社外] hello");
    let long = "社外秘".repeat(30);
    let tagged = tag(&long, "Subject: hello\r\n\r\n");
    assert_eq!(subject(&tagged), format!("{long} hello"));
    assert!(tagged.lines().all(|line| line.len() <= 86), "{tagged}");
}

#[test]
fn fields_are_added_once_at_the_end_of_the_header() {
    let once = add("X-Class", "internal", "From: a\r\nTo: b\r\n\r\nbody\r\n");
    assert_eq!(once, "From: a\r\nTo: b\r\nX-Class: internal\r\n\r\nbody\r\n");
    assert_eq!(add("X-Class", "internal", &once), once);
    assert_eq!(add("X-Class", "a", "\r\nbody"), "X-Class: a\r\n\r\nbody");
    assert_eq!(add("X-Class", "a", "From: a\r\n"), "From: a\r\nX-Class: a\r\n");
    assert_eq!(add("X-Class", "a", "From: a"), "From: a\r\nX-Class: a\r\n");
    assert_eq!(add("X-Class", "社外", "From: a\r\n\r\n"), "From: a\r\nX-Class: =?UTF-8?B?56S+5aSW?=\r\n\r\n");
}

#[test]
fn no_rule_adds_what_mail_programs_act_on() {
    for name in ["Subject", "TO", "Content-Type", "DKIM-Signature", "Resent-To", "", "X Y", "X:", "Ⅹ", "X\r\nBcc"] {
        assert!(addable(name).is_err(), "{name}");
    }
    assert_eq!(addable("X-Classification"), Ok(()));
}

proptest! {
    /// Whatever the mail is: its body and every field that is not concerned stay as they are.
    #[test]
    fn everything_else_is_identical(mail in proptest::collection::vec(any::<u8>(), 0..200), head in "(To|Cc|Subject|X-A): [ -~]{0,40}\r\n( [ -~]{1,20}\r\n)?") {
        let bytes = [head.as_bytes(), &mail].concat();
        let message = Message::new(bytes);
        let edits = Edits {
            bcc: true,
            tags: BTreeSet::from(["[社外]".to_owned()]),
            headers: BTreeSet::from([("X-Added".to_owned(), "1".to_owned())]),
        };
        let after = edits.apply(&message, ours);
        prop_assert_eq!(after.body(), message.body());
        let others = |message: &Message| -> Vec<(Vec<u8>, Vec<u8>)> {
            let concerned = ["To", "Cc", "Bcc", "Subject", "X-Added"];
            message
                .headers()
                .filter(|field| !concerned.iter().any(|name| field.is(name)))
                .map(|field| (field.name.to_vec(), field.value.to_vec()))
                .collect()
        };
        prop_assert_eq!(others(&after), others(&message));
        prop_assert_eq!(Edits::default().apply(&message, ours), message);
    }
}
