"""Writes recording.json: whole recordings with fixed salts, and what becomes of them. Deterministic: the same file every time.

Needs PyPI `cryptography`.
"""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recording import AEADS, CHUNK, chunk_nonce, expand, key_id, lp, message_keys, n, root, sha256


def octets(label, size):
    """Octets that look random and are the same every time."""
    return hashlib.shake_256(b"mediaseal vectors " + label.encode()).digest(size)


def seal(aead, key, context, salt, plain, last=True):
    aes, base, commitment = message_keys(aead, key, salt, context)
    out, chunk = salt + commitment, 0
    while len(plain) >= CHUNK or last:
        part, plain = plain[:CHUNK], plain[CHUNK:]
        out += AESGCM(aes).encrypt(chunk_nonce(base, chunk), part, None)
        chunk += 1
        if len(part) < CHUNK:
            break
    return out


class Writer:
    def __init__(self, name, profile, aead, region):
        self.name, self.aead = name, aead
        self.dek, self.kek = octets(name + " dek", 32), octets(name + " kek", 32)
        self.signer = Ed25519PrivateKey.from_private_bytes(octets(name + " signer", 32))
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.public = self.signer.public_key().public_bytes(*raw)
        id = octets(name + " id", 16)
        self.origin = "mediaseal/rec/" + id.hex()
        header = b"MSREC\0\0\1" + id + n(8, 1_800_000_000_000_000) + n(1, profile) + n(1, aead)
        header += lp(region) + self.public
        header += hmac.new(expand("sha256", self.dek, b"mediaseal v1 header", 32), header, "sha256").digest()
        self.header, self.region = header, region
        self.key = self.dek if aead == 2 else expand("sha256", self.dek, b"mediaseal v1 recording key 128", 16)
        context = lp(sha256(header)) + lp(b"kek 1") + n(4, 3) + lp(region)
        nonce = octets(name + " wrap", 12)
        stanza = lp(b"test") + lp(b"kek 1") + n(4, 3) + n(1, 1) + lp(region) + sha256(context)
        stanza += lp(nonce + AESGCM(self.kek).encrypt(nonce, self.dek, context))
        envelope = b"MSENV\0\0\1" + n(2, 1) + n(1, 1) + lp(stanza)
        self.files = {"header": header, "envelope": envelope, "manifest": b"", "checkpoints": b""}
        self.previous, self.leaves, self.codecs = sha256(header), [], {}
        self.digests, self.frames = {}, {}

    def record(self, kind, body):
        content = n(1, kind) + body + self.previous
        record = n(4, len(content)) + content
        self.files["manifest"] += record
        self.previous = sha256(record)
        self.leaves.append(sha256(b"\0", content))

    def track(self, track, codec):
        self.codecs[track], self.digests[track], self.frames[track] = codec, bytes(32), []
        self.record(1, n(2, track) + n(2, codec))

    def checkpoint(self):
        text = f"{self.origin}\n{len(self.leaves)}\n{base64.b64encode(root(self.leaves)).decode()}\n".encode()
        signature = key_id(self.origin, self.public) + self.signer.sign(text)
        line = f"\u2014 {self.origin} {base64.b64encode(signature).decode()}\n".encode()
        self.files["checkpoints"] += text + b"\n" + line

    def segment(self, number, track, frames, ends=(), how=3):
        """A segment of frames (sender, micros, key frame, metadata, octets), with a commit behind each number of frames in `ends`."""
        context = b"mediaseal v1 segment" + sha256(self.header) + n(8, number) + n(2, track)
        context += n(2, self.codecs[track]) + lp(self.region) + self.digests[track]
        salt = octets(f"{self.name} segment {number}", 24)
        name = "%010d.seg" % number
        plain, sender, points = b"", b"", []
        for count, (who, micros, is_key, metadata, content) in enumerate(frames, 1):
            shown = b"" if who == sender and count - 1 not in ends and count > 1 else who
            sender = who
            flags = is_key | 2 * bool(metadata)
            frame = n(1, flags) + n(8, micros) + lp(shown) + (lp(metadata) if metadata else b"") + content
            plain += n(4, len(frame)) + frame
            times = [frame[1] for frame in frames[:count]]
            points.append((len(plain), min(times), max(times), count))
        state = b""
        for commit, count in enumerate(ends):
            size, first, last, _ = points[count - 1]
            chunks, tail = size // CHUNK, plain[size // CHUNK * CHUNK : size]
            body = seal(self.aead, self.key, context, salt, plain[: chunks * CHUNK], last=False)
            tail_digest = bytes(32)
            if tail:
                tail_salt = octets(f"{self.name} tail {number} {commit}", 24)
                message = seal(self.aead, self.key, context + b"tail" + n(8, chunks), tail_salt, tail)
                tail_digest = sha256(message)
            state = n(8, number) + n(2, track) + n(8, chunks) + n(4, len(tail)) + sha256(body) + tail_digest
            state += n(8, first) + n(8, last) + n(4, count)
            self.record(2, state)
        if how == 3:
            body = seal(self.aead, self.key, context, salt, plain)
            _, first, last, count = points[-1]
            chunks, tail = len(plain) // CHUNK + 1, len(plain) % CHUNK
            state = n(8, number) + n(2, track) + n(8, chunks) + n(4, tail) + sha256(body) + bytes(32)
            self.record(3, state + n(8, first) + n(8, last) + n(4, count))
        else:
            if tail:
                self.files["%010d.%06d.tail" % (number, commit)] = message
            if how == 4:
                self.record(4, state)
            frames = frames[:count]
        self.files[name] = body
        self.digests[track] = sha256(body)
        self.frames[track] += frames
        if how != 2:
            self.checkpoint()

    def final(self, segments):
        self.record(5, n(8, segments))
        self.checkpoint()

    def case(self, verdict, changes):
        return {
            "name": self.name,
            "dek": self.dek.hex(),
            "kek": self.kek.hex(),
            "signer": self.public.hex(),
            "files": {name: content.hex() for name, content in self.files.items()},
            "verdict": verdict,
            "tracks": [
                {
                    "track": track,
                    "codec": self.codecs[track],
                    "frames": [
                        {"sender": who.hex(), "micros": micros, "key_frame": bool(is_key), "metadata": metadata.hex(), "octets": content.hex()}
                        for who, micros, is_key, metadata, content in frames
                    ],
                }
                for track, frames in self.frames.items()
            ],
            "changes": changes,
        }


def frames(label, count, size, start=0):
    senders = [b"alice", b"alice", b"bob", "zo\u00eb".encode()]
    return [
        (senders[i % 4], start + i * 20_000, int(i % 5 == 0), octets(f"{label} metadata {i}", i % 3 * 11), octets(f"{label} {i}", size + 37 * i))
        for i in range(count)
    ]


def flip(file, at, verdict):
    return {"file": file, "at": at, "xor": 1, "verdict": verdict}


def cut(file, length, verdict):
    return {"file": file, "length": length, "verdict": verdict}


def main():
    closed = Writer("closed", 2, 2, b"eu")
    closed.track(0, 6)
    closed.segment(0, 0, frames("a", 6, 50), ends=(2, 5))
    closed.track(1, 0x8003)
    closed.segment(1, 1, frames("b", 4, 4_300), ends=(1, 3))
    closed.segment(2, 0, frames("c", 3, 20, start=5_000_000))
    closed.final(3)
    size = {name: len(content) for name, content in closed.files.items()}
    changes = [flip(name, at, "Tampered") for name in size if name not in ("envelope", "checkpoints") for at in (9, size[name] // 2, size[name] - 1)]
    changes += [flip("checkpoints", 20, "Tampered"), flip("checkpoints", size["checkpoints"] - 40, "Tampered")]
    changes += [cut(name, size[name] - 1, "Tampered") for name in size if name.endswith(".seg")]
    changes += [cut("manifest", size["manifest"] - 1, "Tampered"), cut("manifest", 37, "Tampered"), cut("checkpoints", 0, "Incomplete"), cut("checkpoints", size["checkpoints"] - 1, "Incomplete")]
    short = Writer("cobblestone-128", 1, 1, b"")
    short.track(9, 0)
    exact = CHUNK - 15 - 5
    short.segment(0, 9, [(b"alice", 1, 1, b"", octets("exact", exact))])
    short.segment(1, 9, [(b"alice", 2, 0, b"", octets("one more", exact + 1)), (b"", 3, 0, b"", b"")][:1])
    short.final(2)
    crashed = Writer("crashed and recovered", 2, 2, b"de")
    crashed.track(0, 4)
    crashed.segment(0, 0, frames("d", 5, 5_000), ends=(2, 4), how=4)
    crashed.segment(1, 0, frames("e", 3, 60, start=900_000))
    crashed.final(2)
    growing = Writer("growing", 2, 2, b"")
    growing.track(0, 1)
    growing.segment(0, 0, frames("f", 2, 10))
    growing.segment(1, 0, frames("g", 4, 6_000), ends=(1, 3), how=2)
    tail = next(name for name in growing.files if name.endswith(".tail"))
    cases = [
        closed.case("Complete", changes),
        short.case("Complete", []),
        crashed.case("Complete", [flip("0000000000.000001.tail", 70, "Tampered"), flip("0000000000.seg", 80, "Tampered")]),
        growing.case(
            "Incomplete",
            [flip(tail, 60, "Tampered"), flip("0000000000.seg", 60, "Tampered"), cut("manifest", 38 + 4, "Tampered"), cut("manifest", len(growing.files["manifest"]) - 1, "Tampered")],
        ),
    ]
    path = pathlib.Path(__file__).parent / "recording.json"
    path.write_text(json.dumps({"cases": cases}, indent=1) + "\n")


main()
