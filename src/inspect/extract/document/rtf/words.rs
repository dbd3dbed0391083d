//! What control words of RTF mean.
//!
//! In: a control word and its number. Out: a change of the state that text is read in. Deliberately absent: how anything
//! looks; a word that is not here changes nothing.

use super::{Box, DEPTH, Data, Rtf, Target};
use crate::inspect::extract::document::marks::Marks;
use crate::inspect::extract::reading::Reading;

impl Rtf<'_> {
    /// Control words that mean something here, wherever they stand. False for all others.
    pub(super) fn control(&mut self, reading: &mut Reading<'_>, word: &[u8], number: Option<i32>) -> bool {
        let on = number != Some(0);
        let depth = self.in_tables();
        let on_page = self.group.target == Target::Page;
        match word {
            b"par" | b"sect" | b"page" | b"column" => self.end_paragraph(reading),
            b"line" | b"softline" => self.text("\n"),
            b"tab" => self.text("\t"),
            b"emdash" | b"endash" => self.text("-"),
            b"emspace" | b"enspace" | b"qmspace" => self.text(" "),
            b"bullet" => self.text("•"),
            b"lquote" | b"rquote" => self.text("'"),
            b"ldblquote" | b"rdblquote" => self.text("\""),
            b"webhidden" => self.group.look.hides(on),
            b"deleted" => self.group.deleted = on,
            b"fromhtml" if self.html.is_none() => self.html = Some(String::new()),
            b"htmlrtf" => self.group.instead = on,
            b"plain" => {
                self.group.look.plain();
                (self.group.deleted, self.group.font) = (false, self.default_font);
            }
            b"pard" => {
                self.group.look.pard();
                (self.in_table, self.nesting) = (false, 0);
            }
            b"intbl" => self.in_table = true,
            b"itap" => self.nesting = usize::try_from(number.unwrap_or(1)).unwrap_or(0),
            b"trowd" => {
                self.row_deleted = false;
                self.sheet.begin_row();
            }
            b"trdel" | b"trauthdel" => self.row_deleted = true,
            b"cell" | b"nestcell" | b"row" | b"nestrow" if on_page => {
                let least = if word.starts_with(b"nest") { 2 } else { 1 };
                // A row's end belongs to the outermost table unless it says otherwise.
                let depth = if least == 1 { 1 } else { depth.max(2) };
                let hidden = self.row_deleted;
                if let Some(marks) = self.marks.last_mut() {
                    if word.ends_with(b"cell") {
                        marks.end_cell(reading, &mut self.flow, depth);
                    } else {
                        marks.end_row(reading, &mut self.flow, depth, hidden);
                    }
                }
            }
            b"ansicpg" => self.default_page = number.and_then(|page| u32::try_from(page).ok()).filter(|&page| page > 0),
            b"deff" => {
                self.default_font = number.unwrap_or(0);
                self.group.font = self.default_font;
            }
            b"f" => match &mut self.described {
                Some(described) => *described = number.unwrap_or(0),
                None => self.group.font = number.unwrap_or(0),
            },
            b"fcharset" | b"cpg" => self.describe_font(word, number.unwrap_or(0)),
            _ => return self.sheet.control(&mut self.group.look, word, number),
        }
        true
    }

    fn describe_font(&mut self, word: &[u8], number: i32) {
        let page = match word {
            b"cpg" => u32::try_from(number).ok(),
            _ => page_of_charset(number),
        };
        if let (Some(font), Some(page)) = (self.described, page) {
            self.fonts.insert(font, page);
            self.group.font = font;
        }
    }

    /// Control words that say what the group is. False for all others.
    pub(super) fn destination(&mut self, word: &[u8]) -> bool {
        match word {
            b"fonttbl" => {
                self.turn(Target::Aside);
                self.described = Some(0);
            }
            b"htmltag" if self.html.is_some() => self.turn(Target::Html),
            b"pict" => self.turn(Target::Data(Data::Picture)),
            b"objdata" => self.turn(Target::Data(Data::Object)),
            b"themedata"
            | b"datastore"
            | b"colorschememapping"
            | b"datafield"
            | b"blipuid"
            | b"objalias"
            | b"objsect"
            | b"passwordhash"
            | b"panose" => self.turn(Target::Data(Data::Other)),
            b"footnote" => self.open_box(Some("footnotes"), Box::Other),
            b"ftnalt" => {}
            b"annotation" => self.open_box(Some("comments"), Box::Other),
            b"header" | b"headerl" | b"headerr" | b"headerf" => self.open_box(Some("header"), Box::Other),
            b"footer" | b"footerl" | b"footerr" | b"footerf" => self.open_box(Some("footer"), Box::Other),
            b"shptxt" => self.open_box(None, Box::Shape),
            b"shprslt" => self.open_box(None, Box::OldShape),
            b"colortbl" | b"stylesheet" => {
                self.turn(Target::Aside);
                self.sheet.open(word);
            }
            b"info" | b"title" | b"subject" | b"author" | b"operator" | b"keywords" | b"comment" | b"doccomm"
            | b"category" | b"manager" | b"company" | b"hlinkbase" | b"filetbl" | b"xe" | b"tc" | b"tcn" | b"rxe"
            | b"txe" | b"private" | b"template" | b"userprops" | b"propname" | b"staticval" | b"linkval" | b"sn"
            | b"sv" | b"fldinst" | b"nonesttables" | b"listname" | b"sp" | b"listoverride" | b"revtbl"
            | b"atnauthor" | b"atnid" => self.turn(Target::Aside),
            // Their text is the page's: shapes and pictures as they are written today, lists, fields, objects.
            b"shp" | b"shpinst" | b"shppict" | b"nonshppict" | b"shpgrp" | b"listtext" | b"pntext" | b"field"
            | b"fldrslt" | b"object" | b"result" | b"nesttableprops" | b"ud" | b"upr" | b"do" | b"dptxbxtext"
            | b"background" | b"ftnsep" | b"ftnsepc" | b"aftnsep" | b"aftnsepc" => {}
            _ => return false,
        }
        true
    }

    pub(super) fn turn(&mut self, target: Target) {
        self.group.target = target;
        self.group.is_destination = true;
        if let Target::Data(_) = target {
            self.data.clear();
            self.digit = None;
        }
    }

    fn open_box(&mut self, name: Option<&str>, kind: Box) {
        if self.group.is_box.is_some() || self.marks.len() > DEPTH {
            return;
        }
        self.group.target = Target::Page;
        self.group.is_box = Some(kind);
        // A shape may be filled with anything.
        self.group.look.on_shape(matches!(kind, Box::Shape | Box::OldShape));
        self.flow.begin_box(name);
        self.marks.push(Marks::default());
    }
}

/// The code page of a Windows charset; `None` for those that mean the document's own.
fn page_of_charset(number: i32) -> Option<u32> {
    Some(match number {
        77 => 10_000,
        78 | 128 => 932,
        129 | 130 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
