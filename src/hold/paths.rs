//! Tests of the ways a held mail can go: every order in which people and time can act on it, and routes with several
//! people, levels, deputies, reminders and others asked as well.
//!
//! In: a company whose directory knows who is whose manager and who is away. Out: nothing but the tests' verdicts.
//! Deliberately absent: the wording of notices (`notice`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Decided, Hold, HoldError, Looked, State, fixture::*};
use crate::{
    directory::{Absence, People, Person},
    journal::Via,
    mail::Address,
    policy::{Action, Approver, Duties, Escalation, Level},
    store::{Kind, Store},
};

const LAWYER: &str = "lawyer@example.co.jp";
const DEPUTY: &str = "deputy@example.co.jp";

/// taro reports to boss; boss is away on the fourth with vice as deputy; legal is lawyer and boss.
fn people() -> People {
    let person = |name: &str| Person::new(address(name));
    let mut taro = person(SENDER);
    taro.manager = Some(address(BOSS));
    taro.aliases = vec![address("t.yamada@example.co.jp")];
    let mut boss = person(BOSS);
    let day = "2026-11-04".parse().unwrap();
    boss.absences = vec![Absence { from: day, until: day }];
    boss.deputies = vec![address(DEPUTY)];
    boss.aliases = vec![address("president@example.co.jp")];
    let legal = vec![address(LAWYER), address(BOSS)];
    People::new(vec![taro, boss, person(DEPUTY)], BTreeMap::from([("legal".to_owned(), legal)]))
}

fn route(names: &[&str]) -> Vec<Approver> {
    names.iter().map(|name| Approver::try_from((*name).to_owned()).unwrap()).collect()
}

async fn held_with(hold: &Hold, duties: Duties, at: Timestamp) -> String {
    let mut group = group(Action::RequireApproval, &[OUTSIDE]);
    group.matched[0].duties = duties;
    let mut mail = arrival(vec![group]);
    mail.at = at;
    // Each mail is another one, and no retry.
    mail.message = crate::mail::Message::new(format!("Subject: {}\r\n\r\nx\r\n", mail.id).into_bytes());
    hold.take(mail).await.unwrap().0
}

async fn company() -> (tempfile::TempDir, Store, Hold) {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_with(dir.path(), settings(), people()).await;
    (dir, store, hold)
}

fn two_of(names: &[&str]) -> Duties {
    Duties { approvers: route(names), approvals: Some(2), ..Duties::default() }
}

/// Everything that can happen to a mail that needs two of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Approves(&'static str),
    Rejects(&'static str),
    Withdraws,
    Escalates,
    Expires,
    Restart,
}

const EVENTS: [Event; 8] = [
    Event::Approves(BOSS),
    Event::Approves(VICE),
    Event::Approves(SECURITY),
    Event::Rejects(VICE),
    Event::Withdraws,
    Event::Escalates,
    Event::Expires,
    Event::Restart,
];

/// What must come of it: the rules once more, in the fewest words.
#[derive(Debug)]
struct Model {
    state: State,
    yes: BTreeSet<&'static str>,
    escalated: bool,
}

impl Model {
    /// Whether the event does something now.
    fn does(&mut self, event: Event) -> bool {
        if event == Event::Restart {
            return true;
        }
        if self.state != State::Pending {
            return false;
        }
        match event {
            Event::Approves(SECURITY) if !self.escalated => return false,
            Event::Approves(who) => {
                if !self.yes.insert(who) {
                    return false;
                }
                if self.yes.len() == 2 {
                    self.state = State::Approved;
                }
            }
            Event::Rejects(who) if self.yes.contains(who) => return false,
            Event::Rejects(_) => self.state = State::Rejected,
            Event::Withdraws => self.state = State::Withdrawn,
            Event::Expires => self.state = State::Expired,
            Event::Escalates if self.escalated => return false,
            Event::Escalates => self.escalated = true,
            Event::Restart => {}
        }
        true
    }
}

#[tokio::test]
async fn every_order_of_what_people_and_time_do_has_the_one_outcome_that_the_rules_say() {
    let (dir, store, mut hold) = company().await;
    let orders = EVENTS.iter().flat_map(|&one| {
        EVENTS.iter().flat_map(move |&two| EVENTS.iter().map(move |&three| [one, two, three, Event::Approves(BOSS)]))
    });
    let mut tried = 0;
    for order in orders {
        // A day of its own for each, so that none expires with another one.
        let at = noon() + SignedDuration::from_hours(24 * 7 * tried);
        let id = held_with(&hold, two_of(&[BOSS, VICE]), at).await;
        let mut model = Model { state: State::Pending, yes: BTreeSet::new(), escalated: false };
        for event in order {
            let expected = model.does(event);
            let did = match event {
                Event::Approves(who) => hold.approve(&id, &address(who), Via::Cli, "", at).await.is_ok(),
                Event::Rejects(who) => hold.reject(&id, &address(who), Via::Cli, "", at).await.is_ok(),
                Event::Withdraws => hold.withdraw(&id, &address(SENDER), Via::Cli, at).await.is_ok(),
                Event::Escalates => hold.ask_others(&id, &address(SENDER), Via::Cli, at).await.is_ok(),
                Event::Expires => hold.due(at + SignedDuration::from_hours(2)).await.unwrap().expired == 1,
                Event::Restart => {
                    hold = hold_over(store.clone(), settings(), people());
                    true
                }
            };
            assert_eq!(did, expected, "{order:?} at {event:?}");
        }
        let shown = hold.show(&id).await.unwrap();
        assert_eq!(shown.summary.state, model.state, "{order:?}");
        let released = store.releases_of(&shown.summary.id).await;
        assert_eq!(released, i64::from(model.state == State::Approved), "{order:?}");
        if model.state == State::Pending {
            hold.withdraw(&id, &address(SENDER), Via::Cli, at).await.unwrap();
        }
        tried += 1;
    }
    assert_eq!(tried, 512);
    drop(dir);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_of_three_at_once_release_it_once() {
    let (_dir, store, hold) = company().await;
    for _ in 0..8 {
        let id = held_with(&hold, two_of(&[BOSS, VICE, LAWYER]), noon()).await;
        let mut racing = tokio::task::JoinSet::new();
        for who in [BOSS, VICE, LAWYER, BOSS, VICE, "president@example.co.jp"] {
            let (hold, id) = (hold.clone(), id.clone());
            racing.spawn(async move { hold.approve(&id, &address(who), Via::Console, "", noon()).await });
        }
        let done: Vec<Result<Decided, HoldError>> = racing.join_all().await;
        let agreed = done.iter().flatten().count();
        assert_eq!(agreed, 2, "{done:?}");
        let detail = hold.show(&id).await.unwrap();
        assert_eq!((detail.summary.state, detail.summary.approvals.len()), (State::Approved, 2));
        assert_eq!(store.releases_of(&detail.summary.id).await, 1);
    }
}

#[tokio::test]
async fn one_person_counts_once_under_whatever_address_and_on_whatever_level() {
    let (_dir, _store, hold) = company().await;
    let duties = Duties {
        approvers: route(&["manager"]),
        then: vec![Level { approvers: route(&["group:legal"]), approvals: 1 }],
        ..Duties::default()
    };
    let id = held_with(&hold, duties, noon()).await;
    assert_eq!(hold.show(&id).await.unwrap().asked, [address(BOSS)]);
    let decided = hold.approve(&id, &address(BOSS), Via::Reply, "fine", noon()).await.unwrap();
    assert_eq!(decided.state, State::Pending);
    let asked = hold.show(&id).await.unwrap().asked;
    assert_eq!(asked, [address(BOSS), address(LAWYER)], "boss is in legal too, and has been heard");
    for again in [BOSS, "President@example.co.jp", "boss+x@example.co.jp"] {
        let error = hold.approve(&id, &address(again), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::Heard { .. }), "{again}: {error}");
    }
    let error = hold.approve(&id, &address("t.yamada@example.co.jp"), Via::Cli, "", noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::OwnMail { .. }), "the sender under another address: {error}");
    let decided = hold.approve(&id, &address(LAWYER), Via::Console, "", noon()).await.unwrap();
    assert_eq!(decided.state, State::Approved);
}

#[tokio::test]
async fn a_deputy_decides_while_somebody_is_away_and_the_absent_still_may() {
    let (_dir, store, hold) = company().await;
    let manager = Duties { approvers: route(&["manager"]), ..Duties::default() };
    let wednesday: Timestamp = "2026-11-04T03:00:00Z".parse().unwrap();
    let id = held_with(&hold, manager.clone(), wednesday).await;
    assert_eq!(hold.show(&id).await.unwrap().asked, [address(DEPUTY)]);
    let request = outbox(&store).await.into_iter().find(|letter| letter.to == [DEPUTY]).unwrap();
    assert!(request.text.contains(BOSS), "in whose place: {}", request.text);
    hold.approve(&id, &address(BOSS), Via::Cli, "from the beach", wednesday).await.unwrap();

    let id = held_with(&hold, manager.clone(), wednesday).await;
    hold.approve(&id, &address(DEPUTY), Via::Reply, "", wednesday).await.unwrap();
    // On any other day the deputy is nobody.
    let id = held_with(&hold, manager, noon()).await;
    let error = hold.approve(&id, &address(DEPUTY), Via::Reply, "", noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::NotADecider { .. }), "{error}");
}

#[tokio::test]
async fn without_a_manager_the_security_team_decides_and_the_sender_hears_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let id = held_with(&hold, Duties { approvers: route(&["manager"]), ..Duties::default() }, noon()).await;
    assert_eq!(hold.show(&id).await.unwrap().asked, [address(SECURITY)]);
    let told = outbox(&store).await.into_iter().filter(|letter| letter.to == [SENDER]);
    assert!(told.into_iter().any(|letter| letter.text.contains("nobody")), "why the security team");
}

#[tokio::test]
async fn the_silent_are_reminded_and_then_others_are_asked() {
    let (_dir, store, hold) = company().await;
    let duties = Duties {
        approvers: route(&[BOSS, VICE]),
        approvals: Some(2),
        remind: vec![600, 1_200],
        escalate: Some(Escalation { after: 1_800, to: route(&[LAWYER]) }),
        ..Duties::default()
    };
    let id = held_with(&hold, duties, noon()).await;
    let to = |who: &'static str, store: Store| async move {
        outbox(&store).await.into_iter().filter(|letter| letter.to == [who]).count()
    };
    hold.approve(&id, &address(BOSS), Via::Cli, "", noon()).await.unwrap();
    let at = |seconds: i64| noon() + SignedDuration::from_secs(seconds);
    assert_eq!(hold.due(at(599)).await.unwrap().nudged, 0);
    assert_eq!(hold.due(at(600)).await.unwrap().nudged, 1);
    assert_eq!((to(BOSS, store.clone()).await, to(VICE, store.clone()).await), (1, 2), "only who is silent");
    assert_eq!(hold.due(at(601)).await.unwrap().nudged, 0, "once");
    let error = hold.approve(&id, &address(LAWYER), Via::Cli, "", at(700)).await.unwrap_err();
    assert!(matches!(error, HoldError::NotADecider { .. }), "{error}");
    // The server was down: one reminder for all that was missed, and the others are asked.
    assert_eq!(hold.due(at(3_000)).await.unwrap().nudged, 1);
    assert_eq!((to(VICE, store.clone()).await, to(LAWYER, store.clone()).await), (3, 1));
    let secrets: BTreeSet<String> =
        outbox(&store).await.iter().filter(|letter| letter.to == [VICE]).map(Letter::secret).collect();
    assert_eq!(secrets.len(), 3, "a secret address in each, and all of them work");
    assert_eq!(changes(&store).await, ["mail require_approval", "agreed", "reminded", "reminded", "escalated"]);
    hold.approve(&id, &address(LAWYER), Via::Cli, "", at(3_001)).await.unwrap();
    assert_eq!(hold.show(&id).await.unwrap().summary.state, State::Approved);
    assert_eq!(hold.due(at(3_002)).await.unwrap(), super::Due::default());
}

#[tokio::test]
async fn a_sender_says_why_and_has_others_asked_but_not_twice() {
    let (_dir, store, hold) = company().await;
    let id = held_with(&hold, Duties { approvers: route(&[BOSS]), ..Duties::default() }, noon()).await;
    let sender = address(SENDER);
    assert!(matches!(
        hold.give_reason(&id, &sender, " \r\n ", Via::Console, noon()).await,
        Err(HoldError::NoReason { .. })
    ));
    hold.give_reason(&id, &sender, "the contract needs it today", Via::Reply, noon()).await.unwrap();
    let told = outbox(&store).await.into_iter().rfind(|letter| letter.to == [BOSS]).unwrap();
    assert!(told.text.contains("the contract needs it today"), "{}", told.text);
    let error = hold.give_reason(&id, &address(BOSS), "x", Via::Cli, noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::NotTheSender { .. }), "{error}");
    hold.ask_others(&id, &sender, Via::Console, noon()).await.unwrap();
    assert_eq!(hold.show(&id).await.unwrap().asked, [address(BOSS), address(SECURITY)]);
    let error = hold.ask_others(&id, &sender, Via::Console, noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::AskedAlready { .. }), "{error}");
    hold.approve(&id, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    let error = hold.give_reason(&id, &sender, "too late", Via::Cli, noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::Decided { .. }), "{error}");
    assert_eq!(changes(&store).await, ["mail require_approval", "reason", "escalated", "approved"]);
}

#[tokio::test]
async fn a_sender_lets_it_go_alone_only_where_policy_says_so_and_after_looking() {
    let (_dir, store, hold) = company().await;
    let sender = address(SENDER);
    let looked = Looked { recipients: vec![OUTSIDE.to_owned()], attachments: Vec::new() };
    let strict = held_with(&hold, Duties::default(), noon()).await;
    let error = hold.release_alone(&strict, &sender, &looked, "please", Via::Console, noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::NotAlone { .. }), "{error}");
    let id = held_with(&hold, Duties { self_release: true, ..Duties::default() }, noon()).await;
    let alone = |looked: Looked, who: Address, reason: &'static str| {
        let (hold, id) = (hold.clone(), id.clone());
        async move { hold.release_alone(&id, &who, &looked, reason, Via::Console, noon()).await }
    };
    let error = alone(Looked::default(), sender.clone(), "please").await.unwrap_err();
    assert!(matches!(&error, HoldError::NotLooked { missing, .. } if *missing == [OUTSIDE]), "{error}");
    let error = alone(looked.clone(), sender.clone(), " ").await.unwrap_err();
    assert!(matches!(error, HoldError::NoReason { .. }), "{error}");
    let error = alone(looked.clone(), address(BOSS), "please").await.unwrap_err();
    assert!(matches!(error, HoldError::NotTheSender { .. }), "{error}");
    let done = alone(looked.clone(), sender.clone(), "checked with the customer").await.unwrap();
    assert_eq!(done.state, State::Approved);
    let detail = hold.show(&id).await.unwrap();
    assert!(detail.summary.approvals.is_empty(), "it is no approval, and nobody counts as approver");
    let released = outbox(&store).await.into_iter().filter(|letter| letter.kind == Kind::Release).count();
    assert_eq!(released, 1);
    let told = outbox(&store).await.into_iter().rfind(|letter| letter.to == [BOSS]).unwrap();
    assert!(told.text.contains("checked with the customer"), "{}", told.text);
    assert_eq!(changes(&store).await.last().unwrap(), "released_alone");
}

#[tokio::test]
async fn nobody_decides_on_another_level_than_the_present_one() {
    let (_dir, store, hold) = company().await;
    let duties = Duties {
        approvers: route(&[BOSS, VICE]),
        then: vec![Level { approvers: route(&[LAWYER]), approvals: 1 }],
        ..Duties::default()
    };
    let id = held_with(&hold, duties, noon()).await;
    let early = hold.approve(&id, &address(LAWYER), Via::Cli, "", noon()).await.unwrap_err();
    assert!(matches!(early, HoldError::NotADecider { .. }), "{early}");
    hold.approve(&id, &address(BOSS), Via::Cli, "", noon()).await.unwrap();
    let late = hold.approve(&id, &address(VICE), Via::Cli, "", noon()).await.unwrap_err();
    assert!(matches!(late, HoldError::NotADecider { .. }), "{late}");
    let id = hold.show(&id).await.unwrap().summary.id;
    let mut writing = store.write().await.unwrap();
    assert!(!writing.raise_level(&id, 0).await.unwrap(), "it stands on level 1");
}

#[tokio::test]
async fn whoever_was_asked_as_well_decides_on_that_level_only() {
    let (_dir, _store, hold) = company().await;
    let duties = Duties {
        approvers: route(&[BOSS]),
        then: vec![Level { approvers: route(&[LAWYER]), approvals: 1 }],
        escalate: Some(Escalation { after: 600, to: route(&[SECURITY, VICE]) }),
        ..Duties::default()
    };
    let id = held_with(&hold, duties, noon()).await;
    hold.ask_others(&id, &address(SENDER), Via::Cli, noon()).await.unwrap();
    hold.approve(&id, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    let file = hold.show_to(&address(SENDER), &id, noon()).await.unwrap();
    assert_eq!((file.story.progress.level, file.story.progress.levels, file.may_ask_others), (2, 2, true));
    let error = hold.approve(&id, &address(VICE), Via::Cli, "", noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::NotADecider { .. }), "{error}");
    hold.approve(&id, &address(LAWYER), Via::Cli, "", noon()).await.unwrap();
}

#[tokio::test]
async fn a_sender_lets_nothing_go_after_its_time() {
    let (_dir, _store, hold) = company().await;
    let id = held_with(&hold, Duties { self_release: true, ..Duties::default() }, noon()).await;
    let looked = Looked { recipients: vec![OUTSIDE.to_owned()], attachments: Vec::new() };
    let late = noon() + SignedDuration::from_hours(2);
    let error = hold.release_alone(&id, &address(SENDER), &looked, "please", Via::Console, late).await.unwrap_err();
    assert!(matches!(error, HoldError::TooLate { .. }), "{error}");
}

#[tokio::test]
async fn whoever_is_reachable_under_several_addresses_answers_from_any_of_them_and_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut boss = Person::new(address(BOSS));
    let away = "2026-11-02".parse().unwrap();
    boss.absences = vec![Absence { from: away, until: away }];
    // The deputy is known to the boss under an alias.
    boss.deputies = vec![address("d.suzuki@example.co.jp")];
    let mut deputy = Person::new(address(DEPUTY));
    deputy.aliases = vec![address("d.suzuki@example.co.jp"), address("third@example.co.jp")];
    let people = People::new(vec![boss, deputy], BTreeMap::new());
    let (store, hold) = hold_with(dir.path(), settings(), people).await;
    let route_of = |name: &str| Duties { approvers: route(&[name, VICE]), approvals: Some(2), ..Duties::default() };
    let id = held_with(&hold, route_of(BOSS), noon()).await;
    assert_eq!(hold.show(&id).await.unwrap().asked, [address("d.suzuki@example.co.jp"), address(VICE)]);
    let secret = outbox(&store).await.into_iter().find(|l| l.to == ["d.suzuki@example.co.jp"]).unwrap().secret();
    let answer = |verdict| crate::notice::Answer { verdict, comment: String::new() };
    // Somebody with a like address is nobody.
    let yes = crate::notice::Verdict::Approve;
    let refused = hold.answer(&secret, &[address("deputy+x@example.co.jp")], &answer(yes), noon()).await.unwrap();
    assert!(matches!(refused, super::Answered::Refused(_)), "{refused:?}");
    for seen in [DEPUTY, "third@example.co.jp"] {
        let file = hold.show_to(&address(seen), &id, noon()).await.unwrap();
        assert!(file.may_decide, "{seen}");
        let leaf = hold.leaf(&address(seen), &super::Wish::default(), noon()).await.unwrap();
        assert_eq!(leaf.lines.len(), 1, "{seen}");
    }
    let done = hold.answer(&secret, &[address(DEPUTY)], &answer(yes), noon()).await.unwrap();
    assert!(matches!(done, super::Answered::Done { state: State::Pending, .. }), "{done:?}");
    let error = hold.approve(&id, &address("third@example.co.jp"), Via::Console, "", noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::Heard { .. }), "{error}");
    let said = &hold.show(&id).await.unwrap().levels[0];
    assert_eq!((said.given, said.said[0].person.as_str()), (1, "d.suzuki@example.co.jp"), "as they were asked");
    // On the console they need not know under which address that was.
    let id = held_with(&hold, route_of(BOSS), noon()).await;
    hold.approve(&id, &address("third@example.co.jp"), Via::Console, "", noon()).await.unwrap();
    assert_eq!(hold.show(&id).await.unwrap().levels[0].missing(), 1);
}
