-- A Microsoft account that was only connected is no way in any more. Whoever has a password, or comes by the house's provider, was
-- tied to an account by connecting it; whoever has neither came by Microsoft and goes on signing in so.
UPDATE people SET tenant_id = NULL, object_id = NULL
WHERE object_id IS NOT NULL AND (password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM openid_accounts WHERE person_id = people.id));

-- Whose account is this: asked at every sign-in of somebody who is not known by it.
CREATE INDEX connections_by_account ON connections (object_id, tenant_id);
