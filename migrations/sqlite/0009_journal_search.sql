-- What only this store can have said of the journal: that its record number seq had this hash. One seal for every
-- thousand records, made anew with each record of them; the newest says where the journal ends.
CREATE TABLE journal_seal (
    slot INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL,
    code BLOB NOT NULL
) STRICT;

-- Which records say what: hashes of addresses, domains, file names, detectors, …, by blocks of 65,536 records, so that
-- what is new lies together and is looked at first. It only says where to look, and is made from the journal at any time.
CREATE TABLE journal_term (
    block INTEGER NOT NULL,
    term  INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (block, term, seq)
) STRICT, WITHOUT ROWID;

-- Between which times the records of a block are, those of which the terms are known.
CREATE TABLE journal_block (
    block    INTEGER PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT;
