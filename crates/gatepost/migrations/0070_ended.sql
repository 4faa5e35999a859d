-- What a lock or the loss of a role ended stays ended, and is told with its cause.
ALTER TABLE invitations ADD COLUMN withdrawn_at BIGINT;
ALTER TABLE invitations ADD COLUMN withdrawn_why TEXT;
ALTER TABLE approvals ADD COLUMN void_why TEXT;
UPDATE approvals SET state = 'void', void_why = 'giver_locked'
    WHERE state = 'approved' AND decided_by IN (SELECT id FROM people WHERE locked_at IS NOT NULL);
UPDATE approvals SET state = 'void', void_why = 'giver_demoted'
    WHERE state = 'approved' AND decided_by IN (SELECT id FROM people WHERE role = 'person');
UPDATE approvals SET state = 'void', void_why = 'asker_locked'
    WHERE state IN ('pending', 'approved') AND person_id IN (SELECT id FROM people WHERE locked_at IS NOT NULL);
UPDATE invitations SET withdrawn_at = (SELECT locked_at FROM people p WHERE p.id = invitations.created_by), withdrawn_why = 'locked'
    WHERE used_at IS NULL AND created_by IN (SELECT id FROM people WHERE locked_at IS NOT NULL);
UPDATE invitations SET withdrawn_at = created_at, withdrawn_why = 'demoted'
    WHERE used_at IS NULL AND withdrawn_at IS NULL AND created_by IN (SELECT id FROM people WHERE role = 'person');

-- Refusals by policy are counted by their number, not by their entries; until then each was an entry.
INSERT INTO audit_hours (environment_id, person_id, kind, hour, entries, first_seq, last_seq)
    SELECT environment_id, person_id, 'refused by policy', hour, entries, first_seq, last_seq FROM audit_hours WHERE kind = 'call.refused';
