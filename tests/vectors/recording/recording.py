"""Reads and verifies recordings (docs/formats/recording.md). Shares no line with the library. Needs PyPI `cryptography`."""

import base64, hashlib, hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK, TAG, PREAMBLE = 16384, 16, 56
AEADS = {1: (b"AEAD_AES_128_GCM", 16), 2: (b"AEAD_AES_256_GCM", 32)}
class Refused(Exception): pass
def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def n(size, value): return value.to_bytes(size, "big")
def lp(octets): return n(2, len(octets)) + octets
def expand(hash, key, info, length):
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + n(1, count), hash).digest()
        out, count = out + block, count + 1
    return out[:length]

class Octets:
    def __init__(self, octets): self.octets, self.at = octets, 0
    def take(self, size):
        if self.at + size > len(self.octets): raise Refused("short")
        self.at += size
        return self.octets[self.at - size : self.at]
    def int(self, size): return int.from_bytes(self.take(size), "big")
    def lp(self): return self.take(self.int(2))
    def left(self): return len(self.octets) - self.at

# C2SP chunked encryption

def message_keys(aead, key, salt, context):
    name, size = AEADS[aead]
    okm = expand("sha512", key, b"c2sp.org/chunked-encryption@v1+" + name + b"\0" + salt + context, size + 44)
    return okm[:size], okm[size : size + 12], okm[size + 12 :]

def chunk_nonce(base, chunk): return n(12, int.from_bytes(base, "big") ^ chunk)

def open_chunks(aead, key, context, message, full_chunks=None):
    """The plaintext of a message; with full_chunks of a segment that has no last chunk."""
    if len(message) < PREAMBLE: raise Refused("Truncated")
    aes, base, commitment = message_keys(aead, key, message[:24], context)
    if not hmac.compare_digest(commitment, message[24:56]): raise Refused("Commitment")
    body, out, chunk = message[PREAMBLE:], b"", 0
    if full_chunks is not None and len(body) != full_chunks * (CHUNK + TAG): raise Refused("Truncated")
    while body or (full_chunks is None and chunk == 0):
        sealed, body = body[: CHUNK + TAG], body[CHUNK + TAG :]
        last = full_chunks is None and len(sealed) < CHUNK + TAG
        try: plain = AESGCM(aes).decrypt(chunk_nonce(base, chunk), sealed, None)
        except (InvalidTag, ValueError): raise Refused("Authentication")
        out, chunk = out + plain, chunk + 1
        if last: return out
    if full_chunks is None: raise Refused("Truncated")
    return out

# RFC 6962 and C2SP checkpoints

def root(leaves):
    if len(leaves) <= 1: return leaves[0] if leaves else sha256()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root(leaves[:k]), root(leaves[k:]))

def key_id(origin, public): return sha256(origin.encode() + b"\n\1" + public)[:4]

def read_checkpoint(note, origin, public):
    text, signature = note.split(b"\n\n")
    name, size, digest = text.decode().split("\n")
    dash, signer, octets = signature.decode().rstrip("\n").split(" ")
    octets = base64.b64decode(octets, validate=True)
    if dash != "\u2014" or signer != origin or name != origin or octets[:4] != key_id(origin, public): raise Refused("checkpoint")
    try: Ed25519PublicKey.from_public_bytes(public).verify(octets[4:], text + b"\n")
    except InvalidSignature: raise Refused("checkpoint")
    return int(size), base64.b64decode(digest, validate=True)

# Files

def read_header(octets):
    read = Octets(octets)
    if read.take(8) != b"MSREC\0\0\1": raise Refused("header")
    header = {"id": read.take(16), "created": read.int(8), "profile": read.int(1), "aead": read.int(1)}
    header |= {"region": read.lp(), "signer": read.take(32), "mac": read.take(32)}
    if read.left() or header["profile"] not in (1, 2) or header["aead"] not in AEADS: raise Refused("header")
    return header | {"digest": sha256(octets), "origin": "mediaseal/rec/" + header["id"].hex()}

def input_key(header, dek):
    return dek if header["aead"] == 2 else expand("sha256", dek, b"mediaseal v1 recording key 128", 16)

def check_header(header, octets, dek):
    mac = hmac.new(expand("sha256", dek, b"mediaseal v1 header", 32), octets[:-32], "sha256").digest()
    if not hmac.compare_digest(mac, header["mac"]): raise Refused("WrongKey")

FIELDS = [("segment", 8), ("track", 2), ("chunks", 8), ("tail", 4), ("digest", 0), ("tail_digest", 0), ("first", 8), ("last", 8), ("frames", 4)]
def read_manifest(octets, header_digest):
    """Records, leaves, and octets behind the last whole record."""
    read, previous, records, leaves = Octets(octets), header_digest, [], []
    while read.left():
        start = read.at
        try:
            content = Octets(read.take(read.int(4)))
            kind = content.int(1)
            if kind == 1: record = {"track": content.int(2), "codec": content.int(2)}
            elif kind in (2, 3, 4): record = {name: content.int(size) if size else content.take(32) for name, size in FIELDS}
            elif kind == 5: record = {"segments": content.int(8)}
            else: raise Refused("Unsupported")
            if content.take(32) != previous or content.left(): raise Refused("chain")
        except Refused:
            return records, leaves, len(octets) - start
        previous = sha256(octets[start : read.at])
        records.append((kind, record))
        leaves.append(sha256(b"\0", octets[start + 4 : read.at]))
    return records, leaves, 0

def read_segments(records):
    """Tracks with their codecs, and segments with their last state, in the order in which they were begun."""
    tracks, segments, final = {}, {}, False
    for kind, record in records:
        if kind == 1: tracks[record["track"]] = record["codec"]
        elif kind == 5: final = True
        else:
            fresh = {"commits": [], "previous": next((s["state"]["digest"] for s in reversed(segments.values()) if s["state"]["track"] == record["track"]), bytes(32))}
            segment = segments.setdefault(record["segment"], fresh)
            segment |= {"kind": kind, "state": record}
            if kind == 2: segment["commits"].append(record)
            segment["tail"] = max((i for i, c in enumerate(segment["commits"]) if c == record), default=None) if kind != 3 and record["tail"] else None
    return tracks, segments, final

def names(number, segment):
    tail = None if segment["tail"] is None else "%010d.%06d.tail" % (number, segment["tail"])
    return "%010d.seg" % number, tail

def file_len(segment):
    state = segment["state"]
    if segment["kind"] == 3: return PREAMBLE + (state["chunks"] - 1) * (CHUNK + TAG) + state["tail"] + TAG
    return PREAMBLE + state["chunks"] * (CHUNK + TAG)

def verify(files, public):
    """Complete, Incomplete or Tampered."""
    try:
        header = read_header(files["header"])
        records, leaves, rest = read_manifest(files["manifest"], header["digest"])
        tracks, segments, final = read_segments(records)
        lines, signed = files["checkpoints"].split(b"\n"), 0
        for at in range(0, len(lines) - 5 + 1, 5):
            note = b"\n".join(lines[at : at + 5]) + b"\n"
            if len(lines) < at + 6: break
            signed, digest = read_checkpoint(note, header["origin"], public)
            if signed > len(leaves) or root(leaves[:signed]) != digest: raise Refused("root")
        if final and rest: raise Refused("behind the end")
        known = {"header", "envelope", "manifest", "checkpoints", "lock"}
        for number, segment in segments.items():
            name, tail = names(number, segment)
            known |= {name, tail}
            octets = files[name]
            if sha256(octets[: file_len(segment)]) != segment["state"]["digest"] or len(octets) < file_len(segment): raise Refused(name)
            if segment["kind"] != 2 and len(octets) > file_len(segment): raise Refused(name)
            if tail and (sha256(files[tail]) != segment["state"]["tail_digest"]): raise Refused(tail)
        if final and any(name not in known and not name.startswith("grants/") for name in files): raise Refused("foreign")
        return "Complete" if final and signed == len(leaves) else "Incomplete"
    except (Refused, KeyError, ValueError) as error:
        return "Tampered"

def read_frames(files, dek):
    """Every frame of every track: (sender, micros, key frame, metadata, octets)."""
    header = read_header(files["header"])
    check_header(header, files["header"], dek)
    key, (records, _, _) = input_key(header, dek), read_manifest(files["manifest"], header["digest"])
    tracks, segments, _ = read_segments(records)
    out = {track: [] for track in tracks}
    for number, segment in segments.items():
        state, (name, tail) = segment["state"], names(number, segment)
        context = b"mediaseal v1 segment" + header["digest"] + n(8, number) + n(2, state["track"])
        context += n(2, tracks[state["track"]]) + lp(header["region"]) + segment["previous"]
        message = files[name][: file_len(segment)]
        plain = open_chunks(header["aead"], key, context, message, None if segment["kind"] == 3 else state["chunks"])
        if tail: plain += open_chunks(header["aead"], key, context + b"tail" + n(8, state["chunks"]), files[tail])
        read, sender, count = Octets(plain), b"", 0
        while read.left():
            frame = Octets(read.take(read.int(4)))
            flags, micros = frame.int(1), frame.int(8)
            sender = frame.lp() or sender
            metadata = frame.lp() if flags & 2 else b""
            if flags > 3 or bool(flags & 2) != bool(metadata): raise Refused("flags")
            out[state["track"]].append((sender, micros, bool(flags & 1), metadata, frame.take(frame.left())))
            count += 1
        if count != state["frames"]: raise Refused("frames")
    return out

def unwrap_by_provider(envelope, header, kek):
    """The DEK in the first provider's stanza of AES-256-GCM."""
    read = Octets(envelope)
    if read.take(8) != b"MSENV\0\0\1": raise Refused("envelope")
    for _ in range(read.int(2)):
        kind, body = read.int(1), Octets(read.lp())
        if kind == 1:
            provider, kek_id, version, algorithm = body.lp(), body.lp(), body.int(4), body.int(1)
            region, digest, octets = body.lp(), body.take(32), body.lp()
            context = lp(header["digest"]) + lp(kek_id) + n(4, version) + lp(region)
            if algorithm != 1 or digest != sha256(context): raise Refused("stanza")
            return AESGCM(kek).decrypt(octets[:12], octets[12:], context)
    raise Refused("no stanza")
