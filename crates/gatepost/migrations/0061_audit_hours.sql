-- How many entries of each kind fall into each hour, and between which numbers they lie. An empty person is everybody, an
-- empty kind is every kind.
CREATE TABLE audit_hours (
    environment_id TEXT NOT NULL,
    person_id      TEXT NOT NULL,
    kind           TEXT NOT NULL,
    hour           BIGINT NOT NULL,
    entries        BIGINT NOT NULL,
    first_seq      BIGINT NOT NULL,
    last_seq       BIGINT NOT NULL,
    PRIMARY KEY (environment_id, person_id, kind, hour)
);
-- Up to which entry they are counted. What a release before this one writes is counted later.
ALTER TABLE audit_head ADD COLUMN counted_seq BIGINT NOT NULL DEFAULT 0;
