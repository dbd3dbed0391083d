//! Rule files → [`Policies`].
//!
//! In: the shipped rule files and an organisation's own. Out: compiled policies that decide. An own rule with a shipped
//! id replaces the shipped one; `enabled = false` switches it off. Every file is checked before any rule is used: a
//! broken rule refuses the whole set, because a set with a hole lets mails out.
//! Deliberately absent: reading files (`config`), and detectors (`inspect::detect`).

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Action, Approver, Mode,
    calendar::Calendar,
    condition::{Condition, World, names_it},
    preset::Preset,
    rule::{RawRule, Rule, is_id},
    who::Member,
};
use crate::{
    inspect::{RuleError, RuleSource},
    language::Text,
    written,
};

/// What an organisation says about its rules as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The mildest that can happen to a mail: `forward`, unless the organisation says otherwise.
    pub default: Action,
    /// Whether any rule acts.
    pub mode: Mode,
    /// Which shipped rules there are.
    pub preset: Preset,
    /// When business is done.
    pub calendar: Calendar,
}

impl Default for Settings {
    fn default() -> Self {
        Self { default: Action::Forward, mode: Mode::Enforce, preset: Preset::Starter, calendar: Calendar::default() }
    }
}

impl From<Action> for Settings {
    fn from(default: Action) -> Self {
        Self { default, ..Self::default() }
    }
}

/// Compiled rules and what happens without any.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The most severe first, then by id, so that neither file nor line order can be felt.
    pub(super) rules: Vec<Compiled>,
    pub(super) settings: Settings,
    pub(super) world: World,
    /// The header fields that rules ask for, in lower case.
    fields: BTreeSet<String>,
}

/// One line about a rule, for `rules list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// What it asks for.
    pub action: Action,
    /// Whether it acts.
    pub mode: Mode,
    /// Why, in words for people.
    pub title: &'a Text,
    /// The file it stands in, with line and column.
    pub place: &'a str,
    /// How it is written there, with the comment above it and without its examples.
    pub source: &'a str,
    /// How many examples it carries.
    pub examples: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub(super) rule: Rule,
    pub(super) place: String,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    policy: Vec<Spanned<RawRule>>,
    #[serde(default)]
    list: Vec<Spanned<RawList>>,
}

/// `[[list]]`: addresses and domains by a name that rules use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    id: String,
    members: Vec<String>,
}

impl Policies {
    /// Compiles the shipped rules and then `extra`, and runs every rule's own examples.
    ///
    /// Sources called `detectors/…` or `dictionaries/…` are another room's and passed over.
    ///
    /// # Errors
    /// The first thing that is wrong; [`Policies::compile_all`] tells all of them.
    pub fn compile(extra: &[RuleSource], settings: impl Into<Settings>) -> Result<Self, RuleError> {
        Self::compile_all(extra, settings).map_err(|mut errors| {
            if errors.is_empty() {
                return RuleError { file: "policies".to_owned(), message: "no rule could be read".to_owned() };
            }
            errors.swap_remove(0)
        })
    }

    /// As [`Policies::compile`].
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and lines.
    pub fn compile_all(extra: &[RuleSource], settings: impl Into<Settings>) -> Result<Self, Vec<RuleError>> {
        let settings = settings.into();
        let mut errors = Vec::new();
        let mut world = World { calendar: settings.calendar.clone(), ..World::default() };
        let shipped = settings.preset.layers();
        let layers: Vec<Layer> = shipped
            .iter()
            .map(Vec::as_slice)
            .chain(std::iter::once(extra))
            .map(|sources| Layer::read(sources, &mut world, &mut errors))
            .collect();
        let own = layers.len() - 1;
        let mut rules: Vec<Entry> = Vec::new();
        for (number, layer) in layers.into_iter().enumerate() {
            for mut entry in layer.check(&world, &mut errors) {
                if number < own
                    && let Some(rule) = &mut entry.checked
                    && settings.preset.mode() == Mode::Report
                {
                    rule.mode = Mode::Report;
                }
                let known = rules.iter().any(|rule| rule.id == entry.id);
                if !known && entry.checked.is_none() && !entry.broken {
                    let message =
                        format!("there is no rule `{}` to switch off; `sekisho rules list` names them", entry.id);
                    errors.push(RuleError { file: entry.place.clone(), message });
                }
                rules.retain(|rule| rule.id != entry.id);
                rules.push(entry);
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut rules: Vec<_> = rules
            .into_iter()
            .filter_map(|Entry { checked, place, source, .. }| checked.map(|rule| Compiled { rule, place, source }))
            .collect();
        rules.sort_by(|a, b| b.rule.action.cmp(&a.rule.action).then_with(|| a.rule.id.cmp(&b.rule.id)));
        let conditions = rules.iter().flat_map(|Compiled { rule, .. }| std::iter::once(&rule.when).chain(&rule.unless));
        let fields = conditions.flat_map(Condition::fields).collect();
        Ok(Self { rules, settings, world, fields })
    }

    /// The header fields that rules ask for, in lower case: what a [`Mail`](super::Mail) is to be gathered with.
    pub fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    /// The rules, the most severe first.
    pub fn rules(&self) -> impl Iterator<Item = Summary<'_>> {
        self.rules.iter().map(|Compiled { rule, place, source }| Summary {
            id: &rule.id,
            action: rule.action,
            mode: rule.mode.max(self.settings.mode),
            title: &rule.title,
            place,
            source,
            examples: rule.examples,
        })
    }

    /// Whom each rule asks to decide, on whatever level and however late, with the rule's id and place.
    pub fn approvers(&self) -> impl Iterator<Item = (&str, &str, &Approver)> {
        self.rules.iter().flat_map(|compiled| {
            let (id, place) = (compiled.rule.id.as_str(), compiled.place.as_str());
            compiled.rule.orders.approvers().map(move |approver| (id, place, approver))
        })
    }

    /// Names of detectors in rules that none of `detectors` has: such a rule waits for something that never comes.
    pub fn unknown_detectors(&self, detectors: &[&str]) -> Vec<RuleError> {
        let mut errors = Vec::new();
        for Compiled { rule, place, .. } in &self.rules {
            let names = rule.conditions().into_iter().flat_map(|condition| condition.detectors.iter().flatten());
            for name in names {
                if !detectors.iter().any(|detector| names_it(name, detector)) {
                    let hint = written::did_you_mean(name, detectors.iter().copied());
                    let message = format!(
                        "rule `{}` waits for `{name}`, which no detector is called{hint}; `sekisho rules list` names \
                         them",
                        rule.id
                    );
                    errors.push(RuleError { file: place.clone(), message });
                }
            }
        }
        errors
    }
}

/// One layer of files (shipped ones, or an organisation's own), in which no id may stand twice.
struct Layer {
    rules: Vec<Found>,
}

/// One rule as it stands in a file.
struct Found {
    place: String,
    source: String,
    raw: RawRule,
}

/// One rule of a layer; not `checked` if it is switched off or broken.
struct Entry {
    id: String,
    place: String,
    source: String,
    checked: Option<Rule>,
    broken: bool,
}

impl Layer {
    fn read(sources: &[RuleSource], world: &mut World, errors: &mut Vec<RuleError>) -> Self {
        let mut rules: Vec<Found> = Vec::new();
        let mut lists: Vec<(String, String)> = Vec::new();
        for source in sources.iter().filter(|source| is_policy(&source.name)) {
            let place = |span: Range<usize>| written::place(&source.name, &source.text, span.start);
            let file: File = match toml::from_str(&source.text) {
                Ok(file) => file,
                Err(error) => {
                    let file = place(error.span().unwrap_or(0..0));
                    errors.push(RuleError { file, message: written::mended(error.message()) });
                    continue;
                }
            };
            for raw in file.list {
                let place = place(raw.span());
                if let Err(message) = take_list(raw.into_inner(), &place, &mut lists, world) {
                    errors.push(RuleError { file: place, message });
                }
            }
            for raw in file.policy {
                let (place, written) = (place(raw.span()), as_written(&source.text, raw.span().start));
                let raw = raw.into_inner();
                if let Some(Found { place: first, .. }) = rules.iter().find(|found| found.raw.id == raw.id) {
                    let message = format!("rule `{}` is already at {first}; give one of them another id", raw.id);
                    errors.push(RuleError { file: place, message });
                    continue;
                }
                rules.push(Found { place, source: written.to_owned(), raw });
            }
        }
        Self { rules }
    }

    fn check(self, world: &World, errors: &mut Vec<RuleError>) -> Vec<Entry> {
        let check = |Found { place, source, raw }: Found| {
            let id = raw.id.clone();
            let (checked, broken) = match raw.enabled.then(|| raw.check(world)).transpose() {
                Ok(checked) => (checked, false),
                Err(message) => {
                    errors.push(RuleError { file: place.clone(), message });
                    (None, true)
                }
            };
            Entry { id, place, source, checked, broken }
        };
        self.rules.into_iter().map(check).collect()
    }
}

/// The rule that begins at `start` of a file, from the comment above it to its first example or to what comes next.
fn as_written(file: &str, start: usize) -> &str {
    let (above, rule) = file.split_at_checked(start).unwrap_or((file, ""));
    let comment: usize = above.split_inclusive('\n').rev().take_while(|line| line.starts_with('#')).map(str::len).sum();
    let next = ["\n[[policy.must_", "\n[[policy]]", "\n[[list]]"].iter().filter_map(|table| rule.find(table)).min();
    let mut end = start + next.unwrap_or(rule.len());
    // The comment above the next one is not this one's.
    while let Some((rest, line)) = file.get(..end).and_then(|text| text.rsplit_once('\n'))
        && next.is_some()
        && (line.is_empty() || line.starts_with('#'))
        && rest.len() > start
    {
        end = rest.len();
    }
    file.get(start - comment..end).unwrap_or_default().trim_end()
}

fn take_list(raw: RawList, place: &str, lists: &mut Vec<(String, String)>, world: &mut World) -> Result<(), String> {
    let RawList { id, members } = raw;
    if !is_id(&id) {
        return Err(format!("`{id}` is no list id; use lower-case letters, digits and hyphens"));
    }
    if let Some((_, first)) = lists.iter().find(|(known, _)| *known == id) {
        return Err(format!("list `{id}` is already at {first}; give one of them another id"));
    }
    if members.is_empty() {
        return Err(format!("list `{id}` is empty; name somebody on it, or drop it and the rules that use it"));
    }
    let members = members.iter().map(|member| Member::parse(member)).collect::<Result<_, _>>()?;
    lists.push((id.clone(), place.to_owned()));
    world.lists.insert(id, members);
    Ok(())
}

fn is_policy(name: &str) -> bool {
    !name.starts_with("detectors/") && !name.starts_with("dictionaries/")
}
