//! What CSS hides, as far as single declarations tell.
//!
//! In: style attributes and style sheets. Out: whether an element is hidden or coloured, and what of a sheet is text.
//! Known: `display`, `visibility`, sizes and opacities of zero, Outlook's `mso-hide`, white letters on nothing; rules for
//! one tag, class or name, outside of `@media`. Deliberately absent: the cascade (a rule that shows again what another
//! one hides), combined selectors, colours but white.

use std::collections::HashSet;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::inspect::extract::letters;

/// What a declaration block does to an element. What an element inside may take back is `None` if nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Effect {
    /// Hides the element and all that is in it.
    pub(crate) hides: bool,
    pub(crate) invisible: Option<bool>,
    /// Letters of no size.
    pub(crate) tiny: Option<bool>,
    /// Writes in white.
    pub(crate) white: Option<bool>,
    /// Has a background of its own, on which white can be read.
    pub(crate) backed: bool,
    /// Quotes an earlier mail; its element says so, and no declaration.
    pub(crate) quotes: bool,
}

/// What a block of declarations does.
pub(crate) fn effect(declarations: &str) -> Effect {
    let mut effect = Effect::default();
    for declaration in declarations.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        let value = value.trim_end_matches("!important").trim_end();
        match name.as_str() {
            "display" => effect.hides |= value == "none",
            "visibility" => effect.invisible = Some(matches!(value, "hidden" | "collapse")),
            "mso-hide" => effect.hides |= value == "all",
            "font-size" => effect.tiny = Some(is_zero(value)),
            "opacity" | "max-height" | "max-width" => effect.hides |= is_zero(value),
            "color" => effect.white = Some(is_white(value)),
            "background" | "background-color" | "background-image" => {
                effect.backed |= !is_white(value) && !matches!(value, "none" | "transparent" | "inherit" | "initial");
            }
            _ => {}
        }
    }
    effect
}

/// The longest value of an attribute of layout.
pub(crate) const LAYOUT: usize = 256;

/// A shorter value holds no text in letters.
const LETTERS: usize = 16;

/// Whether the value of an attribute of layout is more than that: it is long, or not in ASCII, or holds a file.
pub(crate) fn says_something(value: &str) -> bool {
    // Nearly all are shorter than anything that letters hold.
    let is_long = |word: &str| word.len() >= LETTERS;
    let has_letters = || value.split_ascii_whitespace().any(is_long) && !letters::found(value).is_empty();
    !value.is_ascii() || value.len() > LAYOUT || has_file(value) || has_letters()
}

static DATA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("data:"));

/// Whether a picture, or whatever it is, stands in a style: `url(data:…)`.
fn has_file(style: &str) -> bool {
    DATA.find(style.as_bytes()).is_some()
}

/// `0`, `0px`, `0.0%`.
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.parse::<f32>().is_ok_and(|number| number == 0.0)
}

/// Whether a colour is white.
pub(crate) fn is_white(value: &str) -> bool {
    let value: String = value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    matches!(value.as_str(), "white" | "#fff" | "#ffffff" | "ffffff" | "rgb(255,255,255)")
}

/// The rules of a page's style sheets.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    hiding: HashSet<String>,
    /// Whether any rule has a background: then white letters in an element with a class may well be seen.
    pub(crate) has_backgrounds: bool,
}

impl Sheet {
    /// Takes the rules of one style element, and gives the text in it: comments, strings, whatever is not ASCII.
    pub(crate) fn learn(&mut self, source: &str) -> String {
        let (rules, mut text) = without_comments(source);
        for block in top_level_blocks(&rules) {
            let Effect { hides, invisible, tiny, .. } = effect(block.declarations);
            let hides = hides || invisible == Some(true) || tiny == Some(true);
            if hides && !block.selectors.trim_start().starts_with('@') {
                self.hiding.extend(block.selectors.split(',').map(|selector| selector.trim().to_ascii_lowercase()));
            }
        }
        self.has_backgrounds |= rules.contains("background");
        let strings = rules.split(['"', '\'']).skip(1).step_by(2);
        for string in strings.filter(|string| string.chars().any(char::is_alphanumeric)) {
            text.push_str(string);
            text.push('\n');
        }
        if !rules.is_ascii() || has_file(&rules) {
            text.push_str(&rules);
        }
        text
    }

    /// Whether a rule hides this element.
    pub(crate) fn hides(&self, tag: &str, classes: &str, id: &str) -> bool {
        if self.hiding.is_empty() {
            return false;
        }
        let has = |selector: String| self.hiding.contains(&selector.to_ascii_lowercase());
        has(tag.to_owned())
            || (!id.is_empty() && (has(format!("#{id}")) || has(format!("{tag}#{id}"))))
            || classes.split_ascii_whitespace().any(|class| has(format!(".{class}")) || has(format!("{tag}.{class}")))
    }
}

/// A sheet without its comments (and the brackets around a whole sheet), and the comments.
fn without_comments(source: &str) -> (String, String) {
    let source = source.replace("<!--", "").replace("-->", "");
    let (mut rules, mut comments) = (String::new(), String::new());
    let mut rest = source.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        rules.push_str(before);
        let (comment, after) = after.split_once("*/").unwrap_or((after, ""));
        comments.push_str(comment.trim());
        comments.push('\n');
        rest = after;
    }
    rules.push_str(rest);
    (rules, comments)
}

struct Block<'a> {
    selectors: &'a str,
    declarations: &'a str,
}

/// Blocks outside of all others. What is in `@media` applies to some screens only.
fn top_level_blocks(rules: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let (mut depth, mut start, mut open) = (0u32, 0, 0);
    for (at, c) in rules.char_indices() {
        match c {
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let selectors = rules.get(start..open).unwrap_or_default();
                    let declarations = rules.get(open + 1..at).unwrap_or_default();
                    blocks.push(Block { selectors, declarations });
                    (start, open) = (at + 1, at + 1);
                }
            }
            // Behind `@import …;`.
            ';' if depth == 0 => start = at + 1,
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hides_hides() {
        for hiding in [
            "display:none",
            "DISPLAY : None !important",
            "color:red; visibility: hidden",
            "font-size:0",
            "font-size:0px",
            "opacity:0.0",
            "mso-hide:all",
            "max-height:0",
        ] {
            let found = effect(hiding);
            assert!(found.hides || found.invisible == Some(true) || found.tiny == Some(true), "{hiding}");
        }
        for showing in ["display:block", "font-size:0.9em", "font-size:10px", "opacity:0.5", "color:#fff", "", "x"] {
            let found = effect(showing);
            assert!(!found.hides && found.invisible != Some(true) && found.tiny != Some(true), "{showing}");
        }
        assert_eq!(
            (effect("color: #FFF").white, effect("color:#ffe").white, effect("x").white),
            (Some(true), Some(false), None)
        );
        assert!(effect("background:#369").backed && !effect("background: white").backed);
    }

    #[test]
    fn a_sheet_hides_by_class_name_and_tag() {
        let mut sheet = Sheet::default();
        let text = sheet.learn(
            "<!-- /* 注釈 090 */ @import 'x'; .a, p.b { display:none } #c{visibility:hidden}\
             @media print { .d { display:none } } .e .f { display: none } .g:after { content: \"文字\" } -->",
        );
        assert!(sheet.hides("div", "x a", "") && sheet.hides("p", "b", "") && sheet.hides("i", "", "c"));
        assert!(!sheet.hides("div", "b", "") && !sheet.hides("div", "d", "") && !sheet.hides("div", "f", ""));
        assert!(text.contains("注釈 090") && text.contains("文字"), "{text}");
        assert_eq!(Sheet::default().learn("p { color: red }"), "");
        let _ = Sheet::default().learn(&"{".repeat(100_000));
    }
}
