"""Seal secrets under a passphrase, and open them again.

The file is JSON: the key is scrypt(passphrase, salt, n, r, p), 32 bytes; the text is AES-256-GCM
under it, with the format's name as associated data. Nothing of the platform is needed to open
it; `OPENER` is a program that does it alone.
"""

from __future__ import annotations

import base64
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sardonyx.cli.errors import SealedFileError, WrongPassphraseError
from sardonyx.values import Json, Secret

FORMAT = "sardonyx-secrets-1"
# 128 MB and about half a second for each guess.
_COST, _BLOCK, _LANES = 2**17, 8, 1
_LARGEST_COST = 2**20  # a file of somebody else must not ask for all the memory

OPENER = """\
import base64, getpass, json, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

file = json.load(open("secrets.json.enc"))
salt, nonce, text = (base64.b64decode(file[name]) for name in ("salt", "nonce", "text"))
kdf = Scrypt(salt=salt, length=32, n=file["n"], r=file["r"], p=file["p"])
key = kdf.derive(getpass.getpass("Passphrase: ").encode())
print(AESGCM(key).decrypt(nonce, text, file["format"].encode()).decode())
"""


def seal(document: Json, passphrase: Secret) -> bytes:
    """Return `document` encrypted; the same input gives other bytes each time."""
    salt, nonce = os.urandom(16), os.urandom(12)
    key = _key(passphrase, salt, _COST, _BLOCK, _LANES)
    text = json.dumps(document, ensure_ascii=False, indent=2).encode()
    sealed = {
        "format": FORMAT,
        "n": _COST,
        "r": _BLOCK,
        "p": _LANES,
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "text": base64.b64encode(AESGCM(key).encrypt(nonce, text, FORMAT.encode())).decode(),
    }
    return json.dumps(sealed, indent=1).encode() + b"\n"


def unseal(content: bytes, passphrase: Secret) -> str:
    """Return the JSON text that was sealed.

    Raises SealedFileError when `content` is no such file, WrongPassphraseError when the
    passphrase does not open it (or somebody changed it).
    """
    try:
        file = json.loads(content)
        salt, nonce, text = (base64.b64decode(file[name]) for name in ("salt", "nonce", "text"))
        cost, block, lanes = (int(file[name]) for name in ("n", "r", "p"))
        if file["format"] != FORMAT or cost > _LARGEST_COST or block > _BLOCK or lanes > _LANES:
            raise ValueError(file["format"])
        key = _key(passphrase, salt, cost, block, lanes)
        return AESGCM(key).decrypt(nonce, text, FORMAT.encode()).decode()
    except InvalidTag as error:
        raise WrongPassphraseError(field="passphrase") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SealedFileError from error


def _key(passphrase: Secret, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    kdf = Scrypt(salt=salt, length=32, n=cost, r=block, p=lanes)
    return kdf.derive(passphrase.reveal().encode())
