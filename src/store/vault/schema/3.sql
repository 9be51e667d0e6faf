-- Version 3: who this program is to the server that hands out an account's tokens, and whether they are for one resource.
ALTER TABLE account ADD COLUMN client TEXT;
ALTER TABLE account ADD COLUMN bound INTEGER NOT NULL DEFAULT 0;
-- The name of the client has stood with the way to renew.
UPDATE account SET client = json_object('id', json_extract(renewal, '$.client_id'))
    WHERE json_extract(renewal, '$.client_id') IS NOT NULL;
