-- The queue in every order that people ask for, as a walk along an index from where the last page ended. How many people's
-- data is in a mail stands beside it for that.
ALTER TABLE held ADD COLUMN persons INTEGER NOT NULL DEFAULT 0;
UPDATE held SET persons = (SELECT mail.persons FROM mail WHERE mail.id = held.mail_id);
CREATE INDEX held_by_deadline ON held (coalesce(release_at, expires_at), id) WHERE state = 'pending';
CREATE INDEX held_by_arrival ON held (created_at, id);
CREATE INDEX held_waiting_by_arrival ON held (created_at, id) WHERE state = 'pending';
CREATE INDEX held_waiting_by_persons ON held (persons, id) WHERE state = 'pending';
CREATE INDEX held_ended ON held (changed_at, id) WHERE state <> 'pending';
CREATE INDEX held_ended_by_persons ON held (persons, id) WHERE state <> 'pending';
