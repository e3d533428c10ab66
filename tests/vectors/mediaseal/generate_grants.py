"""Writes grants.json (docs/formats/grants.md). Needs PyPI `cryptography`, 50 or later, whose HPKE seals.

Keys and payloads are the same every time; what HPKE and nonces draw is new, and so are all octets that follow from it.
"""

import base64
import hashlib
import json
import os
import pathlib

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = pathlib.Path(__file__).parent
P256, X25519, XWING = 0x0010, 0x0020, 0x647A
ENC = {P256: 65, X25519: 32, XWING: 1120}
SUITES = {
    P256: hpke.KEM.P256,
    X25519: hpke.KEM.X25519,
    XWING: hpke.KEM.MLKEM768_X25519,
}


def octets(label, n):
    return hashlib.shake_256(b"mediaseal grant vectors " + label.encode()).digest(n)


def u(size, value):
    return value.to_bytes(size, "big")


def lp(x):
    return u(2, len(x)) + x


def key_text(prefix, label, key):
    whole = key + hashlib.sha256(label + key).digest()[:4]
    return prefix + base64.b32encode(whole).decode().rstrip("=").lower()


# --- keys -------------------------------------------------------------------------------------------------------------


class Identity:
    def __init__(self, name, kem):
        self.name, self.kem, secret = name, kem, octets(name, 32)
        if kem == X25519:
            clamped = bytearray(secret)
            clamped[0] &= 248
            clamped[31] = clamped[31] & 127 | 64
            secret = bytes(clamped)
            self.key = x25519.X25519PrivateKey.from_private_bytes(secret)
            self.public = self.key.public_key().public_bytes_raw()
        elif kem == P256:
            self.key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
            form = (Encoding.X962, PublicFormat.UncompressedPoint)
            self.public = self.key.public_key().public_bytes(*form)
        else:
            expanded = hashlib.shake_256(secret).digest(96)
            parts = (
                mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
                x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
            )
            self.key = hpke.MLKEM768X25519PrivateKey(*parts)
            self.public = b"".join(part.public_key().public_bytes_raw() for part in parts)
        self.secret = secret
        self.recipient = u(2, kem) + self.public
        self.id = hashlib.sha256(b"mediaseal v1 recipient id" + self.recipient).digest()

    def shown(self):
        return {
            "name": self.name,
            "kem": self.kem,
            "secret": self.secret.hex(),
            "text": key_text("mediaseal-id-1", b"mediaseal v1 identity text", u(2, self.kem) + self.secret),
            "public": self.public.hex(),
            "public_text": key_text("mediaseal-pub-1", b"mediaseal v1 recipient text", self.recipient),
            "id": self.id.hex(),
        }


class Signer:
    def __init__(self, name):
        self.name, self.secret = name, octets(name, 32)
        self.key = ed25519.Ed25519PrivateKey.from_private_bytes(self.secret)
        self.public = self.key.public_key().public_bytes_raw()

    def shown(self):
        return {
            "name": self.name,
            "secret": self.secret.hex(),
            "text": key_text("mediaseal-signer-1", b"mediaseal v1 signer text", self.secret),
            "public": self.public.hex(),
            "public_text": key_text("mediaseal-signer-pub-1", b"mediaseal v1 verifier text", self.public),
        }


BOB, CAROL, DAVE = (Identity(*i) for i in (("bob", X25519), ("carol", P256), ("dave", XWING)))
ALICE, MALLORY = Signer("alice"), Signer("mallory")


# --- grants -----------------------------------------------------------------------------------------------------------


def seal(identity, signer, context, payload, info_signer=None):
    info = b"mediaseal v1 hpke grant" + lp((info_signer or signer).public) + lp(context)
    suite = hpke.Suite(SUITES[identity.kem], hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = suite.encrypt(payload, identity.key.public_key(), info)
    enc, ct = sealed[: ENC[identity.kem]], sealed[ENC[identity.kem] :]
    message = b"mediaseal v1 grant" + lp(identity.recipient) + lp(enc) + lp(ct) + lp(context)
    return u(1, 1) + u(2, identity.kem) + identity.id + enc + lp(ct) + signer.key.sign(message)


def epoch(channel, instance, generation, step):
    head = u(1, 1) + u(2, 4) + u(1, 1) + lp(channel) + lp(instance)
    return head + u(8, generation) + u(4, step) + octets("epoch", 32)


def session(suite, kid, media, generation, step, period, sender, base_key):
    numbers = u(2, suite) + u(8, kid) + u(1, media) + u(8, generation) + u(4, step) + u(8, period)
    return numbers + lp(sender) + lp(base_key)


KID = 0x5E55_10E1_D000_0141
PAYLOADS = {
    "dek": b"\x03" + octets("dek", 32),
    "epoch": b"\x01" + epoch(b"room", b"call 7", 20, 3),
    "session": b"\x02" + session(4, KID, 1, 20, 3, 500_000, b"alice", octets("base key", 32)),
    "raw_session": b"\x02" + session(1, 7, 200, 0, 0, 0, b"", octets("raw key", 48)),
}


def grant_case(name, identity, signer, context, sealed, **more):
    keys = {"identity": identity.name, "signer": signer.name, "context": context.hex()}
    return {"name": name, **keys, "octets": sealed.hex(), **more}


def grants():
    for identity in (BOB, CAROL, DAVE):
        for name, payload in PAYLOADS.items():
            context = octets("context " + name, 40) if name != "dek" else b""
            sealed = seal(identity, ALICE, context, payload)
            yield grant_case(f"{identity.name}_{name}", identity, ALICE, context, sealed, payload=payload.hex())


def refused():
    context = b"context"
    good = seal(BOB, ALICE, context, PAYLOADS["dek"])

    def case(name, reason, sealed=good, identity=BOB, signer=ALICE, context=context):
        return grant_case(name, identity, signer, context, sealed, reason=reason)

    def flipped(at):
        return good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]

    yield case("version_2", "version", u(1, 2) + good[1:])
    yield case("kem_of_p384", "kem", good[:1] + u(2, 0x11) + good[3:])
    yield case("no_octets", "malformed", b"")
    yield case("cut_in_enc", "malformed", good[:50])
    yield case("cut_in_signature", "malformed", good[:-1])
    yield case("an_octet_more", "malformed", good + b"\0")
    yield case("ct_of_a_tag_alone", "malformed", good[:67] + lp(good[69:85]) + good[-64:])
    yield case("other_recipient", "recipient", identity=Identity("eve", X25519))
    yield case("recipient_of_another_kem", "recipient", identity=CAROL)
    yield case("other_signer", "signature", signer=MALLORY)
    yield case("other_context", "signature", context=b"contexT")
    yield case("no_context", "signature", context=b"")
    yield case("enc_changed", "signature", flipped(40))
    yield case("ct_changed", "signature", flipped(80))
    yield case("tag_changed", "signature", flipped(len(good) - 65))
    yield case("signature_changed", "signature", flipped(len(good) - 1))
    yield case("recipient_id_changed", "recipient", flipped(5))
    forged = seal(BOB, MALLORY, context, PAYLOADS["dek"], info_signer=ALICE)
    yield case("signed_anew_by_another", "open", forged, signer=MALLORY)
    low = good[:35] + bytes(32) + good[67:]
    message = b"mediaseal v1 grant" + lp(BOB.recipient) + lp(low[35:67]) + lp(low[69:-64]) + lp(context)
    yield case("enc_of_low_order", "open", low[:-64] + ALICE.key.sign(message))
    for name, payload in (
        ("payload_empty", b""),
        ("payload_of_kind_9", b"\x09" + bytes(32)),
        ("dek_cut_short", PAYLOADS["dek"][:-1]),
        ("dek_too_long", PAYLOADS["dek"] + b"\0"),
        ("epoch_cut_short", PAYLOADS["epoch"][:-1]),
        ("session_with_an_octet_more", PAYLOADS["session"] + b"\0"),
        ("session_of_media_6", b"\x02" + session(4, KID, 6, 0, 0, 0, b"", bytes(32))),
        ("session_with_a_short_base_key", b"\x02" + session(4, KID, 1, 0, 0, 0, b"", bytes(15))),
        ("session_with_a_long_sender", b"\x02" + session(4, KID, 1, 0, 0, 0, bytes(256), bytes(32))),
    ):
        if payload:
            yield case(name, "payload", seal(BOB, ALICE, context, payload))


# --- envelopes --------------------------------------------------------------------------------------------------------


def xaes(key, nonce, aad, plaintext):
    """XAES-256-GCM of C2SP, over AES."""
    block = Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update
    l = int.from_bytes(block(bytes(16)), "big")
    k1 = (l << 1) % 2**128 ^ (0x87 if l >> 127 else 0)
    derived = b"".join(block(u(16, int.from_bytes(b"\0" + u(1, i) + b"X\0" + nonce[:12], "big") ^ k1)) for i in (1, 2))
    return AESGCM(derived).encrypt(nonce[12:], plaintext, aad)


def bound(purpose, kek_id, version, region):
    return lp(purpose) + lp(kek_id) + u(4, version) + lp(region)


def passphrase_stanza(words, phc, costs, salt, purpose, region, dek):
    memory, passes, lanes = costs
    stretched = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(words)
    both = HKDFExpand(SHA256(), 64, b"mediaseal v1 passphrase stanza").derive(stretched)
    nonce = os.urandom(24)
    sealed = xaes(both[:32], nonce, bound(purpose, phc, 0, region), dek)
    return b"\x01" + lp(phc) + both[32:] + nonce + sealed


def envelopes():
    purpose, region, dek, words = octets("purpose", 32), b"eu-central-1", octets("dek", 32), b"correct horse"
    salt = octets("salt", 16)
    phc = b"$argon2id$v=19$m=64,t=1,p=1$" + base64.b64encode(salt).rstrip(b"=")
    provider = lp(b"file") + lp(b"kek 1") + u(4, 2) + u(1, 2) + lp(region) + octets("hash", 32) + lp(octets("wrapped", 72))
    stanzas = [(1, provider)]
    for identity in (BOB, CAROL, DAVE):
        context = bound(purpose, identity.id.hex().encode(), 0, region)
        stanzas.append((2, seal(identity, ALICE, context, PAYLOADS["dek"])))
    stanzas += [(3, passphrase_stanza(words, phc, (64, 1, 1), salt, purpose, region, dek)), (77, b"of a later version")]
    body = b"".join(u(1, kind) + lp(stanza) for kind, stanza in stanzas)
    envelope = b"MSENV\0\0\x01" + u(2, len(stanzas)) + body
    yield {
        "name": "every_kind_of_stanza",
        "purpose": purpose.hex(),
        "region": region.decode(),
        "identities": ["bob", "carol", "dave"],
        "signer": "alice",
        "passphrase": words.hex(),
        "dek": dek.hex(),
        "octets": envelope.hex(),
    }


def sessions():
    context = lp(b"session") + u(8, KID)
    stanzas = [seal(identity, ALICE, context, PAYLOADS["session"]) for identity in (BOB, DAVE)]
    envelope = b"MSENV\0\0\x01" + u(2, 2) + b"".join(u(1, 2) + lp(stanza) for stanza in stanzas)
    yield {
        "name": "two_owners",
        "kid": u(8, KID).hex(),
        "identities": ["bob", "dave"],
        "signer": "alice",
        "payload": PAYLOADS["session"].hex(),
        "octets": (u(1, 1) + u(8, KID) + envelope).hex(),
    }


FILE = {
    "identities": [identity.shown() for identity in (BOB, CAROL, DAVE, Identity("eve", X25519))],
    "signers": [signer.shown() for signer in (ALICE, MALLORY)],
    "grants": list(grants()),
    "refused": list(refused()),
    "envelopes": list(envelopes()),
    "sessions": list(sessions()),
}
(HERE / "grants.json").write_text(json.dumps(FILE, indent=1) + "\n")
