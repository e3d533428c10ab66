"""Verifies an audit log from docs/formats/audit.md, as its auditor. Needs PyPI `cryptography`, 44 or later.

python check_audit.py FOLDER [KEYS.json]   (without arguments: the log of this folder)
"""

import base64, hashlib, json, pathlib, re, struct, sys

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

def n(size, value): return value.to_bytes(size, "big")
def lp(octets): return n(2, len(octets)) + octets
def mac(key, data):
    state = hmac.HMAC(key, hashes.SHA256())
    state.update(data)
    return state.finalize()
def expand(key, info, length=32): return HKDFExpand(hashes.SHA256(), length, info).derive(key)
def leaf_hash(line): return hashlib.sha256(b"\0" + line).digest()
def root(leaves):  # MTH of RFC 6962
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()

def hpke_open(secret, enc, info, ciphertext):  # RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
    key = X25519PrivateKey.from_private_bytes(secret)
    def extract(suite, salt, label, ikm): return mac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)
    def labeled(suite, prk, label, context, length): return expand(prk, n(2, length) + b"HPKE-v1" + suite + label + context, length)
    kem, suite = b"KEM" + n(2, 0x20), b"HPKE" + n(2, 0x20) + n(2, 1) + n(2, 2)
    context = enc + key.public_key().public_bytes_raw()
    shared = labeled(kem, extract(kem, b"", b"eae_prk", key.exchange(X25519PublicKey.from_public_bytes(enc))), b"shared_secret", context, 32)
    schedule = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    prk = extract(suite, shared, b"secret", b"")
    return AESGCM(labeled(suite, prk, b"key", schedule, 32)).decrypt(labeled(suite, prk, b"base_nonce", schedule, 12), ciphertext, b"")

def first_key(header, keys):
    magic, ident, created, signer, count = struct.unpack(">8s16s8s32sB", header[:65])
    assert magic == b"MSAUD\0\0\1" and signer == bytes.fromhex(keys["signer_public"])
    context, at, found = b"mediaseal v1 sealed audit" + ident + created, 65, None
    for _ in range(count):
        size = int.from_bytes(header[at : at + 2], "big")
        grant, at = header[at + 2 : at + 2 + size], at + 2 + size
        assert grant[0] == 1
        if int.from_bytes(grant[1:3], "big") == 0x20:
            enc, ct, signature = grant[35:67], grant[69:-64], grant[-64:]
            own = X25519PrivateKey.from_private_bytes(bytes.fromhex(keys["auditor"])).public_key().public_bytes_raw()
            Ed25519PublicKey.from_public_bytes(signer).verify(signature, b"mediaseal v1 grant" + lp(n(2, 0x20) + own) + lp(enc) + lp(ct) + lp(context))
            payload = hpke_open(bytes.fromhex(keys["auditor"]), enc, b"mediaseal v1 hpke grant" + lp(signer) + lp(context), ct)
            assert payload[0] == 3
            found = payload[1:]
    assert at == len(header) and len(found) == 32
    assert expand(found, b"mediaseal v1 id of audit log", 16) == ident
    return found, f"mediaseal/audit/{ident.hex()}", signer

def as_written(text):  # the escapes of a line
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(names.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'

def line_of(record):
    texts = [f'"{name}":{as_written(record[name])}' for name in ("actor", "action", "resource", "outcome", "reason")]
    attributes = ",".join(f"{as_written(name)}:{as_written(value)}" for name, value in record["attributes"].items())
    return f'{{"v":1,"n":{record["n"]},"time":"{record["time"]}",{",".join(texts)},"attributes":{{{attributes}}}}}'.encode()

def check(folder, keys):
    read = lambda name: (folder / name).read_bytes()
    header, index, lines = read("header"), read("index"), read("records").split(b"\n")
    assert lines.pop() == b"" and len(index) == 72 * len(lines)
    key, origin, signer = first_key(header, keys)
    assert keys.get("first_key", key.hex()) == key.hex()
    leaves, end = [], 0
    for number, line in enumerate(lines):
        entry, end = index[72 * number : 72 * number + 72], end + len(line) + 1
        record, leaf = json.loads(line), leaf_hash(line)
        assert record["n"] == number and line_of(record) == line, number
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["time"]), number
        assert entry == n(8, end) + leaf + mac(key, n(8, number) + leaf), f"record {number}"
        leaves, key = [*leaves, leaf], expand(key, b"mediaseal v1 audit")
    assert json.loads(lines[0])["attributes"]["header"] == hashlib.sha256(header).hexdigest()
    state = b"MSAUS\0\0\1" + n(8, len(lines)) + key
    assert read("state") == state + hashlib.sha256(state).digest()
    sizes, notes = [], read("checkpoints").decode().splitlines(keepends=True)
    for at in range(0, len(notes), 5):
        text, (dash, name, signature) = "".join(notes[at : at + 3]), notes[at + 4].split(" ")
        key_id = hashlib.sha256(f"{origin}\n\1".encode() + signer).digest()[:4]
        signature = base64.b64decode(signature, validate=False)
        assert notes[at + 3] == "\n" and dash == "—" and name == notes[at].strip() == origin and signature[:4] == key_id
        Ed25519PublicKey.from_public_bytes(signer).verify(signature[4:], text.encode())
        sizes.append(int(notes[at + 1]))
        assert base64.b64decode(notes[at + 2]) == root(leaves[: sizes[-1]]), sizes[-1]
    assert len(lines) - sizes[-1] <= 256 and all(b - a <= 256 for a, b in zip([0, *sizes], sizes))
    shown = {"records": len(lines), "checkpoints": sizes, "root": root(leaves).hex()}
    assert all(keys.get(name, value) == value for name, value in shown.items()), shown
    return len(lines)

own = pathlib.Path(__file__).parent / "audit"
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else own
keys = json.loads(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else own / "keys.json").read_text())
print(f"vectors: mediaseal audit log: {check(folder, keys)}")
