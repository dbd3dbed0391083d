//! The sections of the console: where each is, what it is called, and whose it is.
//!
//! In: the roles of a person. Out: the way through the pages that they have, and a refusal in words for who comes to a
//! section that is not theirs. Deliberately absent: which mails somebody may see or decide; the desk says that.

use std::collections::BTreeSet;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Web, held::frame, login::Person, pages};
use crate::{directory::Role, language::Language, notice::words};

/// A section, in the order in which they stand on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The held mails: everybody's own part of them.
    Mail,
    /// What left: the record of everybody's mails.
    Journal,
    /// How those who decide are doing.
    Approvers,
    /// What the rules are: a sender who knew them would know what slips through.
    Rules,
    /// Trying the rules, for the same people.
    Trial,
    /// Who is who.
    People,
    /// Whether everything works.
    Status,
}

impl Section {
    const ALL: [Self; 7] =
        [Self::Mail, Self::Journal, Self::Approvers, Self::Rules, Self::Trial, Self::People, Self::Status];

    /// Those that somebody with `roles` has.
    pub(super) fn of(roles: &BTreeSet<Role>) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|section| section.is_open_to(roles))
    }

    /// Where it is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Mail => "/held",
            Self::Journal => "/journal",
            Self::Approvers => "/approvers",
            Self::Rules => "/rules",
            Self::Trial => "/trial",
            Self::People => "/people",
            Self::Status => "/status",
        }
    }

    /// What people call it.
    pub(super) fn title(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Mail => ("メール", "Mail"),
            Self::Journal => ("送信記録", "Journal"),
            Self::Approvers => ("承認の状況", "Approvers"),
            Self::Rules => ("規則", "Rules"),
            Self::Trial => ("規則を試す", "Try the rules"),
            Self::People => ("利用者と役割", "People"),
            Self::Status => ("稼働状況", "Health"),
        };
        words::pick(language, ja, en)
    }

    /// Who has it; nobody named means everybody.
    fn roles(self) -> &'static [Role] {
        match self {
            Self::Mail => &[],
            Self::Journal | Self::Approvers => &[Role::Security, Role::Auditor],
            Self::Rules | Self::Trial | Self::People | Self::Status => {
                &[Role::Security, Role::Auditor, Role::Administrator]
            }
        }
    }

    /// Whether somebody with `roles` has it.
    pub(super) fn is_open_to(self, roles: &BTreeSet<Role>) -> bool {
        self.roles().is_empty() || self.roles().iter().any(|role| roles.contains(role))
    }
}

/// The refusal for somebody to whom `section` is not open.
pub(super) fn closed<D, A>(web: &Web<D, A>, person: &Person, section: Section) -> Option<Response> {
    if section.is_open_to(&person.roles) {
        return None;
    }
    let names = |language| {
        let names: Vec<&str> = section.roles().iter().map(|role| role_name(*role, language)).collect();
        names.join(words::pick(language, "、", ", "))
    };
    let (ja, en) = (
        format!("「{}」を使えるのは、{}だけです。", section.title(Language::Ja), names(Language::Ja)),
        format!("“{}” is only for: {}.", section.title(Language::En), names(Language::En)),
    );
    let page = pages::told(frame(web, person), ("この画面は使えません", "This page is not for you"), (&ja, &en));
    Some((StatusCode::FORBIDDEN, page).into_response())
}

/// What people call a role.
pub(super) fn role_name(role: Role, language: Language) -> &'static str {
    let (ja, en) = match role {
        Role::Approver => ("承認者", "approvers"),
        Role::Security => ("セキュリティ担当", "the security team"),
        Role::Auditor => ("監査担当", "auditors"),
        Role::Administrator => ("管理者", "administrators"),
    };
    words::pick(language, ja, en)
}
