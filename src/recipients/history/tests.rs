use super::*;

fn lesson(sender: &str, to: &[(&str, &str)]) -> Lesson {
    let to = to.iter().map(|(address, display_name)| LessonTo {
        address: (*address).to_owned(),
        display_name: (*display_name).to_owned(),
        greeted: Vec::new(),
    });
    Lesson { sender: sender.to_owned(), to: to.collect(), message_id: Some("<1@x>".to_owned()), thread: Vec::new() }
}

const NOW: Day = Day(20_000);

fn about(weight: f32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    let rounded = (weight * 100.0).round() as i32;
    rounded
}

#[test]
fn a_mail_counts_once_for_each_pair_and_fades() {
    let mut history = History::default();
    let mail = lesson("Sato@example.co.jp", &[("Yamada+x@kita.jp", "山田　次郎"), ("suzuki@kita.jp", "")]);
    history.learn(&mail, NOW);
    history.learn(&mail, NOW);
    let weight = |relation, from: &str, to: &str, day| about(history.weight(relation, from, to, day));
    assert_eq!(weight(Relation::Wrote, "sato@example.co.jp", "yamada@kita.jp", NOW), 200);
    assert_eq!(weight(Relation::WroteDomain, "sato@example.co.jp", "kita.jp", NOW), 200);
    assert_eq!(weight(Relation::Known, "", "yamada@kita.jp", Day(NOW.0 + 180)), 100);
    assert_eq!(weight(Relation::Named, "山田次郎", "yamada@kita.jp", NOW), 200);
    assert_eq!(weight(Relation::Thread, "<1@x>", "sato@example.co.jp", NOW), 200);
    assert_eq!(weight(Relation::Wrote, "sato@example.co.jp", "nobody@kita.jp", NOW), 0);
    let mut together: Vec<_> = history.of(Relation::Together, "yamada@kita.jp", NOW).map(|(who, _)| who).collect();
    together.sort_unstable();
    assert_eq!(together, ["suzuki@kita.jp"]);
}

#[test]
fn a_mail_learned_late_counts_as_of_its_day() {
    let (mut in_time, mut late) = (History::default(), History::default());
    let mail = lesson("a@x.jp", &[("b@y.jp", "")]);
    let earlier = Day(NOW.0 - 90);
    in_time.learn(&mail, earlier);
    in_time.learn(&mail, NOW);
    late.learn(&mail, NOW);
    late.learn(&mail, earlier);
    let weight = |history: &History| about(history.weight(Relation::Wrote, "a@x.jp", "b@y.jp", NOW));
    assert_eq!(weight(&in_time), weight(&late));
    assert_eq!(late.began(), Some(earlier));
}

#[test]
fn what_is_kept_can_be_put_back() {
    let mut history = History::default();
    let counts = history.learn(&lesson("a@x.jp", &[("b@y.jp", "B"), ("c@z.jp", "")]), NOW);
    history.learn(&lesson("a@x.jp", &[("b@y.jp", "B")]), Day(NOW.0 + 1));
    let mut again = History::default();
    history.entries().for_each(|entry| again.restore(&entry));
    let sorted = |history: &History| {
        let mut all: Vec<String> = history.entries().map(|entry| format!("{entry:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&again), sorted(&history));
    assert_eq!(again.len(), counts.len());
}

#[test]
fn a_person_can_be_forgotten() {
    let mut history = History::default();
    history.learn(&lesson("a@x.jp", &[("b@y.jp", "山田"), ("c@z.jp", "")]), NOW);
    let dropped = history.forget("B+news@Y.jp");
    assert!(dropped.iter().all(|entry| entry.from == "b@y.jp" || entry.to == "b@y.jp"));
    assert!(!dropped.is_empty());
    assert!(history.entries().all(|entry| !format!("{entry:?}").contains("b@y.jp")), "{:?}", history);
    assert!(history.names.number("b@y.jp").is_none() && history.names.number("山田").is_none());
    assert_eq!(history.of(Relation::Wrote, "a@x.jp", NOW).count(), 1);
    assert!(history.forget("b@y.jp").is_empty());
}

#[test]
fn beyond_its_bound_it_keeps_what_is_worth_most() {
    let mut history = History::default();
    for n in 0..100u16 {
        history.learn(&lesson("a@x.jp", &[(&format!("p{n}@y.jp"), "")]), Day(NOW.0 - 200 + n));
    }
    let before = history.len();
    let dropped = history.prune(50, NOW);
    assert!(history.len() <= 50 && before - history.len() == dropped.len(), "{} of {before}", history.len());
    assert!(history.weight(Relation::Wrote, "a@x.jp", "p99@y.jp", NOW) > 0.0);
    assert!(history.weight(Relation::Wrote, "a@x.jp", "p0@y.jp", NOW) == 0.0);
    history.prune(50, Day(NOW.0 + 3_000));
    assert!(history.is_empty());
}

#[test]
fn all_mails_are_counted_whatever_becomes_of_those_who_got_them() {
    let sum = |history: &History, day| history.of(Relation::Known, "", day).map(|(_, weight)| weight).sum::<f32>();
    let mut history = History::default();
    for n in 0..50u16 {
        history
            .learn(&lesson("a@x.jp", &[(&format!("p{}@y.jp", n % 20), ""), ("b@y.jp", "")]), Day(NOW.0 - 500 + 10 * n));
    }
    let mut again = History::default();
    // Twice, as a backup is put back over what is there.
    (0..2).for_each(|_| history.entries().for_each(|entry| again.restore(&entry)));
    assert_eq!(about(again.all(NOW)), about(history.all(NOW)));
    history.forget("p3@y.jp");
    history.prune(40, NOW);
    for day in [NOW, Day(NOW.0 + 100)] {
        assert!(history.all(day) > 1.0 && (history.all(day) - sum(&history, day)).abs() < 0.01, "{}", history.all(day));
    }
    history.prune(0, NOW);
    assert!(history.all(NOW) < 0.01);
}

#[test]
fn a_mailing_teaches_nothing_about_who_belongs_together() {
    let mut history = History::default();
    let to: Vec<(String, &str)> = (0..1_000).map(|n| (format!("p{n}@y{n}.jp"), "")).collect();
    let to: Vec<(&str, &str)> = to.iter().map(|(address, name)| (address.as_str(), *name)).collect();
    history.learn(&lesson("a@x.jp", &to), NOW);
    assert!(history.len() < 5_000, "{}", history.len());
    assert_eq!(history.of(Relation::Together, "p1@y1.jp", NOW).count(), 0);
    assert_eq!(history.of(Relation::Wrote, "a@x.jp", NOW).count(), 1_000);
}

#[test]
fn one_mailbox_is_one_person() {
    assert_eq!(folded("Taro.Yamada+shop@GoogleMail.com"), "taroyamada@gmail.com");
    assert_eq!(folded("Taro.Yamada+shop@example.com."), "taro.yamada@example.com");
    assert_eq!(folded(""), "");
}
