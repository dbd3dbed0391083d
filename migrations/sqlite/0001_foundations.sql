-- Everything Sekisho must remember. Times are microseconds since 1970 UTC; lists and reports are JSON text.

-- Small facts about this database, such as the proof that the key file fits it.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Bytes of mails, each encrypted with a key of its own, which the master key wraps. Deleting the row destroys the mail.
CREATE TABLE sealed (
    id          TEXT PRIMARY KEY,
    wrapped_key BLOB NOT NULL,
    nonce       BLOB NOT NULL,
    bytes       BLOB NOT NULL
) STRICT;

-- One mail that we answered 250 for without the next hop having it. Its bytes are sealed under the same id.
CREATE TABLE mail (
    id         TEXT PRIMARY KEY,
    at         INTEGER NOT NULL,
    peer       TEXT NOT NULL,
    mail_from  TEXT,
    authors    TEXT NOT NULL,
    from_field TEXT NOT NULL,
    body       TEXT NOT NULL,
    smtputf8   INTEGER NOT NULL,
    message_id TEXT,
    subject    TEXT NOT NULL,
    size       INTEGER NOT NULL,
    trace      BLOB NOT NULL,
    sent_to    TEXT NOT NULL,
    persons    INTEGER NOT NULL,
    inspection TEXT NOT NULL,
    recipients TEXT NOT NULL,
    retry_key  BLOB NOT NULL
) STRICT;
CREATE INDEX mail_retry_key ON mail (retry_key, at);

-- One mail for those of its recipients who share a verdict other than forward.
CREATE TABLE held (
    id         TEXT PRIMARY KEY,
    mail_id    TEXT NOT NULL REFERENCES mail (id),
    state      TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired', 'released',
                                              'delivered', 'bounced')),
    action     TEXT NOT NULL CHECK (action IN ('delay', 'hold', 'require_approval')),
    rcpt_to    TEXT NOT NULL,
    matched    TEXT NOT NULL,
    asked      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    release_at INTEGER,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX held_mail ON held (mail_id);
CREATE INDEX held_expiring ON held (expires_at) WHERE state = 'pending' AND release_at IS NULL;
CREATE INDEX held_delayed ON held (release_at) WHERE state = 'pending' AND release_at IS NOT NULL;

-- The state machine, a second time: whatever the program believes, the database refuses an illegal change.
CREATE TRIGGER held_begins BEFORE INSERT ON held WHEN NEW.state <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'a held mail starts as pending');
END;
CREATE TRIGGER held_changes BEFORE UPDATE OF state ON held
WHEN NOT (
    (OLD.state = 'pending' AND NEW.state IN ('approved', 'rejected', 'withdrawn', 'expired'))
    OR (OLD.state = 'pending' AND NEW.state = 'released' AND OLD.action = 'delay')
    OR (OLD.state = 'approved' AND NEW.state = 'released')
    OR (OLD.state = 'released' AND NEW.state IN ('delivered', 'bounced'))
)
BEGIN
    SELECT RAISE(ABORT, 'illegal change of a held mail''s state');
END;

-- What people said about a held mail; one person is heard once.
CREATE TABLE approval (
    held_id TEXT NOT NULL REFERENCES held (id),
    person  TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    comment TEXT NOT NULL,
    via     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (held_id, person)
) STRICT;

-- Secret reply addresses. Only the hash of a token is known here.
CREATE TABLE reply_token (
    hash    BLOB PRIMARY KEY,
    held_id TEXT NOT NULL REFERENCES held (id),
    person  TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('decide', 'withdraw')),
    UNIQUE (held_id, person, purpose)
) STRICT;

-- Mail that is to go out. A release shares its bytes (sealed_id) with the held mail; a notice has its own.
CREATE TABLE outbox (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('release', 'notice', 'dsn')),
    mail_id         TEXT REFERENCES mail (id),
    held_id         TEXT REFERENCES held (id),
    sealed_id       TEXT NOT NULL,
    mail_from       TEXT,
    body            TEXT NOT NULL,
    smtputf8        INTEGER NOT NULL,
    trace           BLOB NOT NULL,
    rcpt_to         TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'done')),
    attempts        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    settled_at      INTEGER,
    CHECK (kind = 'release' OR mail_from IS NULL)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX outbox_mail ON outbox (mail_id);
-- A held mail is released once.
CREATE UNIQUE INDEX outbox_release ON outbox (held_id) WHERE kind = 'release' AND held_id IS NOT NULL;

-- What left, to whom, about how many people: each row's hash covers the one before it.
CREATE TABLE journal (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    id       TEXT NOT NULL,
    record   TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash     BLOB NOT NULL
) STRICT;
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_id ON journal (id);

-- Local accounts of the console; mailbox is the address in lower case.
CREATE TABLE account (
    mailbox       TEXT PRIMARY KEY,
    address       TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;
