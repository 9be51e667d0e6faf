"""Opens what export has written, with libsodium (PyNaCl) and none of authmd-tui's own code, and prints what is in it.

    open-export.py FILE passphrase PASSPHRASE
    open-export.py FILE key PRIVATE-KEY-IN-HEX
"""

import base64
import json
import struct
import sys

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.bindings import crypto_pwhash_alg
from nacl.public import PrivateKey, SealedBox

MAGIC = b"authmd-tui key 1"
SALT, NONCE = 16, 24

export = json.load(open(sys.argv[1], encoding="utf-8"))
assert export["authmd_tui_export"] == 1, export
public = base64.urlsafe_b64decode(export["to"].removeprefix("authmd-key-") + "=")
if sys.argv[2] == "key":
    key = bytes.fromhex(sys.argv[3])
else:
    wrapped = base64.b64decode(export["wrapped"])
    end = len(MAGIC) + 12 + SALT + NONCE
    header, sealed = wrapped[:end], wrapped[end:]
    assert header.startswith(MAGIC), header
    memory, passes, lanes = struct.unpack("<III", header[len(MAGIC):len(MAGIC) + 12])
    assert lanes == 1, "libsodium has one"
    salt, nonce = header[-SALT - NONCE:-NONCE], header[-NONCE:]
    derived = crypto_pwhash_alg(32, sys.argv[3].encode(), salt, passes, memory * 1024, 2)  # Argon2id
    key = decrypt(sealed, header + public, nonce, derived)
private = PrivateKey(key)
assert bytes(private.public_key) == public
print(SealedBox(private).decrypt(base64.b64decode(export["sealed"])).decode())
