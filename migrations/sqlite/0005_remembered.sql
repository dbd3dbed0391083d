-- What a sender's mails said about passwords, for a few days: the passwords that they stated, and that something
-- protected was sent, and to whom. Sealed like mails, and without a word of it in the clear: senders are known by a keyed
-- hash sum, and so is what would be kept twice.
CREATE TABLE remembered (
    id          TEXT PRIMARY KEY,
    sender      BLOB NOT NULL,
    print       BLOB NOT NULL,
    expires_at  INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    nonce       BLOB NOT NULL,
    bytes       BLOB NOT NULL,
    UNIQUE (sender, print)
) STRICT;
CREATE INDEX remembered_by_sender ON remembered (sender, expires_at);
CREATE INDEX remembered_by_expiry ON remembered (expires_at);
