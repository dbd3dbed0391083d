-- Mails on the disk for which nothing has been promised yet: some of their recipients are being forwarded, and only
-- when the next hop has taken the mail for those does it become ours for the rest. Nobody sees such a mail.
CREATE TABLE prepared (
    mail_id TEXT PRIMARY KEY REFERENCES mail (id),
    at      INTEGER NOT NULL
) STRICT;
