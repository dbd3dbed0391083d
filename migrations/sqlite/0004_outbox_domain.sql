-- The domain that an outgoing mail counts for: that of its first recipient still to be tried. At most so many mails of
-- one domain are under way at once, so that one slow destination leaves room for the others.
ALTER TABLE outbox ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE outbox SET domain = lower(substr(json_extract(rcpt_to, '$[0].address'),
                                        instr(json_extract(rcpt_to, '$[0].address'), '@') + 1))
WHERE state = 'queued' AND json_valid(rcpt_to);
