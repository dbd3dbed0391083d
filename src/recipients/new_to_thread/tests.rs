use super::*;
use crate::recipients::fixture::Mail;

const ME: &str = "sato@example.co.jp";

/// An answer in a thread of these people, known from what went out.
fn answer(to: &[&str], participants: &[&str]) -> Vec<Option<Issue>> {
    Mail::to(to)
        .subject("Re: お見積りの件")
        .answers(&["<1@a.example>"])
        .thread("<1@a.example>", ME, participants)
        .issues(Check::NewToThread)
}

#[test]
fn who_was_not_part_of_the_thread_is_named_with_who_was() {
    // Who took part, who gets the answer, and who was probably meant.
    let cases: [(&[&str], &str, &str); 41] = [
        (&["yamada@kita.jp"], "yamada@minami.jp", "yamada@kita.jp"),
        (&["yamada@kita.jp"], "yamda@kita.jp", "yamada@kita.jp"),
        (&["yamada@kita.jp"], "yamada@kita.co", "yamada@kita.jp"),
        (&["yamada@kita.jp"], "suzuki@kita.jp", ""),
        (&["yamada@kita.jp"], "suzuki@minami.jp", ""),
        (&["yamada@kita.jp"], "x@other.example", ""),
        (&["yamada@kita.jp"], "hanako@gmail.com", ""),
        (&["yamada@kita.jp"], "yamada@gmail.com", "yamada@kita.jp"),
        (&["yamada@kita.jp", "suzuki@kita.jp"], "tanaka@kita.jp", ""),
        (&["yamada@kita.jp", "suzuki@kita.jp"], "suzuki@minami.jp", "suzuki@kita.jp"),
        (&["yamada.taro@kita.jp"], "taro.yamada@minami.jp", "yamada.taro@kita.jp"),
        (&["yamada.taro@kita.jp"], "yamada.jiro@kita.jp", ""),
        (&["yamada.taro@kita.jp"], "taro_yamada@kita.jp", "yamada.taro@kita.jp"),
        (&["t.yamada@kita.jp"], "t.yamada@minami.jp", "t.yamada@kita.jp"),
        (&["john.smith@acme.example"], "john.smith@acne.example", "john.smith@acme.example"),
        (&["john.smith@acme.example"], "john.smyth@acme.example", "john.smith@acme.example"),
        (&["john.smith@acme.example"], "jane.doe@acme.example", ""),
        (&["john.smith@acme.example"], "smith.john@globex.example", "john.smith@acme.example"),
        (&["a@x.example", "b@x.example", "c@x.example", "d@x.example"], "e@x.example", ""),
        (&["info@kita.jp"], "info@minami.jp", ""),
        (&["info@kita.jp"], "sales@kita.jp", ""),
        (&["boss@example.co.jp"], "yamada@kita.jp", ""),
        (&["boss@example.co.jp", "yamada@kita.jp"], "ito@minami.jp", ""),
        (&["hanako@docomo.ne.jp"], "hanako@softbank.ne.jp", "hanako@docomo.ne.jp"),
        (&["hanako@docomo.ne.jp"], "hanaco@docomo.ne.jp", "hanako@docomo.ne.jp"),
        (&["müller@werk.example"], "mueller@werk.example", ""),
        (&["yamada@kita.jp"], "YAMADA@MINAMI.JP", "yamada@kita.jp"),
        (&["watanabe@higashi.jp"], "watanabe@nishi.jp", "watanabe@higashi.jp"),
        (&["watanabe@higashi.jp"], "watanabe-k@higashi.jp", ""),
        (&["watanabe@higashi.jp"], "kobayashi@nishi.jp", ""),
        (&["saito@kita.jp"], "saitou@kita.jp", "saito@kita.jp"),
        (&["saito@kita.jp"], "saitoh@kita.jp", "saito@kita.jp"),
        (&["saito@kita.jp"], "kato@kita.jp", ""),
        (&["ono@kita.jp"], "ohno@kita.jp", ""),
        (&["lawyer@firm.example"], "lawyers@firm.example", "lawyer@firm.example"),
        (&["lawyer@firm.example"], "opponent@other.example", ""),
        (&["buyer1@shop.example"], "buyer2@shop.example", "buyer1@shop.example"),
        (&["maria@empresa.example"], "mario@empresa.example", "maria@empresa.example"),
        (&["keiri@kita.jp"], "keiri@minami.jp", ""),
        (&["president@kita.jp"], "all@kita.jp", ""),
        (&["yamada@kita.jp"], "yamada@mail.kita.jp", "yamada@kita.jp"),
    ];
    for (participants, to, meant) in cases {
        let issue = answer(&[to], participants).remove(0).unwrap_or_else(|| panic!("{to} is new to {participants:?}"));
        assert_eq!(issue.suggestion.as_deref().unwrap_or_default(), meant, "{to} in {participants:?}");
        assert!(issue.detail.contains(" + thread of ") && issue.reason.is_some(), "{issue:?}");
    }
}

#[test]
fn who_was_part_of_it_is_not_new() {
    let participants =
        ["yamada@kita.jp", "Suzuki+x@kita.jp", "taro.yamada@gmail.com", "hanako@docomo.ne.jp", "x@other.example"];
    let mut quiet = 0;
    for to in participants {
        for written in [to.to_owned(), to.to_uppercase(), to.replace('@', "+tag@"), to.replace('@', "+a.b@")] {
            assert_eq!(answer(&[&written], &participants), [None], "{written}");
            quiet += 1;
        }
    }
    // All of them, whoever else is ours.
    for colleague in ["boss@example.co.jp", "new@sub.example.co.jp"] {
        for to in participants {
            assert_eq!(answer(&[to, colleague], &participants), [None, None]);
            quiet += 2;
        }
    }
    assert!(quiet >= 40, "{quiet}");
}

#[test]
fn who_has_been_on_mails_with_them_or_is_introduced_is_not_news() {
    let thread = |to: &str| {
        let mail = Mail::to(&["yamada@kita.jp", to]).subject("Re: お見積りの件").answers(&["<1@a.example>"]);
        mail.thread("<1@a.example>", ME, &["yamada@kita.jp", "ito@example.co.jp"])
    };
    let new = |mail: Mail| mail.issues(Check::NewToThread).remove(1).is_some();
    for to in ["suzuki@kita.jp", "suzuki@minami.jp", "suzuki@gmail.com"] {
        assert!(new(thread(to)), "{to}");
        // With one of them on a mail, whoever wrote it, or written to by a colleague who takes part.
        assert!(!new(thread(to).before(1, "boss@example.co.jp", &["yamada@kita.jp", to])), "{to}");
        assert!(!new(thread(to).before(1, "ito@example.co.jp", &[to])), "{to}");
        // What the sender alone had with it says nothing, nor does a mail with somebody else.
        assert!(new(thread(to).before(9, ME, &[to])), "{to}");
        assert!(new(thread(to).before(9, ME, &[to, "x@other.example"])), "{to}");
        for line in [
            "CCに弊社担当者を入れております。",
            "CCに鈴木様を追加いたしました。",
            "Adding Suzuki-san to this thread.",
            "+Suzuki",
        ] {
            let opening = format!("山田様\nお世話になっております。\n{line}");
            assert!(!new(thread(to).opening(&opening)), "{to} {line}");
        }
        for line in ["CCに田中を入れております。", "Adding Mary Jones.", "鈴木様の件です。"] {
            assert!(new(thread(to).opening(&format!("山田様\n{line}"))), "{to} {line}");
        }
    }
    // The namesake of one who is left out is news, until he has often been with them.
    let namesake = |times| {
        let mail = Mail::to(&["suzuki@minami.jp"]).subject("Re: x").answers(&["<1@a.example>"]);
        let mail = mail.thread("<1@a.example>", ME, &["suzuki@kita.jp", "ito@kita.jp"]);
        mail.before(times, ME, &["suzuki@minami.jp", "ito@kita.jp"]).issues(Check::NewToThread).remove(0).is_some()
    };
    assert!(namesake(1) && !namesake(4));
}

#[test]
fn where_nobody_knows_who_took_part_nobody_is_new() {
    let to = ["x@new.example"];
    let new = |mail: Mail| mail.issues(Check::NewToThread).remove(0).is_some();
    let known = |mail: Mail| mail.thread("<1@a.example>", ME, &["yamada@kita.jp"]);
    // No thread, an unknown one, and a forwarded mail in each spelling.
    assert!(!new(known(Mail::to(&to).subject("お見積り"))));
    assert!(!new(Mail::to(&to).subject("Re: x").answers(&["<1@a.example>"])));
    assert!(!new(known(Mail::to(&to).subject("Re: x").answers(&["<2@a.example>"]))));
    for subject in ["Fw: x", "FWD: x", "Fw：x", "転送: x", "WG: x", "  fwd: Re: x"] {
        assert!(!new(known(Mail::to(&to).subject(subject).answers(&["<1@a.example>"]))), "{subject}");
    }
    assert!(new(known(Mail::to(&to).subject("Re: x").answers(&["<0@a.example>", "<1@a.example>"]))));
}

#[test]
fn those_named_in_the_quoted_headers_took_part() {
    let mut mail = Mail::to(&["yamada@kita.jp", "suzuki@minami.jp"]).subject("RE: x").answers(&["<9@z.example>"]);
    mail.letter.quoted = vec!["yamada@kita.jp".to_owned(), ME.to_owned()];
    let issues = mail.issues(Check::NewToThread);
    assert_eq!(issues[0], None);
    assert_eq!(issues[1].as_ref().unwrap().detail, "suzuki@minami.jp + thread of yamada@kita.jp");
}
