-- Version 1.

-- The vault itself: one row.
CREATE TABLE vault (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    id         TEXT NOT NULL,              -- names the item in the system's keyring
    public_key BLOB NOT NULL,              -- X25519; what everything is sealed to
    protection TEXT NOT NULL CHECK (protection IN ('keyring', 'passphrase')),
    wrapped    BLOB,                       -- the private key under the passphrase
    leftover   INTEGER NOT NULL DEFAULT 0, -- the keyring may hold a copy of the key that is of no use any more
    locks      INTEGER NOT NULL DEFAULT 0, -- counted up to make every running program forget the key
    CHECK (protection = 'keyring' OR wrapped IS NOT NULL)
) STRICT;

-- What the list shows. Moments are RFC 3339; lists and variants are JSON.
CREATE TABLE account (
    id          TEXT PRIMARY KEY,
    service     TEXT NOT NULL,
    resource    TEXT NOT NULL,
    label       TEXT,
    identity    TEXT,
    mode        TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    claimed     INTEGER NOT NULL,
    start       TEXT NOT NULL,
    metadata    TEXT,
    guarded     INTEGER,
    renewal     TEXT NOT NULL,
    revocation  TEXT NOT NULL,
    created_at  TEXT,
    renewed_at  TEXT,
    verified_at TEXT,
    proof       TEXT,
    spending    TEXT
) STRICT;

-- The layers of an account's life, the credential first, each with its secret sealed to the vault's public key.
CREATE TABLE layer (
    account    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    nth        INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    expires_at TEXT,
    sealed     BLOB,
    PRIMARY KEY (account, nth)
) STRICT, WITHOUT ROWID;
