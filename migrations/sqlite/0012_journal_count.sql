-- How many mails there were on each day of the organisation: by what was decided, by the department of the sender, by
-- what was found. Made from the journal a while after its records, and made anew from it at any time; days of which the
-- journal holds nothing any more are forgotten with them.
CREATE TABLE journal_count (
    kind    TEXT NOT NULL,
    day     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    mails   INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    PRIMARY KEY (kind, day, name)
) STRICT, WITHOUT ROWID;
