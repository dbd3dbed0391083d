//! A page's operators → the glyphs it shows, where, and whether they can be seen.
//!
//! In: content streams and their resources. Out: [`Walked`]: glyphs in the order in which they are drawn, pictures, and
//! what was not followed. Everything is walked: forms inside of forms, layers that are off, text that is drawn in no
//! colour; who cannot be seen is marked. Forms may call each other 2^30 times, so there is a [`Budget`] for the whole
//! document. Deliberately absent: patterns and the insides of Type 3 glyphs; they are read as drawings that are on no page
//! (`book`).

mod content;
mod paint;
mod state;
mod text;

use std::collections::HashMap;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, ObjectIdentifier, Stream};
use hayro_syntax::page::Resources;

use self::content::Content;
use self::paint::Painted;
use self::state::{State, States};
use super::filter;
use super::font::Fonts;
use super::geometry::{Area, Matrix};
use super::layers::Layers;
use super::remarks::remarks;
use super::string;
use crate::inspect::Reason;
use crate::inspect::extract::sweep;

/// Forms inside of forms.
const DEPTH: u32 = 24;

/// The operators of one stream. No page has more that anybody wants to read.
const CONTENT: u64 = 64 << 20;

/// What all pages of a document may use.
pub(super) struct Budget<'b> {
    /// Unpacked bytes.
    pub(super) bytes: u64,
    pub(super) operators: u64,
    pub(super) forms: u32,
    pub(super) glyphs: u64,
    /// Whether the time is used up.
    pub(super) is_over: &'b dyn Fn() -> bool,
}

/// One character, or a few that are one glyph.
pub(super) struct Glyph {
    pub(super) text: Rc<str>,
    /// Where it starts and ends on its line.
    pub(super) start: (f64, f64),
    pub(super) end: (f64, f64),
    /// The em, in points.
    pub(super) size: f64,
    pub(super) vertical: bool,
    /// The pen was put here, not moved on.
    pub(super) jumped: bool,
    pub(super) hidden: bool,
    /// It is hidden because it stands beyond the edge of the page; nothing else is there.
    pub(super) beyond: bool,
    /// It is drawn in no colour at all, as the text under a scanned page is.
    pub(super) inkless: bool,
    /// How many boxes were drawn before it.
    boxes: usize,
}

/// A picture on a page.
pub(super) struct Picture<'a> {
    /// Its object; nothing for one that stands in the page's own operators.
    pub(super) stream: Option<Stream<'a>>,
    pub(super) pixels: u64,
    /// How much of the page it covers.
    pub(super) share: f64,
}

/// What a page holds.
#[derive(Default)]
pub(super) struct Walked<'a> {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) pictures: Vec<Picture<'a>>,
    /// Codes that were shown, readable or not.
    pub(super) codes: u64,
    /// Codes that are text, by the company they keep, and that nobody can read.
    pub(super) unreadable: u64,
    /// What is said in place of glyphs.
    pub(super) said: Vec<String>,
    /// Why it is not all.
    pub(super) flaws: Vec<Reason>,
    /// The forms that were drawn.
    pub(super) forms: Vec<ObjectIdentifier>,
}

impl Walked<'_> {
    fn flaw(&mut self, reason: Reason) {
        if !self.flaws.contains(&reason) {
            self.flaws.push(reason);
        }
    }
}

/// What a walk needs to know of the document.
#[derive(Clone, Copy)]
pub(super) struct Around<'w, 'a> {
    pub(super) fonts: &'w Fonts<'a>,
    pub(super) layers: &'w Layers,
}

/// A walk over one page.
pub(super) struct Walk<'w, 'b, 'a> {
    around: Around<'w, 'a>,
    budget: &'w mut Budget<'b>,
    page: Area,
    states: States<'a>,
    boxes: Vec<Painted>,
    path: Area,
    /// The path is one upright box.
    path_is_box: bool,
    clip_pending: bool,
    jumped: bool,
    unnamed: Vec<u32>,
    forms: HashMap<ObjectIdentifier, Rc<Content>>,
    walked: Walked<'a>,
}

impl<'w, 'b, 'a> Walk<'w, 'b, 'a> {
    /// Starts at a page whose visible part is `page`, seen through `matrix`.
    pub(super) fn new(around: Around<'w, 'a>, budget: &'w mut Budget<'b>, page: Area, matrix: Matrix) -> Self {
        Self {
            around,
            budget,
            page,
            states: States::new(State::new(matrix)),
            boxes: Vec::new(),
            path: Area::NOWHERE,
            path_is_box: false,
            clip_pending: false,
            jumped: true,
            unnamed: Vec::new(),
            forms: HashMap::new(),
            walked: Walked::default(),
        }
    }

    /// Unpacks a stream of operators, at the document's expense.
    pub(super) fn content(&mut self, stream: &Stream<'_>) -> Vec<u8> {
        let unpacked = filter::unpack(stream, self.budget.bytes.min(CONTENT));
        self.budget.bytes = self.budget.bytes.saturating_sub(unpacked.bytes.len() as u64);
        if let Some(flaw) = unpacked.flaw {
            self.walked.flaw(flaw);
        }
        if unpacked.left.is_some() {
            self.walked.flaw(Reason::Unsupported);
        }
        unpacked.bytes.into_owned()
    }

    /// Follows operators.
    pub(super) fn run(&mut self, content: Vec<u8>, resources: &Resources<'a>) {
        let content = Content::of(content);
        self.remarks(&content);
        self.follow_all(&content, resources, 0);
    }

    /// What stands in a stream and is no operator.
    fn remarks(&mut self, content: &Content) {
        let found = remarks(&content.bytes).into_iter();
        let texts = found.filter_map(|range| content.bytes.get(range)).map(sweep::text);
        self.walked.said.extend(texts.filter(|text| !text.trim().is_empty()));
    }

    fn follow_all(&mut self, content: &Content, resources: &Resources<'a>, depth: u32) {
        let outside = self.states.depth();
        let marked = self.states.now().marked;
        if !content.whole {
            self.walked.flaw(Reason::Damaged);
        }
        'all: for (range, count) in &content.stretches {
            let mut operators = TypedIter::new(content.bytes.get(range.clone()).unwrap_or_default());
            for _ in 0..*count {
                if self.budget.operators == 0 || (self.budget.operators.is_multiple_of(4096) && (self.budget.is_over)())
                {
                    self.walked.flaw(Reason::Limit);
                    break 'all;
                }
                self.budget.operators -= 1;
                // One without the operands that it needs is nothing.
                if let Some(operator) = operators.next() {
                    self.follow(&operator, resources, depth, outside);
                }
            }
        }
        // What a stream leaves open is closed with it.
        self.states.restore_to(outside);
        self.states.now().marked = marked;
    }

    /// Something that belongs to the page is missing.
    pub(super) fn missing(&mut self) {
        self.walked.flaw(Reason::Damaged);
    }

    /// Ends the walk.
    pub(super) fn end(mut self) -> Walked<'a> {
        self.end_unnamed();
        let covering: Vec<(usize, Area)> =
            self.boxes.iter().enumerate().filter(|(_, it)| it.covers).map(|(at, it)| (at, it.area)).collect();
        for glyph in &mut self.walked.glyphs {
            let middle = (f64::midpoint(glyph.start.0, glyph.end.0), f64::midpoint(glyph.start.1, glyph.end.1));
            // A line through a word does not hide it.
            let covers = |area: &Area| area.thickness() > 0.5 * glyph.size && area.has(middle);
            glyph.hidden |= covering.iter().any(|(at, area)| *at >= glyph.boxes && covers(area));
        }
        self.walked
    }

    fn follow(&mut self, operator: &Op<'_, '_>, resources: &Resources<'a>, depth: u32, outside: usize) {
        match operator {
            Op::SaveState(_) => self.states.save(),
            Op::RestoreState(_) => self.states.restore(outside),
            Op::Transform(t) => {
                let matrix = matrix([&t.0, &t.1, &t.2, &t.3, &t.4, &t.5]);
                let state = self.states.now();
                state.matrix = matrix.then(state.matrix);
            }
            Op::SetGraphicsState(name) => {
                if let Some(dict) = resources.get_ext_g_state(name.0) {
                    self.graphics_state(&dict);
                }
            }
            Op::BeginMarkedContent(_) => self.begin_marked(None, resources),
            Op::BeginMarkedContentWithProperties(content) => self.begin_marked(Some(content.1), resources),
            Op::EndMarkedContent(_) => {
                let state = self.states.now();
                state.marked = state.marked.saturating_sub(1);
                // The layer that was off ends here.
                if state.off.is_some_and(|off| off > state.marked) {
                    state.off = None;
                }
            }
            Op::XObject(name) => {
                if let Some(stream) = resources.get_x_object(name.0) {
                    self.object(&stream, resources, depth);
                }
            }
            Op::InlineImage(image) => {
                let side = |long: &str, short: &str| side(image.0.dict(), long, short);
                let pixels = side("Width", "W").saturating_mul(side("Height", "H"));
                self.picture(None, pixels);
            }
            _ => {
                if !self.text(operator, resources) && !self.paint(operator) {
                    self.color(operator);
                }
            }
        }
    }

    fn graphics_state(&mut self, dict: &Dict<'a>) {
        if let Some(alpha) = dict.get::<Number>("ca") {
            self.states.now().opaque = alpha.as_f64() > 0.95;
        }
        if let Some(mode) = dict.get::<Name<'_>>("BM") {
            self.states.now().blends = !matches!(mode.as_str(), "Normal" | "Compatible");
        }
        if let Some(font) = dict.get::<Array<'_>>("Font") {
            let mut entries = font.iter::<Object<'_>>();
            let dict = entries.next().and_then(Object::into_dict);
            let size = entries.next().and_then(Object::into_number);
            if let (Some(dict), Some(size)) = (dict, size) {
                self.set_font(&dict, size.as_f64());
            }
        }
    }

    /// A stretch of content begins, which may be a layer and may say what it means.
    fn begin_marked(&mut self, properties: Option<&Object<'_>>, resources: &Resources<'a>) {
        let state = self.states.now();
        state.marked = state.marked.saturating_add(1);
        let depth = state.marked;
        let is_off = match properties {
            Some(Object::Name(name)) => {
                let dict = resources.properties.get::<Dict<'_>>(name.as_ref()).unwrap_or_default();
                self.say(&dict);
                let group = resources.properties.get_ref(name.as_ref()).map(Into::into);
                self.around.layers.is_off(group, &dict)
            }
            Some(Object::Dict(dict)) => {
                self.say(dict);
                false
            }
            _ => false,
        };
        let state = self.states.now();
        if is_off && state.off.is_none() {
            state.off = Some(depth);
        }
    }

    fn say(&mut self, dict: &Dict<'_>) {
        for key in ["ActualText", "Alt", "E"] {
            let text = dict.get::<hayro_syntax::object::String<'_>>(key).and_then(|said| string::text(&said));
            self.walked.said.extend(text.filter(|text| text.chars().nth(1).is_some()));
        }
    }

    /// Draws a form or a picture.
    pub(super) fn object(&mut self, stream: &Stream<'a>, resources: &Resources<'a>, depth: u32) {
        let dict = stream.dict();
        if dict.get::<Name<'_>>("Subtype").is_some_and(|kind| kind.as_str() == "Image") {
            let pixels = side(dict, "Width", "W").saturating_mul(side(dict, "Height", "H"));
            return self.picture(Some(stream), pixels);
        }
        if depth >= DEPTH || self.budget.forms == 0 || self.budget.operators == 0 {
            return self.walked.flaw(Reason::Limit);
        }
        self.budget.forms -= 1;
        let id = stream.obj_id();
        let content = if let Some(content) = self.forms.get(&id) {
            Rc::clone(content)
        } else {
            let content = Rc::new(Content::of(self.content(stream)));
            self.remarks(&content);
            self.forms.insert(id, Rc::clone(&content));
            self.walked.forms.push(id);
            content
        };
        let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        self.states.save();
        let group = dict.get_ref("OC").map(Into::into);
        let layer = dict.get::<Dict<'_>>("OC").is_some_and(|oc| self.around.layers.is_off(group, &oc));
        let state = self.states.now();
        if let Some(form) = dict.get::<[f64; 6]>("Matrix") {
            state.matrix = Matrix(form).then(state.matrix);
        }
        if layer && state.off.is_none() {
            state.off = Some(0);
        }
        if let Some([x0, y0, x1, y1]) = dict.get::<[f64; 4]>("BBox") {
            let area = Area { x0: x0.min(x1), y0: y0.min(y1), x1: x0.max(x1), y1: y0.max(y1) };
            state.clip = state.clip.within(area.under(state.matrix));
        }
        self.follow_all(&content, own.as_ref().unwrap_or(resources), depth + 1);
        let depth = self.states.depth().saturating_sub(1);
        self.states.restore_to(depth);
        self.path = Area::NOWHERE;
    }

    /// Draws something elsewhere, and comes back.
    pub(super) fn placed(&mut self, matrix: Matrix, hidden: bool, draw: impl FnOnce(&mut Self)) {
        let depth = self.states.depth();
        self.states.save();
        let state = self.states.now();
        state.matrix = matrix.then(state.matrix);
        if hidden && state.off.is_none() {
            state.off = Some(0);
        }
        draw(self);
        self.states.restore_to(depth);
    }

    fn picture(&mut self, stream: Option<&Stream<'a>>, pixels: u64) {
        let unit = Area { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };
        let area = unit.under(self.states.now().matrix);
        let share = area.within(self.page).size() / self.page.size().max(1.0);
        self.walked.pictures.push(Picture { stream: stream.cloned(), pixels, share });
        // White writing on a photograph can be seen.
        self.add_box(area, false, false);
    }
}

fn matrix(numbers: [&Number; 6]) -> Matrix {
    Matrix(numbers.map(Number::as_f64))
}

fn side(dict: &Dict<'_>, long: &str, short: &str) -> u64 {
    dict.get::<i32>(long).or_else(|| dict.get::<i32>(short)).and_then(|side| u64::try_from(side).ok()).unwrap_or(0)
}

#[cfg(test)]
impl Glyph {
    /// A glyph as tests draw it.
    pub(super) fn upright(text: &str, start: (f64, f64), width: f64, size: f64, jumped: bool) -> Self {
        let end = (start.0 + width, start.1);
        let (vertical, hidden, beyond, inkless) = (false, false, false, false);
        Self { text: text.into(), start, end, size, vertical, jumped, hidden, beyond, inkless, boxes: 0 }
    }
}
