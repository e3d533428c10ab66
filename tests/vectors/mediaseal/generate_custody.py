"""Writes custody.json, the vectors of docs/formats/custody.md. Deterministic: the same file every time.

Needs PyPI `cryptography` (44 or later), for AES, AES-GCM and Argon2id; XAES-256-GCM is written out here from https://c2sp.org/XAES-256-GCM.
"""

import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def octets(label, n):
    return hashlib.shake_256(b"mediaseal custody vectors " + label.encode()).digest(n)


def u8(x):
    return x.to_bytes(1, "big")


def u16(x):
    return x.to_bytes(2, "big")


def u32(x):
    return x.to_bytes(4, "big")


def u64(x):
    return x.to_bytes(8, "big")


def lp(x):
    return u16(len(x)) + x


# --- C2SP XAES-256-GCM ------------------------------------------------------------------------------------------------


def xaes(key, nonce, plaintext, aad):
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update
    l = int.from_bytes(block(bytes(16)), "big")
    k1 = (l << 1 ^ (0x87 if l >> 127 else 0)) & (1 << 128) - 1
    derived = b"".join(
        block((int.from_bytes(b"\x00" + u8(i) + b"X\x00" + nonce[:12], "big") ^ k1).to_bytes(16, "big")) for i in (1, 2)
    )
    return nonce + AESGCM(derived).encrypt(nonce[12:], plaintext, aad)


assert xaes(b"\x03" * 32, b"ABCDEFGHIJKLMNOPQRSTUVWX", b"XAES-256-GCM", b"c2sp.org/XAES-256-GCM").hex().endswith(
    "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
)

# --- the store of a `file:` provider ----------------------------------------------------------------------------------

ID, REGION, GENERATION, PASSPHRASE = octets("store", 16), b"eu-central-1", 3, "vectors of custody"
SALT = octets("salt", 16)
PHC = "$argon2id$v=19$m=8,t=1,p=1$" + __import__("base64").b64encode(SALT).decode().rstrip("=")
MASTER = Argon2id(salt=SALT, length=32, iterations=1, lanes=1, memory_cost=8).derive(PASSPHRASE.encode())
PROOF = xaes(
    MASTER,
    octets("proof nonce", 24),
    b"",
    b"mediaseal v1 file store" + lp(ID) + lp(REGION) + lp(PHC.encode()) + lp(u64(GENERATION)),
)
KEK_ID, TENANT, KEK_REGION, PURPOSE = b"kek-" + octets("kek id", 16).hex().encode(), b"acme", b"eu", b"records"
ACTIVE, DEACTIVATED = 2, 4


def kek_row(version, state):
    aad = b"mediaseal v1 file kek" + b"".join(
        lp(field) for field in (ID, KEK_ID, u32(version), TENANT, KEK_REGION, PURPOSE, u8(state))
    )
    key = octets(f"kek {version}", 32)
    sealed = xaes(MASTER, octets(f"kek {version} nonce", 24), key, aad)
    return key, {"version": version, "state": state, "key": key.hex(), "sealed": sealed.hex()}


# --- wrapped keys and records -----------------------------------------------------------------------------------------


def context(purpose, version, region):
    return lp(purpose) + lp(KEK_ID) + u32(version) + lp(region)


def wrapped_key(name, kek, version, purpose, region):
    dek = octets(f"{name} dek", 32)
    bound = context(purpose, version, region)
    sealed = xaes(kek, octets(f"{name} nonce", 24), dek, bound)
    head = b"MSWK" + u8(1) + u8(2) + lp(b"file") + lp(KEK_ID) + u32(version) + lp(region)
    whole = head + hashlib.sha256(bound).digest() + lp(sealed)
    shown = {"name": name, "version": version, "purpose": purpose.hex(), "region": region.decode()}
    return dek, whole, {**shown, "context": bound.hex(), "dek": dek.hex(), "wrapped": whole.hex()}


def digest(label, *fields):
    return hashlib.sha256(b"".join(u64(len(field)) + field for field in (label, *fields))).digest()


def kek_in_custody(version, states):
    """A version of the KEK as the store of custody has it, with its history."""
    head, changes = bytes(32), []
    for seq, state in enumerate(states):
        at, actor, reason = 1_800_000_000_000_000 + seq, b"ada", b"vectors"
        head = digest(
            b"mediaseal v1 key change", head, KEK_ID, u32(version), u32(seq), u8(1) + u8(state), u64(at), actor, reason
        )
        changes.append([seq, 1, state, at, actor.decode(), reason.decode(), head.hex()])
    flags = u8(states[-1]) + u8(states[-1]) + u8(0)
    none = bytes(9)
    row = digest(
        b"mediaseal v1 kek row",
        *(KEK_ID, u32(version), TENANT, KEK_REGION, PURPOSE, b"file", ID.hex().encode(), flags),
        *(none, none, none, u32(len(states)), head),
    )
    return {"version": version, "state": states[-1], "changes": changes, "digest": row.hex()}


def record(name, dek, dek_id, place, plaintext):
    aad = b"".join(lp(part) for part in place)
    sealed = u8(1) + lp(dek_id) + xaes(dek, octets(f"{name} nonce", 24), plaintext, aad)
    table, column, row_id = place
    shown = {"name": name, "table": table.decode(), "column": column.decode(), "row_id": row_id.hex()}
    return {**shown, "plaintext": plaintext.hex(), "record": sealed.hex()}


def main():
    kek_1, row_1 = kek_row(1, DEACTIVATED)
    kek_2, row_2 = kek_row(2, ACTIVE)
    dek_id = octets("dek id", 16)
    dek_id = dek_id[:6] + u8(dek_id[6] & 0x0F | 0x70) + dek_id[7:8] + u8(dek_id[8] & 0x3F | 0x80) + dek_id[9:]
    stored = b"mediaseal v1 stored dek" + dek_id
    _, of_recording, case_1 = wrapped_key("a recording's", kek_1, 1, octets("header", 32), b"eu-central-1")
    _, _, case_2 = wrapped_key("a recording's, the region of its KEK", kek_2, 2, octets("header", 32), b"eu")
    dek, in_store, case_3 = wrapped_key("of the store", kek_2, 2, stored, KEK_REGION)

    def altered(name, whole, reason):
        return {"name": name, "wrapped": whole.hex(), "reason": reason}

    good = of_recording
    at = len(b"MSWK") + 1
    refused = [
        altered("empty", b"", "Malformed"),
        altered("another magic", b"MSWL" + good[4:], "Malformed"),
        altered("another version", good[:4] + u8(2) + good[5:], "Malformed"),
        altered("algorithm 0", good[:at] + u8(0) + good[at + 1 :], "Malformed"),
        altered("algorithm 6", good[:at] + u8(6) + good[at + 1 :], "Malformed"),
        altered("an octet behind it", good + b"\0", "Malformed"),
        altered("the last octet missing", good[:-1], "Malformed"),
        altered("a name that is no UTF-8", good[:8] + b"\xff" + good[9:], "Malformed"),
        altered("a name of 256 octets", good[:6] + lp(b"f" * 256) + good[12:], "Malformed"),
        altered("another algorithm", good[:at] + u8(1) + good[at + 1 :], "DoesNotAuthenticate"),
        altered("another tag", good[:-1] + u8(good[-1] ^ 1), "DoesNotAuthenticate"),
        altered("another nonce", good[:-72] + u8(good[-72] ^ 1) + good[-71:], "DoesNotAuthenticate"),
        altered("another context hash", good[:-75] + u8(good[-75] ^ 1) + good[-74:], "DoesNotAuthenticate"),
    ]
    places = [(b"patients", b"diagnosis", b"42"), (b"", b"", b"")]
    records = [
        record("a field", dek, dek_id, places[0], b"hay fever"),
        record("nothing, nowhere", dek, dek_id, places[1], b""),
    ]
    first = bytes.fromhex(records[0]["record"])

    def spoilt(name, sealed, place=places[0]):
        table, column, row_id = place
        shown = {"name": name, "table": table.decode(), "column": column.decode(), "row_id": row_id.hex()}
        return {**shown, "record": sealed.hex()}

    refused_records = [
        spoilt("another row", first, (b"patients", b"diagnosis", b"43")),
        spoilt("the same octets, divided elsewhere", first, (b"patientsd", b"iagnosis", b"42")),
        spoilt("another version", u8(2) + first[1:]),
        spoilt("an id of 17 octets", first[:1] + u16(17) + first[3:]),
        spoilt("too short", first[:58]),
        spoilt("another tag", first[:-1] + u8(first[-1] ^ 1)),
    ]
    vectors = {
        "file": {
            **{"id": ID.hex(), "region": REGION.decode(), "passphrase": PASSPHRASE, "phc": PHC, "generation": GENERATION},
            **{"master": MASTER.hex(), "proof": PROOF.hex()},
            "keks": [row_1, row_2],
        },
        "kek": {
            **{"id": KEK_ID.decode(), "tenant": TENANT.decode(), "region": KEK_REGION.decode()},
            "purpose": PURPOSE.decode(),
        },
        "wrapped": [case_1, case_2, case_3],
        "refused": refused,
        "custody": {
            "keks": [kek_in_custody(1, [1, ACTIVE, DEACTIVATED]), kek_in_custody(2, [1, ACTIVE])],
            "dek_id": dek_id.hex(),
            "dek_digest": digest(b"mediaseal v1 dek row", dek_id, in_store).hex(),
        },
        "records": records,
        "refused_records": refused_records,
    }
    path = pathlib.Path(__file__).parent / "custody.json"
    path.write_text(json.dumps(vectors, indent=1) + "\n")
    cases = sum(len(vectors[group]) for group in ("wrapped", "refused", "records", "refused_records"))
    print(f"vectors: mediaseal custody.json: {cases}")


if __name__ == "__main__":
    main()
