-- What a mail's sender asked of its delivery: REQUIRETLS (RFC 8689) and delivery status notices (RFC 3461).
ALTER TABLE mail ADD COLUMN requiretls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mail ADD COLUMN dsn TEXT NOT NULL DEFAULT '{}';
ALTER TABLE outbox ADD COLUMN requiretls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN dsn TEXT NOT NULL DEFAULT '{}';
