-- The store on PostgreSQL, as SQLite has it after migrations/sqlite/0016: from there on both have the same numbers.
--
-- What each table is for is told there. Text compares by its bytes (COLLATE "C"), as in SQLite, so that both engines put
-- rows in one order and `lower` means one thing.

-- Whoever changes something holds the lock of this empty table until the change is durable: one change at a time, on
-- whichever node, as one change at a time is in an SQLite file. Rows are read without it.
CREATE TABLE turn ();

-- SQLite's words that the statements use.

CREATE FUNCTION instr(whole text, part text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN strpos(whole, part);

CREATE FUNCTION min(a bigint, b bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(a, b);

CREATE FUNCTION max(a bigint, b bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(a, b);

-- A NUL in a name, which JSON can write down and jsonb refuses.
CREATE FUNCTION readable(document text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(document, '\u0000', '\ufffd');

CREATE FUNCTION json_extract(document text, path text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CAST(readable(document) AS jsonb) #>> string_to_array(substr(path, 3), '.');

CREATE FUNCTION json_each(list text) RETURNS TABLE (value text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT jsonb_array_elements_text(CAST(readable(list) AS jsonb)) COLLATE "C";
END;

CREATE FUNCTION json_each(document text, path text) RETURNS TABLE (value text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT jsonb_array_elements_text(CAST(readable(document) AS jsonb) #> string_to_array(substr(path, 3), '.')) COLLATE "C";
END;

-- The tables.

CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE sealed (
    id          TEXT COLLATE "C" PRIMARY KEY,
    wrapped_key BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    bytes       BYTEA NOT NULL
);
-- Ciphertext does not become smaller; compressing it would only cost time.
ALTER TABLE sealed ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE mail (
    id         TEXT COLLATE "C" PRIMARY KEY,
    at         BIGINT NOT NULL,
    peer       TEXT COLLATE "C" NOT NULL,
    mail_from  TEXT COLLATE "C",
    authors    TEXT COLLATE "C" NOT NULL,
    from_field TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    smtputf8   BIGINT NOT NULL,
    message_id TEXT COLLATE "C",
    subject    TEXT COLLATE "C" NOT NULL,
    size       BIGINT NOT NULL,
    trace      BYTEA NOT NULL,
    sent_to    TEXT COLLATE "C" NOT NULL,
    persons    BIGINT NOT NULL,
    inspection TEXT COLLATE "C" NOT NULL,
    recipients TEXT COLLATE "C" NOT NULL,
    retry_key  BYTEA NOT NULL,
    requiretls BIGINT NOT NULL DEFAULT 0,
    dsn        TEXT COLLATE "C" NOT NULL DEFAULT '{}'
);
CREATE INDEX mail_retry_key ON mail (retry_key, at);

CREATE TABLE held (
    id         TEXT COLLATE "C" PRIMARY KEY,
    mail_id    TEXT COLLATE "C" NOT NULL REFERENCES mail (id),
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired',
                                                          'released', 'delivered', 'bounced')),
    action     TEXT COLLATE "C" NOT NULL CHECK (action IN ('delay', 'hold', 'require_approval')),
    rcpt_to    TEXT COLLATE "C" NOT NULL,
    matched    TEXT COLLATE "C" NOT NULL,
    asked      TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    release_at BIGINT,
    changed_at BIGINT NOT NULL,
    level      BIGINT NOT NULL DEFAULT 0,
    nudges     TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    nudge_at   BIGINT,
    escalated  BIGINT NOT NULL DEFAULT 0,
    reason     TEXT COLLATE "C" NOT NULL DEFAULT '',
    persons    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX held_mail ON held (mail_id);
CREATE INDEX held_expiring ON held (expires_at) WHERE state = 'pending' AND release_at IS NULL;
CREATE INDEX held_delayed ON held (release_at) WHERE state = 'pending' AND release_at IS NOT NULL;
CREATE INDEX held_nudged ON held (nudge_at) WHERE state = 'pending' AND nudge_at IS NOT NULL;
CREATE INDEX held_by_deadline ON held (coalesce(release_at, expires_at), id) WHERE state = 'pending';
CREATE INDEX held_by_arrival ON held (created_at, id);
CREATE INDEX held_waiting_by_arrival ON held (created_at, id) WHERE state = 'pending';
CREATE INDEX held_waiting_by_persons ON held (persons, id) WHERE state = 'pending';
CREATE INDEX held_ended ON held (changed_at, id) WHERE state <> 'pending';
CREATE INDEX held_ended_by_persons ON held (persons, id) WHERE state <> 'pending';

CREATE FUNCTION held_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'pending' THEN
        RAISE EXCEPTION 'a held mail starts as pending';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER held_begins BEFORE INSERT ON held FOR EACH ROW EXECUTE FUNCTION held_begins();

CREATE FUNCTION held_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (
        (OLD.state = 'pending' AND NEW.state IN ('approved', 'rejected', 'withdrawn', 'expired'))
        OR (OLD.state = 'pending' AND NEW.state = 'released' AND OLD.action = 'delay')
        OR (OLD.state = 'approved' AND NEW.state = 'released')
        OR (OLD.state = 'released' AND NEW.state IN ('delivered', 'bounced'))
    ) THEN
        RAISE EXCEPTION 'illegal change of a held mail''s state';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER held_changes BEFORE UPDATE OF state ON held FOR EACH ROW EXECUTE FUNCTION held_changes();

CREATE FUNCTION held_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'pending' OR NEW.level <> OLD.level + 1 THEN
        RAISE EXCEPTION 'illegal change of a held mail''s level';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER held_levels BEFORE UPDATE OF level ON held FOR EACH ROW EXECUTE FUNCTION held_levels();

CREATE TABLE approval (
    held_id TEXT COLLATE "C" NOT NULL REFERENCES held (id),
    person  TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('approve', 'reject', 'return')),
    comment TEXT COLLATE "C" NOT NULL,
    via     TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    level   BIGINT NOT NULL DEFAULT 0,
    UNIQUE (held_id, person)
);
CREATE INDEX approval_at ON approval (at);

CREATE TABLE opinion (
    held_id  TEXT COLLATE "C" NOT NULL REFERENCES held (id),
    mailbox  TEXT COLLATE "C" NOT NULL,
    person   TEXT COLLATE "C" NOT NULL,
    asked_by TEXT COLLATE "C" NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    asked_at BIGINT NOT NULL,
    opinion  TEXT COLLATE "C",
    said_at  BIGINT,
    UNIQUE (held_id, mailbox),
    CHECK ((opinion IS NULL) = (said_at IS NULL))
);

CREATE TABLE seen (
    held_id TEXT COLLATE "C" NOT NULL REFERENCES held (id) ON DELETE CASCADE,
    person  TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (held_id, person)
);

CREATE TABLE reply_token (
    hash    BYTEA PRIMARY KEY,
    held_id TEXT COLLATE "C" NOT NULL REFERENCES held (id),
    person  TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('decide', 'withdraw'))
);
CREATE INDEX reply_token_held ON reply_token (held_id);

CREATE TABLE outbox (
    id              TEXT COLLATE "C" PRIMARY KEY,
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind IN ('release', 'notice', 'dsn')),
    mail_id         TEXT COLLATE "C" REFERENCES mail (id),
    held_id         TEXT COLLATE "C" REFERENCES held (id),
    sealed_id       TEXT COLLATE "C" NOT NULL,
    mail_from       TEXT COLLATE "C",
    body            TEXT COLLATE "C" NOT NULL,
    smtputf8        BIGINT NOT NULL,
    trace           BYTEA NOT NULL,
    rcpt_to         TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'done')),
    attempts        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    settled_at      BIGINT,
    requiretls      BIGINT NOT NULL DEFAULT 0,
    dsn             TEXT COLLATE "C" NOT NULL DEFAULT '{}',
    domain          TEXT COLLATE "C" NOT NULL DEFAULT '',
    CHECK (kind = 'release' OR mail_from IS NULL)
);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX outbox_mail ON outbox (mail_id);
CREATE UNIQUE INDEX outbox_release ON outbox (held_id) WHERE kind = 'release' AND held_id IS NOT NULL;

CREATE TABLE drill (
    mail_id TEXT COLLATE "C" PRIMARY KEY REFERENCES mail (id) ON DELETE CASCADE,
    at      BIGINT NOT NULL,
    ordered TEXT COLLATE "C" NOT NULL,
    person  TEXT COLLATE "C",
    caught  BIGINT
);
CREATE INDEX drill_at ON drill (at);

CREATE FUNCTION no_drill_leaves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'release' AND EXISTS (SELECT 1 FROM drill WHERE mail_id = NEW.mail_id) THEN
        RAISE EXCEPTION 'a drill never leaves';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_drill_leaves BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION no_drill_leaves();

CREATE TABLE prepared (
    mail_id TEXT COLLATE "C" PRIMARY KEY REFERENCES mail (id),
    at      BIGINT NOT NULL
);

CREATE TABLE remembered (
    id          TEXT COLLATE "C" PRIMARY KEY,
    sender      BYTEA NOT NULL,
    print       BYTEA NOT NULL,
    expires_at  BIGINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    bytes       BYTEA NOT NULL,
    UNIQUE (sender, print)
);
CREATE INDEX remembered_by_sender ON remembered (sender, expires_at);
CREATE INDEX remembered_by_expiry ON remembered (expires_at);

CREATE TABLE history (
    relation TEXT COLLATE "C" NOT NULL,
    origin   TEXT COLLATE "C" NOT NULL,
    target   TEXT COLLATE "C" NOT NULL,
    weight   DOUBLE PRECISION NOT NULL,
    day      BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (relation, origin, target)
);
CREATE INDEX history_changed ON history (seq);

CREATE TABLE lesson (
    held_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES held (id) ON DELETE CASCADE,
    lesson      TEXT COLLATE "C" NOT NULL,
    released_at BIGINT
);
CREATE INDEX lesson_released ON lesson (released_at) WHERE released_at IS NOT NULL;

CREATE FUNCTION lesson_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'released' THEN
        UPDATE lesson SET released_at = NEW.changed_at WHERE held_id = NEW.id;
    ELSIF NEW.state IN ('rejected', 'withdrawn', 'expired') THEN
        DELETE FROM lesson WHERE held_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lesson_goes_on AFTER UPDATE OF state ON held FOR EACH ROW EXECUTE FUNCTION lesson_goes_on();

CREATE TABLE told (
    id        BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    mailbox   TEXT COLLATE "C" NOT NULL,
    person    TEXT COLLATE "C" NOT NULL,
    topic     TEXT COLLATE "C" NOT NULL CHECK (topic IN ('held', 'request', 'outcome', 'unasked')),
    held_id   TEXT COLLATE "C" NOT NULL REFERENCES held (id),
    detail    TEXT COLLATE "C" NOT NULL,
    at        BIGINT NOT NULL,
    due_at    BIGINT,
    outbox_id TEXT COLLATE "C",
    told_at   BIGINT
);
CREATE INDEX told_person ON told (mailbox, topic, at);
CREATE INDEX told_waiting ON told (mailbox, topic, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX told_due ON told (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX told_together ON told (outbox_id) WHERE outbox_id IS NOT NULL;
CREATE INDEX told_last ON told (mailbox, topic, told_at) WHERE told_at IS NOT NULL;
CREATE INDEX told_at ON told (at);

-- One table a month, so that an old month goes at once and its room with it; the server makes them ahead, and what finds
-- none is in the rest until it has. A number is there once because of the chain, to which one change at a time adds.
CREATE TABLE journal (
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    record   TEXT COLLATE "C" NOT NULL,
    previous BYTEA NOT NULL,
    hash     BYTEA NOT NULL,
    PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_id ON journal (id);
CREATE TABLE journal_rest PARTITION OF journal DEFAULT;

CREATE TABLE journal_seal (
    slot BIGINT PRIMARY KEY,
    seq  BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    code BYTEA NOT NULL
);

CREATE TABLE journal_term (
    block BIGINT NOT NULL,
    term  BIGINT NOT NULL,
    seq   BIGINT NOT NULL,
    PRIMARY KEY (block, term, seq)
);

CREATE TABLE journal_block (
    block    BIGINT PRIMARY KEY,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);

CREATE TABLE journal_count (
    kind    TEXT COLLATE "C" NOT NULL,
    day     BIGINT NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    mails   BIGINT NOT NULL,
    stopped BIGINT NOT NULL,
    PRIMARY KEY (kind, day, name)
);

CREATE TABLE account (
    mailbox       TEXT COLLATE "C" PRIMARY KEY,
    address       TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    disabled      BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL
);

CREATE TABLE session (
    key      BYTEA PRIMARY KEY,
    mailbox  TEXT COLLATE "C" NOT NULL,
    address  TEXT COLLATE "C" NOT NULL,
    stage    TEXT COLLATE "C" NOT NULL CHECK (stage IN ('code', 'open', 'strong')),
    password BYTEA,
    place    TEXT COLLATE "C" NOT NULL,
    browser  TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    used_at  BIGINT NOT NULL
);
CREATE INDEX session_of ON session (mailbox);
CREATE INDEX session_used ON session (used_at);

CREATE TABLE second_factor (
    mailbox   TEXT COLLATE "C" PRIMARY KEY,
    confirmed BIGINT NOT NULL DEFAULT 0,
    last_step BIGINT NOT NULL DEFAULT 0,
    made_at   BIGINT NOT NULL
);

CREATE TABLE recovery_code (
    mailbox TEXT COLLATE "C" NOT NULL REFERENCES second_factor (mailbox) ON DELETE CASCADE,
    hash    BYTEA NOT NULL,
    PRIMARY KEY (mailbox, hash)
);

CREATE TABLE api_token (
    hash       BYTEA PRIMARY KEY,
    mailbox    TEXT COLLATE "C" NOT NULL,
    address    TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (mailbox, name)
);
