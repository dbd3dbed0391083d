//! Layers (optional content): which are off when the document is opened.
//!
//! In: the catalog. Out: whether a piece of content is out of sight. Deliberately absent: layers that switch by zoom,
//! language or print.

use std::collections::HashSet;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};

/// The layers that are off.
#[derive(Default)]
pub(super) struct Layers {
    off: HashSet<ObjectIdentifier>,
}

impl Layers {
    pub(super) fn of(pdf: &Pdf) -> Self {
        let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).unwrap_or_default();
        let Some(properties) = catalog.get::<Dict<'_>>("OCProperties") else {
            return Self::default();
        };
        let config = properties.get::<Dict<'_>>("D").unwrap_or_default();
        let groups = |dict: &Dict<'_>, key: &str| -> Vec<ObjectIdentifier> {
            let list = dict.get::<Array<'_>>(key);
            list.map(|list| list.raw_iter().filter_map(|it| it.as_obj_ref()).map(Into::into).collect())
                .unwrap_or_default()
        };
        let mut off = HashSet::new();
        if config.get::<Name<'_>>("BaseState").is_some_and(|state| state.as_str() == "OFF") {
            off.extend(groups(&properties, "OCGs"));
        }
        for on in groups(&config, "ON") {
            off.remove(&on);
        }
        off.extend(groups(&config, "OFF"));
        Self { off }
    }

    /// Whether content of this group (or of groups together, `OCMD`) is off.
    pub(super) fn is_off(&self, group: Option<ObjectIdentifier>, dict: &Dict<'_>) -> bool {
        if self.off.is_empty() {
            return false;
        }
        if group.is_some_and(|group| self.off.contains(&group)) {
            return true;
        }
        let members: Vec<ObjectIdentifier> = match dict.get_raw::<Object<'_>>("OCGs") {
            Some(MaybeRef::Ref(one)) if dict.get::<Array<'_>>("OCGs").is_none() => vec![one.into()],
            _ => {
                let list = dict.get::<Array<'_>>("OCGs");
                list.map(|list| list.raw_iter().filter_map(|it| it.as_obj_ref()).map(Into::into).collect())
                    .unwrap_or_default()
            }
        };
        if members.is_empty() {
            return false;
        }
        let is_off = |group: &ObjectIdentifier| self.off.contains(group);
        let visible = match dict.get::<Name<'_>>("P").as_ref().map(|policy| policy.as_str().to_owned()).as_deref() {
            Some("AllOn") => !members.iter().any(is_off),
            Some("AnyOff") => members.iter().any(is_off),
            Some("AllOff") => members.iter().all(is_off),
            _ => !members.iter().all(is_off),
        };
        !visible
    }
}
