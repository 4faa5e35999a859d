-- When the next refresh of this integration's tokens may be sent: replicas queue here, so that a herd stays below the configured rate.
ALTER TABLE integrations ADD COLUMN refresh_slot BIGINT NOT NULL DEFAULT 0;
