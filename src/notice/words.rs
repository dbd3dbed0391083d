//! Names and times as people read them, in both languages.
