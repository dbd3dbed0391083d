//! What is kept of a message while it is read, and why nothing is.
//!
//! In: the message's bytes, from whoever knows where they end ([`Reader`]: DATA's dot or BDAT's count). Out: the
//! message, or its first [`Fault`]. A message with a fault is read on to its true end, so that no byte of it becomes a
//! command, but no byte of it is kept. Deliberately absent: sockets and clocks.

/// Somebody who reads a message to its end, fed with bytes as the socket gives them.
pub(super) trait Reader {
    /// Takes what belongs to the message from the front of `bytes` and says how many that was: all of them, unless the
    /// end came within.
    fn feed(&mut self, bytes: &[u8]) -> usize;
    /// Whether the end has come.
    fn is_complete(&self) -> bool;
    /// What is kept so far.
    fn kept(&mut self) -> &mut Kept;
}

/// Why a message is refused although it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// A CR without LF or a LF without CR.
    #[error("a line of the message ends in a bare CR or a bare LF")]
    BareNewline,
    /// More bytes than the limit.
    #[error("the message is larger than the limit")]
    TooLarge,
    /// There is no memory for it at the moment.
    #[error("there is no memory for the message")]
    NoMemory,
}

/// The bytes of a message so far.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    limit: u64,
    seen: u64,
    fault: Option<Fault>,
}

impl Kept {
    /// At most `limit` bytes. `expected` is what `SIZE=` promised; it is only a hint.
    pub(super) fn new(limit: u64, expected: u64) -> Self {
        /// A promise costs the client nothing, so that it gets no more than this in advance.
        const MOST_IN_ADVANCE: u64 = 64 << 10;
        let advance = usize::try_from(expected.min(limit).min(MOST_IN_ADVANCE)).unwrap_or_default();
        Self { bytes: Vec::with_capacity(advance), limit, seen: 0, fault: None }
    }

    /// Adds what came.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        if self.fault.is_none() {
            if self.seen <= self.limit {
                self.bytes.extend_from_slice(bytes);
            } else {
                self.refuse(Fault::TooLarge);
            }
        }
    }

    /// Finds a fault; the first one counts, except that a bare line end, which is the sender's own to mend and stays
    /// one however large the message gets, comes before every other.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.bytes = Vec::new();
        if self.fault.is_none() || fault == Fault::BareNewline {
            self.fault = Some(fault);
        }
    }

    /// Why the message is refused, if it is.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// How many bytes the message has so far, kept or not.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// How much memory it needs.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The message.
    pub(super) fn finish(self) -> Result<Vec<u8>, Fault> {
        match self.fault {
            None => Ok(self.bytes),
            Some(fault) => Err(fault),
        }
    }
}
