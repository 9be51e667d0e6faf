-- Version 2: how a credential is shown to its resource.
ALTER TABLE account ADD COLUMN presentation TEXT NOT NULL DEFAULT 'bearer';
