//! The held mails in lists: what waits for the person, what waits for others, their own, what is done.
//!
//! In: which part, in which order, which of them, words to look for, where the last page ended. Out: pages of some fifty
//! lines, each with why its mail is held. Deliberately absent: who may see what, which the desk tells for every single
//! mail; decisions about several (`together`).

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    Desk, Web, cause,
    held::{frame, refused},
    login::Person,
    pages::{self, Frame},
};
use crate::{
    directory::Identities,
    hold::{Leaf, Line, Only, Order, Part, State as Standing, Wish},
    language::Language,
    notice::words,
    policy::Action,
};

/// As many words as anybody types.
const WORDS: usize = 200;

/// What an address of the list says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    part: Option<Tab>,
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    only: String,
    #[serde(default)]
    people: String,
    #[serde(default)]
    soon: String,
    #[serde(default)]
    behind: String,
}

impl Asked {
    /// The wish; whatever of it is odd is not wished for.
    fn wish(&self, part: Part) -> Wish {
        let only = Only {
            state: Standing::ALL.into_iter().find(|state| state.name() == self.only),
            action: Action::ALL.into_iter().find(|action| action.name() == self.only),
            soon: self.soon == "1",
            persons: self.people.parse().unwrap_or(0),
        };
        Wish {
            part,
            order: ORDERS.into_iter().find(|order| order_word(*order) == self.sort),
            only,
            words: self.q.chars().take(WORDS).collect(),
            behind: self.behind.parse().ok(),
        }
    }
}

const ORDERS: [Order; 4] = [Order::Deadline, Order::Arrival, Order::Persons, Order::Change];

/// Numbers of people that may be asked for.
const CROWDS: [u32; 4] = [1, 10, 100, 1_000];

/// How addresses name an order.
fn order_word(order: Order) -> &'static str {
    match order {
        Order::Deadline => "deadline",
        Order::Arrival => "arrival",
        Order::Persons => "persons",
        Order::Change => "change",
    }
}

fn order_title(order: Order, language: Language) -> &'static str {
    let (ja, en) = match order {
        Order::Deadline => ("期限の早い順", "earliest deadline first"),
        Order::Arrival => ("受付の新しい順", "newest first"),
        Order::Persons => ("人数の多い順", "most people first"),
        Order::Change => ("終わったのが新しい順", "latest decided first"),
    };
    words::pick(language, ja, en)
}

/// The parts, as addresses name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tab {
    Waiting,
    Others,
    Own,
    Done,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Waiting, Self::Own, Self::Others, Self::Done];

    fn part(self) -> Part {
        match self {
            Self::Waiting => Part::Waiting,
            Self::Others => Part::Others,
            Self::Own => Part::Own,
            Self::Done => Part::Done,
        }
    }

    /// Whether its mails wait.
    fn waits(self) -> bool {
        matches!(self, Self::Waiting | Self::Others)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Others => "others",
            Self::Own => "own",
            Self::Done => "done",
        }
    }

    fn title(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Waiting => ("あなたの判断待ち", "Waiting for you"),
            Self::Others => ("ほかの人の判断待ち", "Waiting for others"),
            Self::Own => ("自分が送ったメール", "Sent by you"),
            Self::Done => ("終わったもの", "Done"),
        };
        words::pick(language, ja, en)
    }

    fn empty(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Waiting => ("いま判断が必要なメールはありません。", "Nothing waits for your decision."),
            Self::Others => {
                ("ほかの人の判断を待っているメールはありません。", "Nothing waits for the decision of others.")
            }
            Self::Own => ("保留されたあなたのメールはありません。", "No mail of yours was held."),
            Self::Done => ("判断が終わったメールはありません。", "Nothing has been decided yet."),
        };
        words::pick(language, ja, en)
    }
}

/// A part of what may be seen. Without a part: the first one in which there is something.
pub(super) async fn list<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let tabs = asked.part.map_or_else(|| Tab::ALL.to_vec(), |tab| vec![tab]);
    let mut shown = (Tab::Waiting, asked.wish(Part::Waiting), Leaf { lines: Vec::new(), next: None });
    for tab in tabs {
        let wish = asked.wish(tab.part());
        match web.desk.leaf(&person.session.who, &wish).await {
            Ok(leaf) if leaf.lines.is_empty() && asked.part.is_none() => {}
            Ok(leaf) => {
                shown = (tab, wish, leaf);
                break;
            }
            Err(error) => return refused(&web, &person, error),
        }
    }
    pages::html(&List::new(frame(&web, &person), shown, &web.timezone))
}

/// A list of held mails.
#[derive(Template)]
#[template(path = "console/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    tab: Tab,
    wish: Wish,
    rows: Vec<Row>,
    next: Option<String>,
}

/// One of the things that can be chosen in a list: its word in addresses, what it is called, whether it is chosen.
type Choice = (String, String, bool);

struct Row {
    id: String,
    subject: String,
    sender: String,
    recipients: String,
    cause: String,
    urgent: Option<String>,
    state: &'static str,
    tone: &'static str,
    arrived: String,
    until: &'static str,
    deadline: String,
}

impl<'a> List<'a> {
    fn new(frame: Frame<'a>, (tab, wish, leaf): (Tab, Wish, Leaf), timezone: &TimeZone) -> Self {
        let rows = leaf.lines.iter().map(|line| row(line, frame.language, timezone)).collect();
        Self { frame, tab, wish, rows, next: leaf.next.map(|next| next.to_string()) }
    }

    fn words(&self) -> &str {
        &self.wish.words
    }

    fn soon(&self) -> bool {
        self.wish.only.soon
    }

    /// Whether anything but the part and the words was chosen.
    fn is_narrowed(&self) -> bool {
        self.wish.only != Only::default() || self.wish.order.is_some_and(|order| order != self.tab.part().order(None))
    }

    /// The orders that this part has.
    fn orders(&self) -> Vec<Choice> {
        let (part, l) = (self.tab.part(), self.frame.language);
        let chosen = part.order(self.wish.order);
        let choice =
            |order: &Order| (order_word(*order).to_owned(), order_title(*order, l).to_owned(), *order == chosen);
        part.orders().iter().map(choice).collect()
    }

    /// What was decided for a mail that waits, where one that does not wait stands.
    fn kinds(&self) -> Vec<Choice> {
        let (l, only) = (self.frame.language, self.wish.only);
        let any =
            (String::new(), self.frame.t("すべて", "all").to_owned(), only.state.is_none() && only.action.is_none());
        let actions = [Action::RequireApproval, Action::Hold, Action::Delay];
        let actions = actions
            .into_iter()
            .map(|action| (action.name().to_owned(), words::action(action, l).to_owned(), only.action == Some(action)));
        let states = Standing::ALL.into_iter().filter(|state| *state != Standing::Pending);
        let states = states.map(|state| {
            let (title, _) = pages::state(state, Action::Hold, false, l);
            (state.name().to_owned(), title.to_owned(), only.state == Some(state))
        });
        let all = std::iter::once(any);
        match self.tab {
            Tab::Waiting | Tab::Others => all.chain(actions).collect(),
            Tab::Done => all.chain(states).collect(),
            Tab::Own => all.chain(actions).chain(states).collect(),
        }
    }

    fn crowds(&self) -> Vec<Choice> {
        let l = self.frame.language;
        let any = ("".to_owned(), self.frame.t("何人でも", "any number").to_owned(), self.wish.only.persons == 0);
        let choice = |least: u32| {
            let number = words::number(least);
            let title = match l {
                Language::Ja => format!("{number}人以上"),
                Language::En => format!("{number} or more"),
            };
            (least.to_string(), title, self.wish.only.persons == least)
        };
        std::iter::once(any).chain(CROWDS.map(choice)).collect()
    }

    /// The same list behind `next`.
    fn more(&self, next: &str) -> String {
        let (wish, only) = (&self.wish, self.wish.only);
        let mut address = format!("/held?part={}", self.tab.word());
        let kind = only.state.map(Standing::name).or(only.action.map(Action::name));
        let crowd = (only.persons > 0).then(|| only.persons.to_string());
        let chosen = [
            ("sort", wish.order.map(order_word)),
            ("only", kind),
            ("people", crowd.as_deref()),
            ("soon", only.soon.then_some("1")),
        ];
        for (name, value) in chosen {
            if let Some(value) = value {
                address.push_str(&format!("&{name}={value}"));
            }
        }
        let words: String = wish.words.bytes().map(|byte| format!("%{byte:02X}")).collect();
        address + "&q=" + &words + "&behind=" + next
    }

    /// Every part: its word, its title, whether it is the one shown.
    fn tabs(&self) -> Vec<(&'static str, &'static str, bool)> {
        let tab = |tab: Tab| (tab.word(), tab.title(self.frame.language), tab == self.tab);
        Tab::ALL.map(tab).to_vec()
    }

    fn title(&self) -> &'static str {
        self.tab.title(self.frame.language)
    }

    fn empty(&self) -> &'a str {
        match self.words().is_empty() && !self.is_narrowed() {
            true => self.tab.empty(self.frame.language),
            false => self.frame.t(
                "見つかりませんでした。言葉や条件を減らすか、ほかの欄をご覧ください。",
                "Nothing was found. Try fewer words or conditions, or another part.",
            ),
        }
    }

    fn may_decide(&self) -> bool {
        self.tab == Tab::Waiting && !self.rows.is_empty()
    }
}

fn row(line: &Line, language: Language, timezone: &TimeZone) -> Row {
    let summary = &line.summary;
    let sent_back = summary.approvals.iter().any(|said| said.verdict == "return");
    let (state, tone) = pages::state(summary.state, summary.decision, sent_back, language);
    let shown: Vec<String> = summary.rcpt_to.iter().take(2).map(|to| words::one_line(to.as_str(), 80)).collect();
    let more = match (summary.rcpt_to.len().saturating_sub(2), language) {
        (0, _) => String::new(),
        (more, Language::Ja) => format!(" ほか{more}件"),
        (more, Language::En) => format!(" and {more} more"),
    };
    let persons = if summary.persons == 0 { String::new() } else { words::persons(summary.persons, language) };
    Row {
        id: summary.id.to_string(),
        subject: words::subject(&summary.subject, language),
        sender: summary.mail_from.as_ref().map(|sender| words::one_line(sender.as_str(), 80)).unwrap_or_default(),
        recipients: shown.join(words::pick(language, "、", ", ")) + &more,
        cause: cause::line(&line.cause, &persons, language),
        urgent: line.left.filter(|_| summary.decision != Action::Delay).and_then(|left| cause::urgency(left, language)),
        state,
        tone,
        arrived: words::when_in(summary.created_at, timezone, language),
        until: pages::until(summary.decision, language),
        deadline: words::when_in(summary.expires_at, timezone, language),
    }
}
