//! Sekisho (関所): an outbound e-mail data-loss-prevention SMTP proxy.
//!
//! A mail server relays outgoing mail through it. Sekisho reads bodies and attachments, finds personal data and
//! recipient mistakes, and forwards, delays, holds, asks a second person, or rejects.
//!
//! # The one rule: who is responsible for a mail
//!
//! Sekisho answers `250` to DATA only after one of two things is true: the next hop has answered `250` for it (clean
//! mail: never queued, never written to disk), or the mail and its verdict are committed to the store. Everything
//! else is `4xx`, or `5xx` when policy says so. An internal fault is never a forward.
//!
//! Of clean mail the record is on a disk before that `250`: in the store, or, while that is away and the organisation wants
//! it so (`journal.on_outage = "spool"`), in the spool of its node, where there was room for it before the next hop got the
//! mail. A mail whose record has no place there does not leave, and one that needs the store gets `451`.
//!
//! # The way of a mail
//!
//! ```text
//! mail server ─▶ smtp::server ─▶ pipeline ─▶ inspect ─▶ recipients ─▶ policy ─▶ forward │ hold │ approve │ reject
//!                                    │        (sandboxed   (who is       (rules →    │      │
//!                                    │         workers)     wrong?)      Decision)   ▼      ▼
//!                                    └─▶ journal (every mail)               smtp::client  store ─▶ hold ─▶ outbox ─▶ smtp::client
//!                                                                           next hop              ▲  notices, approvals, expiry
//!                                                                                      console / mail reply / CLI
//! ```
//!
//! [`pipeline`] tells this story in one screen. Each arrow is a value handed on, never a callback upwards.
//!
//! # The map, in reading order
//!
//! | room | what it is |
//! |---|---|
//! | [`mail`] | vocabulary: address, envelope, message, header fields, charsets, delivery status notices; no I/O |
//! | [`smtp`] | the wire, ignorant of policy: `server` (session, transaction, TLS, logins, limits), `client` (next hop, pool) |
//! | [`pipeline`] | one mail from MAIL to its reply |
//! | [`inspect`] | bytes → Inspection: `extract` (where the text is), `detect` (what it is), `persons`, `sandbox` (worker processes) |
//! | [`recipients`] | who the recipients are and what is wrong with each, one file per check; `history`: to whom we wrote before |
//! | [`policy`] | rules + facts → Decision, per recipient |
//! | [`store`] | the only owner of state: SQLite in a file or PostgreSQL for several nodes, sealed mail |
//! | [`journal`] | what left, to whom, about how many people: hash-chained records without content but names of attached files; whether they are whole, `search` in them, `figures` of their days, `report` of a leak |
//! | [`siem`] | what the journal says, told to a SIEM as syslog in CEF or OCSF; a follower that nothing waits for |
//! | [`hold`] | the life of a held mail; mints `Clearance`, without which nothing reaches the next hop |
//! | [`outbox`] | durable outgoing mail: released mail, notices, returned mail |
//! | [`notice`] | what people are told, in Japanese and English, and what their answers say |
//! | [`directory`] | who is who: people from a file and from LDAP, who may decide, local accounts, sessions and second factors |
//! | [`console`] | web pages and `/api/v1`: a view over hold and journal; mails tried against the rules |
//! | [`config`] | sekisho.toml: raw → checked |
//! | [`language`], [`written`] | the two languages; TOML with line and column |
//! | [`telemetry`] | logs, how we are, what is counted, and what a sample of the mails went through |
//! | [`drill`] | the drill of the machine: marked mails through the live way, every day, which can never leave |
//! | [`app`] | composition root: build everything, bind, run, stop |
//! | [`cli`] | one file per command; `main` only parses and calls |
//!
//! # Invariants (each has a test)
//!
//! 1. The one rule above (`tests/it/crash.rs`, `tests/it/cut_through.rs`, `tests/it/outage.rs`, `pipeline/split/tests.rs`).
//! 2. Nothing reaches the outbound client without a [`hold::Clearance`], minted only by a forward decision, by a completed
//!    release, or for a mail that left by one of these before and comes round again (`tests/it/tidy.rs`,
//!    `tests/it/loops.rs`).
//! 3. Inspection cannot fail: it returns findings and what could not be inspected; policy decides on both
//!    (`tests/it/workers.rs`, `tests/it/killers.rs`), and no byte is in neither (`inspect/extract/places.rs`,
//!    `inspect/extract/account.rs`).
//! 4. Recipients come from the envelope (Bcc counts); headers only explain.
//! 5. Forwarded and released bytes equal the received bytes, plus the trace header and the header lines that policy ordered
//!    (`tests/it/story.rs`, `tests/it/policy.rs`).
//! 6. A found value never leaves [`inspect`] unmasked (`tests/it/planted.rs`, `tests/it/story.rs`); only passwords that a
//!    mail states go into the sealed memory of their sender (`tests/it/passwords.rs`), and its salutation and names of
//!    organisations to the checks of its recipients, in memory; and what a reviewer opens, journalled first, to that
//!    reviewer (`console/look.rs`, `inspect/show`).
//! 7. The person who sent a mail can never be counted as its approver, and one person counts once.
//! 8. On start the store is the truth: what was committed and not finished is resumed.
//!
//! # Deliberately absent
//!
//! A scripting language for policy, a re-encoding of mail, a queue for clean mail, inspection inside the server's own
//! process, and a mode in which anything goes out uninspected or unrecorded because something failed.

pub mod mail;
pub mod smtp;

pub mod pipeline;

pub mod inspect;
pub mod recipients;

pub mod policy;

pub mod store;

pub mod journal;

pub mod siem;

pub mod hold;

pub mod outbox;

pub mod notice;

pub mod directory;

pub mod console;

pub mod config;

pub mod language;
pub mod written;

pub mod telemetry;

pub mod drill;

pub mod app;

pub mod cli;
