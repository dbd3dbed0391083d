//! [`Policies`] + [`Mail`] → a [`Verdict`].
//!
//! In: the facts about a mail. Out: every recipient in one group, with the rules that matched, those that would have if
//! they were enforced, and those of which nobody can tell. Deliberately absent: what follows from a rule's orders
//! (`duty`).

use std::collections::BTreeSet;

use super::{
    Action, Duties, Group, Matched, Mode, Verdict,
    compile::{Compiled, Policies},
    mail::{Mail, To},
    rule::{DEFAULT_ID, Question},
    truth::Truth,
};
use crate::language::Text;

/// What the rules come to for one recipient, by their numbers.
#[derive(Default)]
struct Answers {
    matched: BTreeSet<usize>,
    reported: BTreeSet<usize>,
    undecided: BTreeSet<usize>,
}

impl Policies {
    /// Decides about every recipient; recipients with the same outcome travel together.
    pub fn decide(&self, mail: &Mail) -> Verdict {
        let questions: Vec<Question<'_>> = self.rules.iter().map(|rule| rule.rule.ask(mail, &self.world)).collect();
        let mut groups: Vec<(Action, Vec<&To>, Answers)> = Vec::new();
        for to in &mail.recipients {
            let (action, answers) = self.decide_one(&questions, to);
            let at = groups.iter().position(|(known, ..)| *known == action).unwrap_or_else(|| {
                groups.push((action, Vec::new(), Answers::default()));
                groups.len() - 1
            });
            let Some((_, recipients, all)) = groups.get_mut(at) else { continue };
            recipients.push(to);
            all.matched.extend(answers.matched);
            all.reported.extend(answers.reported);
            all.undecided.extend(answers.undecided);
        }
        groups.sort_by_key(|(action, ..)| std::cmp::Reverse(*action));
        let group = |(action, recipients, answers): (Action, Vec<&To>, Answers)| {
            self.group(mail, action, &recipients, &answers)
        };
        Verdict::new(groups.into_iter().map(group).collect())
    }

    /// The default, as far as it acts.
    fn least(&self) -> Action {
        if self.settings.mode == Mode::Enforce { self.settings.default } else { Action::Forward }
    }

    fn decide_one(&self, questions: &[Question<'_>], to: &To) -> (Action, Answers) {
        let mut answers = Answers::default();
        let mut action = self.least();
        for (number, question) in questions.iter().enumerate() {
            match question.answer(to) {
                Truth::True if self.settings.mode.max(question.rule.mode) == Mode::Report => {
                    answers.reported.insert(number);
                }
                Truth::True => {
                    action = action.max(question.rule.action);
                    answers.matched.insert(number);
                }
                Truth::Unknown => {
                    answers.undecided.insert(number);
                }
                Truth::False => {}
            }
        }
        (action, answers)
    }

    fn group(&self, mail: &Mail, action: Action, recipients: &[&To], answers: &Answers) -> Group {
        let reasons = |numbers: &BTreeSet<usize>| -> Vec<Matched> {
            let rules = numbers.iter().filter_map(|number| self.rules.get(*number));
            rules
                .map(|Compiled { rule, .. }| Matched {
                    rule: rule.id.clone(),
                    action: rule.action,
                    title: rule.title.clone(),
                    duties: rule.orders.at(mail.at, &self.world.calendar),
                })
                .collect()
        };
        let (mut matched, mut reported) = (reasons(&answers.matched), reasons(&answers.reported));
        let default = self.settings.default;
        let milder = |reasons: &[Matched]| reasons.iter().all(|reason| reason.action < default);
        if default > Action::Forward {
            let told = if self.settings.mode == Mode::Enforce { &mut matched } else { &mut reported };
            if milder(told) {
                told.push(default_reason(default));
            }
        }
        for reasons in [&mut matched, &mut reported] {
            reasons.sort_by(|a, b| b.action.cmp(&a.action).then_with(|| a.rule.cmp(&b.rule)));
        }
        let rules = answers.undecided.iter().filter_map(|number| self.rules.get(*number));
        Group {
            action,
            recipients: recipients.iter().map(|to| to.address.clone()).collect(),
            matched,
            reported,
            undecided: rules.map(|compiled| compiled.rule.id.clone()).collect(),
        }
    }
}

fn default_reason(action: Action) -> Matched {
    let title = Text {
        ja: "この組織の設定により、外へ出る前にすべてのメールを止めています".to_owned(),
        en: "This organisation's settings stop every mail before it leaves".to_owned(),
    };
    Matched { rule: DEFAULT_ID.to_owned(), action, title, duties: Duties::default() }
}
