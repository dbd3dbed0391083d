//! Delivery status notices (RFC 3464).
