//! Header fields decoded: encoded words, parameters, mailbox lists.
