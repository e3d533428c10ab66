"""Opens every grant of grants.json from docs/formats/grants.md, and of the files that are named. Needs PyPI `cryptography`, 50 or later."""

import base64, hashlib, itertools, json, pathlib, re, sys

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

class Refused(Exception): pass
def need(**conditions):
    for reason in (reason for reason, held in conditions.items() if not held):
        raise Refused(reason)
def h(text): return bytes.fromhex(text)
def n(size, value): return value.to_bytes(size, "big")
def lp(octets): return n(2, len(octets)) + octets

class Octets:
    def __init__(self, octets, reason="malformed"): self.rest, self.reason = octets, reason
    def take(self, size):
        need(**{self.reason: len(self.rest) >= size})
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken
    def number(self, size): return int.from_bytes(self.take(size), "big")
    def lp(self): return self.take(self.number(2))
    def end(self): need(**{self.reason: not self.rest})

def untext(text, prefix, label):
    need(prefix=text.startswith(prefix))
    digits = text[len(prefix):]
    need(digits=re.fullmatch("[a-z2-7]*", digits) is not None)
    whole = base64.b32decode(digits.upper() + "=" * (-len(digits) % 8))
    need(canonical=base64.b32encode(whole).decode().rstrip("=").lower() == digits)
    need(checksum=hashlib.sha256(label + whole[:-4]).digest()[:4] == whole[-4:])
    return whole[:-4]

def load(kem, secret):
    """The private key and the public octets."""
    if kem == 0x20:
        key = x25519.X25519PrivateKey.from_private_bytes(secret)
        return key, key.public_key().public_bytes_raw()
    if kem == 0x10:
        key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        return key, key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert kem == 0x647A
    seed = hashlib.shake_256(secret).digest(96)
    pq, classic = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed[:64]), x25519.X25519PrivateKey.from_private_bytes(seed[64:])
    public = pq.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(pq, classic), public

KEMS = {0x10: (hpke.KEM.P256, 65), 0x20: (hpke.KEM.X25519, 32), 0x647A: (hpke.KEM.MLKEM768_X25519, 1120)}
def recipient_id(recipient): return hashlib.sha256(b"mediaseal v1 recipient id" + recipient).digest()

def open_grant(octets, kem, secret, signer, context):
    key, public = load(kem, secret)
    recipient, grant = n(2, kem) + public, Octets(octets)
    need(version=grant.number(1) == 1)
    found = grant.number(2)
    need(kem=found in KEMS)
    name, enc, ct, signature = grant.take(32), grant.take(KEMS[found][1]), grant.lp(), grant.take(64)
    grant.end()
    need(malformed=17 <= len(ct) <= 1024, recipient=found == kem and name == recipient_id(recipient))
    message = b"mediaseal v1 grant" + b"".join(map(lp, (recipient, enc, ct, context)))
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(signer).verify(signature, message)
    except InvalidSignature:
        raise Refused("signature")
    suite = hpke.Suite(KEMS[kem][0], hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    try:
        payload = suite.decrypt(enc + ct, key, b"mediaseal v1 hpke grant" + lp(signer) + lp(context))
    except Exception:
        raise Refused("open")
    check_payload(payload)
    return payload

def check_payload(payload):
    body = Octets(payload, "payload")
    kind = body.number(1)
    need(payload=kind in (1, 2, 3))
    if kind == 1:
        need(payload=body.number(1) == 1 and body.number(2) >= 0 and body.number(1) < 2)
        need(payload=1 <= len(body.lp()) <= 255 and len(body.lp()) <= 255)
        body.take(8 + 4 + 32)
    elif kind == 2:
        body.take(2 + 8)
        media = body.number(1)
        need(payload=media <= 5 or media >= 128)
        body.take(8 + 4 + 8)
        need(payload=len(body.lp()) <= 255 and 16 <= len(body.lp()) <= 64)
    else:
        body.take(32)
    body.end()

def xaes_open(key, nonce, aad, sealed):
    block = Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update
    doubled = int.from_bytes(block(bytes(16)), "big") << 1
    k1 = doubled ^ (2**128 | 0x87) if doubled >> 128 else doubled
    inputs = (int.from_bytes(bytes([0, i, 0x58, 0]) + nonce[:12], "big") ^ k1 for i in (1, 2))
    return AESGCM(b"".join(block(n(16, i)) for i in inputs)).decrypt(nonce[12:], sealed, aad)

def open_passphrase(stanza, words, purpose, region):
    body = Octets(stanza)
    need(version=body.number(1) == 1)
    phc, commitment, nonce, sealed = body.lp(), body.take(32), body.take(24), body.take(48)
    body.end()
    m, t, p, salt = re.fullmatch(rb"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]*)", phc).groups()
    salt = base64.b64decode(salt + b"=" * (-len(salt) % 4))
    stretched = Argon2id(salt=salt, length=32, iterations=int(t), lanes=int(p), memory_cost=int(m)).derive(words)
    kek = HKDFExpand(hashes.SHA256(), 64, b"mediaseal v1 passphrase stanza").derive(stretched)
    need(passphrase=kek[32:] == commitment)
    try:
        return xaes_open(kek[:32], nonce, lp(purpose) + lp(phc) + n(4, 0) + lp(region), sealed)
    except InvalidTag:
        raise Refused("passphrase")

def stanzas(envelope):
    need(magic=envelope.take(7) == b"MSENV\0\0", version=envelope.number(1) == 1)
    count = envelope.number(2)
    found = [(envelope.number(1), envelope.lp()) for _ in range(count)]
    envelope.end()
    return found

def check(name, text):
    file, count = json.loads(text), 0
    keys, signers = {}, {}
    for case in file["identities"]:
        kem, secret = case["kem"], h(case["secret"])
        recipient = n(2, kem) + load(kem, secret)[1]
        assert h(case["public"]) == recipient[2:], case["name"]
        assert untext(case["text"], "mediaseal-id-1", b"mediaseal v1 identity text") == n(2, kem) + secret, case["name"]
        assert untext(case["public_text"], "mediaseal-pub-1", b"mediaseal v1 recipient text") == recipient, case["name"]
        assert h(case["id"]) == recipient_id(recipient), case["name"]
        keys[case["name"]] = kem, secret
    for case in file["signers"]:
        public = ed25519.Ed25519PrivateKey.from_private_bytes(h(case["secret"])).public_key().public_bytes_raw()
        assert untext(case["text"], "mediaseal-signer-1", b"mediaseal v1 signer text") == h(case["secret"]), case["name"]
        assert untext(case["public_text"], "mediaseal-signer-pub-1", b"mediaseal v1 verifier text") == public, case["name"]
        assert h(case["public"]) == public, case["name"]
        signers[case["name"]] = public
    for case in itertools.chain(file["grants"], file["refused"]):
        try:
            payload = open_grant(h(case["octets"]), *keys[case["identity"]], signers[case["signer"]], h(case["context"]))
            result = {"payload": payload.hex()}
        except Refused as refused:
            result = {"reason": str(refused)}
        assert all(case.get(k) == result.get(k) for k in ("payload", "reason")), f"{case['name']}: {result}"
        count += 1
    for case in file["envelopes"]:
        purpose, region, dek, opened = h(case["purpose"]), case["region"].encode(), h(case["dek"]), 0
        for kind, body in stanzas(Octets(h(case["octets"]))):
            if kind == 2:
                name_of = {recipient_id(n(2, kem) + load(kem, secret)[1]): (kem, secret) for kem, secret in keys.values()}
                context = lp(purpose) + lp(body[3:35].hex().encode()) + n(4, 0) + lp(region)
                payload = open_grant(body, *name_of[body[3:35]], signers[case["signer"]], context)
                assert payload == b"\x03" + dek, case["name"]
                opened += 1
            elif kind == 3:
                assert open_passphrase(body, h(case["passphrase"]), purpose, region) == dek, case["name"]
                opened += 1
        assert opened == len(case["identities"]) + 1, case["name"]
        count += opened
    for case in file["sessions"]:
        octets = Octets(h(case["octets"]))
        need(version=octets.number(1) == 1, kid=octets.take(8) == h(case["kid"]))
        found = stanzas(octets)
        assert len(found) == len(case["identities"])
        for (kind, body), identity in zip(found, case["identities"]):
            context = lp(b"session") + h(case["kid"])
            payload = open_grant(body, *keys[identity], signers[case["signer"]], context)
            assert kind == 2 and payload.hex() == case["payload"], case["name"]
            count += 1
    print(f"vectors: mediaseal {name}: {count}")

for path in [pathlib.Path(__file__).parent / "grants.json", *map(pathlib.Path, sys.argv[1:])]:
    try:
        check(path.stem, path.read_text())
    except (AssertionError, Refused) as wrong:
        sys.exit(f"vectors: mediaseal {path.stem}: {type(wrong).__name__}: {wrong}")
