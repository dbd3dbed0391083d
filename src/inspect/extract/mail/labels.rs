//! What Outlook's properties are called (MS-OXPROPS), as far as a person sees them.
//!
//! In: a property's number or name. Out: its label, in words that detection knows as headings. Deliberately absent:
//! values.

/// Strings that a mail, a contact or an appointment shows.
const STRINGS: [(u16, &str); 75] = [
    (0x0037, "Subject"),
    (0x0042, "From"),
    (0x0065, "From"),
    (0x0070, "Subject"),
    (0x0c1a, "From"),
    (0x0c1f, "From"),
    (0x0e02, "Bcc"),
    (0x0e03, "Cc"),
    (0x0e04, "To"),
    (0x0e1d, "Subject"),
    (0x3001, "Name"),
    (0x3003, "E-mail"),
    (0x3004, "Comment"),
    (0x39fe, "E-mail"),
    (0x39ff, "Name"),
    (0x3a02, "Callback phone"),
    (0x3a05, "Generation"),
    (0x3a06, "Given name"),
    (0x3a07, "Government ID"),
    (0x3a08, "Business phone"),
    (0x3a09, "Home phone"),
    (0x3a0d, "Location"),
    (0x3a11, "Surname"),
    (0x3a15, "Postal address"),
    (0x3a16, "Company"),
    (0x3a17, "Title"),
    (0x3a18, "Department"),
    (0x3a19, "Office"),
    (0x3a1a, "Primary phone"),
    (0x3a1b, "Business phone"),
    (0x3a1c, "Mobile phone"),
    (0x3a1d, "Radio phone"),
    (0x3a1e, "Car phone"),
    (0x3a1f, "Other phone"),
    (0x3a20, "Name"),
    (0x3a21, "Pager"),
    (0x3a23, "Fax"),
    (0x3a24, "Business fax"),
    (0x3a25, "Home fax"),
    (0x3a26, "Country"),
    (0x3a27, "City"),
    (0x3a28, "State"),
    (0x3a29, "Street"),
    (0x3a2a, "Postal code"),
    (0x3a2b, "Post office box"),
    (0x3a2c, "Telex"),
    (0x3a2d, "ISDN"),
    (0x3a2e, "Assistant's phone"),
    (0x3a2f, "Home phone"),
    (0x3a30, "Assistant"),
    (0x3a43, "Hobbies"),
    (0x3a44, "Middle name"),
    (0x3a45, "Prefix"),
    (0x3a46, "Profession"),
    (0x3a47, "Referred by"),
    (0x3a48, "Spouse"),
    (0x3a49, "Network name"),
    (0x3a4a, "Customer ID"),
    (0x3a4b, "TTY phone"),
    (0x3a4c, "FTP site"),
    (0x3a4e, "Manager"),
    (0x3a4f, "Nickname"),
    (0x3a50, "Home page"),
    (0x3a51, "Business page"),
    (0x3a57, "Company phone"),
    (0x3a58, "Children"),
    (0x3a59, "Home city"),
    (0x3a5a, "Home country"),
    (0x3a5b, "Home postal code"),
    (0x3a5c, "Home state"),
    (0x3a5d, "Home street"),
    (0x3a5f, "Other city"),
    (0x3a61, "Other postal code"),
    (0x3a62, "Other state"),
    (0x3a63, "Other street"),
];

/// Named properties that a contact or an appointment shows, by the name that `msg` and `tnef` give them.
const NAMES: [(&str, &str); 22] = [
    ("8005", "File as"),
    ("801a", "Home address"),
    ("801b", "Work address"),
    ("801c", "Other address"),
    ("802c", "Given name (reading)"),
    ("802d", "Surname (reading)"),
    ("802e", "Company (reading)"),
    ("8045", "Work street"),
    ("8046", "Work city"),
    ("8047", "Work state"),
    ("8048", "Work postal code"),
    ("8049", "Work country"),
    ("8062", "Instant messaging"),
    ("8080", "E-mail"),
    ("8083", "E-mail"),
    ("8084", "E-mail"),
    ("8093", "E-mail"),
    ("80a3", "E-mail"),
    ("8208", "Location"),
    ("8238", "Attendees"),
    ("823b", "To"),
    ("823c", "Cc"),
];

/// Identifiers, types and addresses that programs write for programs; also as binary values.
const OF_MACHINE: [u16; 26] = [
    0x001a, 0x003b, 0x003f, 0x0041, 0x0043, 0x0051, 0x0052, 0x0064, 0x0071, 0x0077, 0x0c19, 0x0c1d, 0x0c1e, 0x0fff,
    0x1035, 0x1039, 0x1042, 0x3002, 0x300b, 0x3013, 0x3702, 0x370e, 0x3712, 0x3ff9, 0x5d01, 0x5d0a,
];

/// The label of a string.
pub(crate) fn of(id: u16) -> Option<&'static str> {
    let at = STRINGS.binary_search_by_key(&id, |entry| entry.0).ok()?;
    STRINGS.get(at).map(|entry| entry.1)
}

/// The label of a named string.
pub(crate) fn of_name(name: &str) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&name, |entry| entry.0).ok()?;
    NAMES.get(at).map(|entry| entry.1)
}

/// The label of a day.
pub(crate) fn of_time(id: u16) -> Option<&'static str> {
    match id {
        0x3a41 => Some("Wedding anniversary"),
        0x3a42 => Some("Date of birth"),
        _ => None,
    }
}

/// Whether programs write this for programs.
pub(crate) fn is_of_machine(id: u16) -> bool {
    OF_MACHINE.binary_search(&id).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_searched() {
        assert!(STRINGS.is_sorted_by_key(|entry| entry.0));
        assert!(NAMES.is_sorted_by_key(|entry| entry.0));
        assert!(OF_MACHINE.is_sorted());
    }
}
