//! A desk of one held mail, as pages see it.
//!
//! Out: [`story`], what the mail is about; [`Fake`], in whose name people look, decide and take back, and which tells what it
//! was asked. Deliberately absent: a store.

use super::*;

pub(super) fn story() -> Story {
    let example = |masked: &str, place: &str, hidden| Example {
        masked: masked.into(),
        place: place.into(),
        hidden,
        quoted: false,
        why: Some(Why {
            raised: vec![Raised::Header { word: "電話番号".to_owned() }],
            ..Why::plain(By::Column, Validation::NumberingPlan)
        }),
    };
    let finding = |detector: &str, category, examples| Finding {
        detector: detector.into(),
        title: None,
        category,
        confidence: Confidence::High,
        count: 12_000,
        examples,
    };
    let attached = |name: &str, kind: &str, size| Attachment { kind: kind.into(), name: name.into(), size };
    let read = |place: &str, characters| Inspected { place: place.into(), characters, note: None };
    let issue = Issue::new(
        Check::LookalikeDomain,
        "kita-haon.example.com ≈ kita-hoan.example.com",
        "いつもの宛先とよく似た、別のドメインです（kita-haon.example.com ≈ kita-hoan.example.com）。",
        "The domain looks like one that you write to, but is a different one (kita-haon.example.com ≈ kita-hoan.example.com).",
    )
    .meaning("yamada@kita-hoan.example.com");
    let recipient = |to: &str, issues| Recipient { issues, ..Recipient::new(address(to), Direction::External) };
    Story {
        id: MailId(ID.into()),
        message_id: None,
        subject: "業務委託の件<script>alert(1)</script>".into(),
        sender: Some(address("taro@example.co.jp")),
        author: "佐藤太郎 <taro@example.co.jp>".into(),
        recipients: vec![
            recipient("suzuki@kita-hoan.example.com", vec![]),
            recipient("yamada@kita-haon.example.com", vec![issue]),
        ],
        sent_to: vec![],
        inspection: Inspection {
            kind: "mail".into(),
            persons: 12_000,
            visible_persons: 12_000,
            reportable: vec![Reportable::Over1000],
            findings: vec![
                finding(
                    "jp.phone",
                    Category::Contact,
                    vec![
                        example("090-****-5678", "業務委託.xlsx › 顧客!F2", true),
                        example("080-****-1234", "業務委託.xlsx › 顧客!F3", true),
                    ],
                ),
                finding(
                    "jp.bank_account",
                    Category::Financial,
                    vec![example("***4567", "業務委託.xlsx › 口座!C2", false)],
                ),
                finding("jp.name", Category::Identity, vec![example("山* 太*", "body:3", false)]),
            ],
            uninspected: vec![Uninspected { place: "図面.zip › 図面.pdf".into(), reason: Reason::Encrypted }],
            coverage: Coverage { parts: 4, inspected: 3, characters: 968_412 },
            attachments: vec![attached("業務委託.xlsx", "xlsx", 1_734_000), attached("図面.zip", "zip", 88_100)],
            inspected: vec![
                read("body", 412),
                read("業務委託.xlsx › 顧客", 960_000),
                read("業務委託.xlsx › 口座", 8_000),
            ],
            ..Inspection::default()
        },
        action: Action::RequireApproval,
        matched: vec![Matched {
            rule: "bulk-personal-data".into(),
            action: Action::RequireApproval,
            title: Text {
                ja: "10人以上の個人情報を社外に送ろうとしています".into(),
                en: "Personal data of ten people or more to outside".into(),
            },
            duties: Default::default(),
        }],
        progress: Progress::default(),
        deciders: vec![address("hanako@example.co.jp")],
        arrived_at: "2026-11-20T00:30:00Z".parse().unwrap(),
        deadline: "2026-11-30T09:00:00Z".parse().unwrap(),
    }
}

/// One held mail: Taro sent it, Hanako decides.
pub(super) struct Fake {
    pub(super) state: Mutex<(State, Vec<Step>)>,
    /// How people came in.
    pub(super) accesses: Mutex<Vec<(String, Access)>>,
    pub(super) opinions: Mutex<Vec<Opinion>>,
    pub(super) sent_back: Mutex<bool>,
    /// Whether an approval is not the last that is needed.
    pub(super) needs_another: Mutex<bool>,
    /// Of which mails the page was before a decider.
    pub(super) seen: Mutex<Vec<MailId>>,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new((State::Pending, Vec::new())),
            accesses: Mutex::default(),
            opinions: Mutex::default(),
            sent_back: Mutex::default(),
            needs_another: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    pub(super) fn state(&self) -> State {
        self.state.lock().unwrap().0
    }

    pub(super) fn act(&self, who: &Address, id: &MailId, to: State, comment: &str) -> Result<(), DeskError> {
        if id.0 != ID {
            return Err(DeskError::Unknown);
        }
        let (held, person) = (id.clone(), who.clone());
        match (who.as_str() == "taro@example.co.jp", to == State::Withdrawn) {
            (true, false) => return Err(HoldError::OwnMail { id: held, person }.into()),
            (false, true) => return Err(HoldError::NotTheSender { id: held, person }.into()),
            (true, true) | (false, false) => {}
        }
        let (mut state, at) = (self.state.lock().unwrap(), "2026-11-20T01:00:00Z".parse().unwrap());
        if state.0 != State::Pending {
            return Err(HoldError::Decided { id: held, state: state.0, since: at }.into());
        }
        state.0 = to;
        state.1.push(Step {
            at,
            by: Some(person),
            change: to.name().into(),
            comment: comment.into(),
            about: String::new(),
        });
        Ok(())
    }
}

impl Fake {
    /// What the sender does that decides nothing.
    pub(super) async fn sent(&self, who: &Address, id: &MailId, change: &str, comment: &str) -> Result<(), DeskError> {
        if who.as_str() != "taro@example.co.jp" {
            return Err(HoldError::NotTheSender { id: id.clone(), person: who.clone() }.into());
        }
        let at = "2026-11-20T01:00:00Z".parse().unwrap();
        let step =
            Step { at, by: Some(who.clone()), change: change.into(), comment: comment.into(), about: String::new() };
        self.state.lock().unwrap().1.push(step);
        Ok(())
    }
}

impl Desk for Fake {
    async fn leaf(&self, who: &Address, wish: &Wish) -> Result<Leaf, DeskError> {
        let file = self.show(who, &MailId(ID.into())).await?;
        let story = file.story;
        let summary = HeldSummary {
            id: story.id,
            state: file.state,
            mail_from: story.sender,
            rcpt_to: story.recipients.into_iter().map(|recipient| recipient.address).collect(),
            subject: story.subject,
            persons: story.inspection.persons,
            decision: story.action,
            rules: vec![],
            created_at: story.arrived_at,
            expires_at: story.deadline,
            approvals: vec![],
        };
        let here = match wish.part {
            Part::Waiting => file.may_decide,
            Part::Others => file.state == State::Pending && !file.may_decide,
            Part::Own => who.as_str() == "taro@example.co.jp",
            Part::Done => file.state != State::Pending,
        } && (wish.words.is_empty() || summary.subject.contains(&wish.words));
        let cause = Cause { checks: vec![Check::LookalikeDomain], ..Cause::default() };
        let left = Some(jiff::SignedDuration::from_hours(5)).filter(|_| file.state == State::Pending);
        let line = Line { summary, may_decide: file.may_decide, may_withdraw: file.may_withdraw, left, cause };
        let next = wish.behind.is_none().then(|| "1795312800000000-01".parse().unwrap());
        Ok(Leaf { lines: if here { vec![line] } else { vec![] }, next: next.filter(|_| here) })
    }

    async fn show(&self, who: &Address, id: &MailId) -> Result<File, DeskError> {
        assert_ne!(id.0, "PANIC", "a handler panics");
        match id.0.as_str() {
            ID => {
                let (state, history) = self.state.lock().unwrap().clone();
                let (open, is_sender) = (state == State::Pending, who.as_str() == "taro@example.co.jp");
                let (may_decide, may_withdraw) = (open && !is_sender, open && is_sender);
                Ok(File {
                    story: story(),
                    state,
                    history,
                    may_decide,
                    may_withdraw,
                    may_release_alone: may_withdraw,
                    may_ask_others: may_withdraw,
                    tally: (0, 1),
                    reason: String::new(),
                    may_view: true,
                    may_ask_colleague: may_decide,
                    may_give_opinion: false,
                    opinions: self.opinions.lock().unwrap().clone(),
                    sent_back: *self.sent_back.lock().unwrap(),
                })
            }
            "BROKEN" => Err(HoldError::Row("disk /var/lib/secret is full".into()).into()),
            _ => Err(DeskError::Unknown),
        }
    }

    async fn look(&self, who: &Address, id: &MailId, look: Look<'_>) -> Result<Content, DeskError> {
        let by = Some(who.clone());
        let at = "2026-11-20T00:45:00Z".parse().unwrap();
        self.show(who, id).await?;
        let about = match look {
            Look::Original => String::new(),
            Look::Letter => Look::LETTER.to_owned(),
            Look::Place(place) if place.starts_with("業務委託.xlsx") => place.to_owned(),
            Look::Place(_) => return Err(HoldError::NoSuchPlace { id: id.clone() }.into()),
        };
        self.state.lock().unwrap().1.push(Step { at, by, change: "viewed".into(), comment: String::new(), about });
        let message = Message::new(LETTER.replace('\n', "\r\n").into_bytes());
        Ok(Content { message, envelope: Envelope::default() })
    }

    async fn send_back(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        if comment.is_empty() {
            return Err(HoldError::NoComment { id: id.clone() }.into());
        }
        self.act(who, id, State::Rejected, comment)?;
        *self.sent_back.lock().unwrap() = true;
        Ok(())
    }

    async fn ask_colleague(
        &self,
        who: &Address,
        id: &MailId,
        colleague: &Address,
        question: &str,
    ) -> Result<(), DeskError> {
        if colleague.as_str() == "taro@example.co.jp" {
            return Err(HoldError::NotAColleague { id: id.clone(), person: colleague.clone() }.into());
        }
        let (asked_at, question) = ("2026-11-20T01:00:00Z".parse().unwrap(), question.to_owned());
        let (person, asked_by) = (colleague.clone(), who.clone());
        self.opinions.lock().unwrap().push(Opinion { person, asked_by, question, asked_at, said: None });
        Ok(())
    }

    async fn give_opinion(&self, who: &Address, id: &MailId, opinion: &str) -> Result<(), DeskError> {
        let mut opinions = self.opinions.lock().unwrap();
        let Some(asked) = opinions.iter_mut().find(|one| one.person == *who && one.said.is_none()) else {
            return Err(HoldError::NotConsulted { id: id.clone(), person: who.clone() }.into());
        };
        asked.said = Some((opinion.to_owned(), asked.asked_at));
        Ok(())
    }

    async fn approve(&self, who: &Address, id: &MailId, comment: &str, _strong: bool) -> Result<(), DeskError> {
        if *self.needs_another.lock().unwrap() {
            let (at, by) = ("2026-11-20T01:00:00Z".parse().unwrap(), Some(who.clone()));
            let step = Step { at, by, change: "agreed".into(), comment: comment.into(), about: String::new() };
            self.state.lock().unwrap().1.push(step);
            return Ok(());
        }
        self.act(who, id, State::Approved, comment)
    }

    async fn reject(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        self.act(who, id, State::Rejected, comment)
    }

    async fn withdraw(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.act(who, id, State::Withdrawn, "")
    }

    async fn give_reason(&self, who: &Address, id: &MailId, reason: &str) -> Result<(), DeskError> {
        self.sent(who, id, "reason", reason).await
    }

    async fn ask_others(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.sent(who, id, "escalated", "").await
    }

    async fn release_alone(&self, who: &Address, id: &MailId, looked: &Looked, reason: &str) -> Result<(), DeskError> {
        let missing: Vec<String> = story().recipients.iter().map(|one| one.address.to_string()).collect();
        if looked.recipients != missing || looked.attachments.len() != story().inspection.attachments.len() {
            return Err(HoldError::NotLooked { id: id.clone(), missing }.into());
        }
        self.sent(who, id, "released_alone", reason).await?;
        self.state.lock().unwrap().0 = State::Approved;
        Ok(())
    }

    async fn saw(&self, _who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.seen.lock().unwrap().push(id.clone());
        Ok(())
    }

    async fn approving(&self, _since: jiff::Timestamp) -> Result<Vec<Approving>, DeskError> {
        let stamp = Approving { waiting: 2, decided: 25, approved: 25, unseen: 3, ..Approving::default() };
        Ok(vec![Approving { person: "<b>hanako@example.co.jp".to_owned(), ..stamp }])
    }

    async fn queues(&self) -> Result<Queues, DeskError> {
        Ok(Queues { held: Queue { length: 7, oldest: None }, ..Queues::default() })
    }

    fn people(&self) -> Arc<People> {
        let mut person = directory::Person::new(address("hanako@example.co.jp"));
        person.name = Some("山田 <i>花子</i>".to_owned());
        person.manager = Some(address("boss@example.co.jp"));
        let groups = std::collections::BTreeMap::from([("法務".to_owned(), vec![person.address.clone()])]);
        Arc::new(People::new(vec![person], groups))
    }

    async fn news(&self, _: &Address, since: jiff::Timestamp) -> Result<usize, DeskError> {
        // One mail, which came at the beginning of time.
        Ok(usize::from(since == jiff::Timestamp::UNIX_EPOCH))
    }

    fn language(&self, who: &Address) -> Option<Language> {
        (who.as_str() == "jane@example.co.jp").then_some(Language::En)
    }

    fn roles(&self, who: &Address) -> BTreeSet<Role> {
        if who.as_str() == "hanako@example.co.jp" { BTreeSet::from([Role::Security]) } else { BTreeSet::new() }
    }

    async fn note(&self, who: &Address, access: Access, place: &str) {
        assert!(place == "127.0.0.1" || place.starts_with("198.51.100."), "{place}");
        self.accesses.lock().unwrap().push((who.to_string(), access));
    }
}
