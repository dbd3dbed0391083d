//! The wording of every notice.

pub(super) mod ended;
pub(super) mod held;
pub(super) mod replies;
