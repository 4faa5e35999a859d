-- Who made an account, gave it its password or invited it: its maker cannot let it approve what the maker asked for.
ALTER TABLE people ADD COLUMN made_by TEXT;
UPDATE people SET made_by = (SELECT MIN(i.created_by) FROM invitations i WHERE i.used_by = people.id);
