//! What each person finds in which part, in which order, and how leaves follow each other.

use super::*;
use crate::{
    hold::{Cause, fixture::*},
    inspect::Reason,
    journal::Via,
    policy::Action,
    recipients::Check,
};

async fn part(hold: &Hold, who: &str, part: Part) -> usize {
    let wish = Wish { part, ..Wish::default() };
    hold.leaf(&address(who), &wish, noon()).await.unwrap().lines.len()
}

#[tokio::test]
async fn each_person_sees_what_is_theirs_and_what_they_may_do() {
    let dir = tempfile::tempdir().unwrap();
    let (_, hold) = hold_in(dir.path(), settings()).await;
    let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
    hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
    let parts = [Part::Waiting, Part::Others, Part::Own, Part::Done];
    for (person, seen) in
        [(SENDER, [0, 2, 2, 0]), (BOSS, [1, 0, 0, 0]), (SECURITY, [1, 1, 0, 0]), ("eve@example.co.jp", [0, 0, 0, 0])]
    {
        for (part_of, count) in parts.into_iter().zip(seen) {
            assert_eq!(part(&hold, person, part_of).await, count, "{person} {part_of:?}");
        }
    }
    hold.approve(&id, &address(BOSS), Via::Console, "", noon()).await.unwrap();
    for (person, seen) in [(SENDER, [0, 1, 2, 1]), (BOSS, [0, 0, 0, 1]), ("eve@example.co.jp", [0, 0, 0, 0])] {
        for (part_of, count) in parts.into_iter().zip(seen) {
            assert_eq!(part(&hold, person, part_of).await, count, "{person} {part_of:?} after the decision");
        }
    }
}

#[tokio::test]
async fn leaves_follow_each_other_without_gap_or_repetition_though_most_is_somebody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let (_, hold) = hold_in(dir.path(), settings()).await;
    for number in 0..(2 * LEAF + 3) {
        let action = if number % 2 == 0 { Action::RequireApproval } else { Action::Hold };
        hold.take(arrival(vec![group(action, &[&format!("to{number}@x.example.com")])])).await.unwrap();
    }
    for (person, part, count) in
        [(BOSS, Part::Waiting, LEAF + 2), (SECURITY, Part::Others, LEAF + 2), (SENDER, Part::Own, 2 * LEAF + 3)]
    {
        let (mut wish, mut ids) = (Wish { part, ..Wish::default() }, Vec::new());
        loop {
            let leaf = hold.leaf(&address(person), &wish, noon()).await.unwrap();
            assert!(leaf.lines.len() <= LEAF);
            ids.extend(leaf.lines.into_iter().map(|line| line.summary.id));
            let Some(next) = leaf.next else { break };
            wish.behind = Some(next.to_string().parse().unwrap());
        }
        let seen = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!((seen, ids.len()), (count, count), "{person}");
    }
}

/// Three mails, one after the other: about 5, 2,000 and 0 people; the third is delayed and so has the nearest deadline.
async fn three(dir: &std::path::Path) -> Hold {
    let ten_days = std::time::Duration::from_secs(10 * 24 * 60 * 60);
    let (_, hold) = hold_in(dir, crate::hold::Settings { expires_after: ten_days, ..settings() }).await;
    for (number, persons, action) in [(0, 5, Action::Hold), (1, 2_000, Action::Hold), (2, 0, Action::Delay)] {
        let mut mail = arrival(vec![group(action, &[&format!("to{number}@x.example.com")])]);
        mail.subject = number.to_string();
        mail.inspection.persons = persons;
        mail.at += SignedDuration::from_mins(number);
        hold.take(mail).await.unwrap();
    }
    hold
}

async fn subjects(hold: &Hold, part: Part, order: Option<Order>, only: Only) -> Vec<String> {
    let (who, now) = (address(SECURITY), noon() + SignedDuration::from_mins(5));
    let (mut wish, mut seen) = (Wish { part, order, only, ..Wish::default() }, Vec::new());
    loop {
        let leaf = hold.leaf(&who, &wish, now).await.unwrap();
        seen.extend(leaf.lines.into_iter().map(|line| line.summary.subject));
        let Some(next) = leaf.next else { return seen };
        wish.behind = Some(next.to_string().parse().unwrap());
    }
}

#[tokio::test]
async fn a_part_is_put_in_order_and_narrowed() {
    let dir = tempfile::tempdir().unwrap();
    let hold = three(dir.path()).await;
    let any = Only::default();
    for (order, expected) in [
        (None, ["2", "0", "1"]),
        (Some(Order::Deadline), ["2", "0", "1"]),
        (Some(Order::Arrival), ["2", "1", "0"]),
        (Some(Order::Persons), ["1", "0", "2"]),
        // What waits has not ended; the part's own order instead.
        (Some(Order::Change), ["2", "0", "1"]),
    ] {
        let both = [subjects(&hold, Part::Waiting, order, any).await, subjects(&hold, Part::Others, order, any).await];
        let mut seen: Vec<&String> = both.iter().flatten().collect();
        seen.sort_by_key(|subject| expected.iter().position(|one| one == subject));
        assert_eq!(seen, expected, "{order:?}");
        for part in &both {
            let place = |subject: &String| expected.iter().position(|one| one == subject);
            assert!(part.is_sorted_by_key(place), "{order:?}: {part:?}");
        }
    }
    for (only, expected) in [
        (Only { persons: 1, ..any }, vec!["1", "0"]),
        (Only { persons: 1_000, ..any }, vec!["1"]),
        (Only { soon: true, ..any }, vec!["2"]),
        (Only { action: Some(Action::Hold), ..any }, vec!["1", "0"]),
        (Only { action: Some(Action::RequireApproval), ..any }, vec![]),
        (Only { state: Some(State::Expired), ..any }, vec![]),
    ] {
        let mut seen = subjects(&hold, Part::Waiting, Some(Order::Persons), only).await;
        seen.extend(subjects(&hold, Part::Others, Some(Order::Persons), only).await);
        assert_eq!(seen, expected, "{only:?}");
    }
}

#[tokio::test]
async fn only_what_came_since_and_waits_for_the_person_is_news() {
    let dir = tempfile::tempdir().unwrap();
    let hold = three(dir.path()).await;
    let now = noon() + SignedDuration::from_mins(5);
    for (who, minutes, news) in
        [(SECURITY, -1, 2), (SECURITY, 0, 1), (SECURITY, 1, 0), (SENDER, -1, 0), ("eve@example.co.jp", -1, 0)]
    {
        let since = noon() + SignedDuration::from_mins(minutes);
        assert_eq!(hold.news(&address(who), since, now).await.unwrap(), news, "{who} {minutes}");
    }
}

#[tokio::test]
async fn a_line_says_why_its_mail_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let (_, hold) = hold_in(dir.path(), settings()).await;
    let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE]), group(Action::Delay, &["b@x.example.com"])]);
    let wrong = |check| crate::recipients::Issue::new(check, "x", "x", "x");
    mail.recipients[0].issues = vec![wrong(Check::FirstContact), wrong(Check::FirstContact)];
    mail.recipients[1].issues = vec![wrong(Check::FreeMail)];
    let uninspected = |reason| crate::inspect::Uninspected { place: "a".into(), reason };
    mail.inspection.uninspected = vec![uninspected(Reason::Encrypted), uninspected(Reason::Encrypted)];
    hold.take(mail).await.unwrap();
    let wish = Wish { only: Only { action: Some(Action::Hold), ..Only::default() }, ..Wish::default() };
    let lines = hold.leaf(&address(SECURITY), &wish, noon()).await.unwrap().lines;
    let cause = Cause { grave: vec![], checks: vec![Check::FirstContact], unread: vec![Reason::Encrypted] };
    assert_eq!((lines.len(), &lines[0].cause), (1, &cause));
    assert!(lines[0].left.is_some_and(|left| left.is_positive()));
}

#[tokio::test]
async fn words_are_looked_for_in_what_people_see() {
    let dir = tempfile::tempdir().unwrap();
    let (_, hold) = hold_in(dir.path(), settings()).await;
    // No id has an L or a U, and so none has such a word by chance.
    for (subject, to) in [("見積書の件 Full", "a@kita-hoan.example.com"), ("名簿", "b@minami.example.com")] {
        let mut mail = arrival(vec![group(Action::Hold, &[to])]);
        mail.subject = subject.to_owned();
        mail.message = crate::mail::Message::new(format!("Subject: {to}\r\n\r\n").into_bytes());
        hold.take(mail).await.unwrap();
    }
    for (words, count) in [
        ("", 2),
        ("見積書", 1),
        ("KITA-hoan", 1),
        ("full kita", 1),
        ("full minami", 0),
        ("taro@", 2),
        ("%", 0),
        ("' OR 1 --", 0),
    ] {
        let wish = Wish { words: words.to_owned(), ..Wish::default() };
        let leaf = hold.leaf(&address(SECURITY), &wish, noon()).await.unwrap();
        assert_eq!(leaf.lines.len(), count, "{words:?}");
    }
}
