-- Each running process, so that the calls which one left open are closed by another: those opened after entry `from_seq`.
CREATE TABLE replicas (
    id         TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    from_seq   BIGINT NOT NULL
);
