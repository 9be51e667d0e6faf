-- Version 4: what only some accounts have, as JSON.
ALTER TABLE account ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
