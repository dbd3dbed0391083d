//! Header fields decoded: encoded words, parameters, mailbox lists.
//!
//! A stand-in until the extraction room's own is merged; when both meet, theirs stays.

/// One mailbox of an address list.
pub struct Mailbox {
    /// Decoded; may be empty.
    pub name: String,
    /// `local@domain`.
    pub address: String,
}

/// The mailboxes of From, To or Cc.
pub fn mailboxes(value: &[u8]) -> Vec<Mailbox> {
    let text = String::from_utf8_lossy(value);
    let one = |part: &str| {
        let address = part.rsplit_once('<').map_or(part, |(_, rest)| rest.trim_end_matches(['>', ' ', '\r', '\n']));
        Mailbox { name: String::new(), address: address.trim().to_owned() }
    };
    text.split(',').map(one).filter(|mailbox| mailbox.address.contains('@')).collect()
}
