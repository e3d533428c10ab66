"""Recomputes every vector of this folder from docs/formats/keys.md. Needs PyPI `cryptography`, 44 or later."""

import base64, hashlib, itertools, json, pathlib, re, sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

S256, S512 = hashes.SHA256(), hashes.SHA512()
SUITES = {1: (S256, 48, 10, 16), 4: (S256, 16, 16, 0), 5: (S512, 32, 16, 0), 6: (S512, 96, 10, 32)}  # hash, Nk, Nt, enc_key
PHC = r"\$argon2id\$v=(\d+)\$m=(0|[1-9]\d*),t=(0|[1-9]\d*),p=(0|[1-9]\d*)\$([A-Za-z0-9+/]*)"
class Refused(Exception): pass
def need(**conditions):
    for reason in (reason for reason, held in conditions.items() if not held):
        raise Refused(reason)
def h(text): return bytes.fromhex(text)
def n(size, value): return value.to_bytes(size, "big")
def lp(octets): return n(2, len(octets)) + octets
def expand(secret, info, length=32, hash=S256): return HKDFExpand(hash, length, info).derive(secret)
def mac(key, data, hash=S256):
    state = hmac.HMAC(key, hash)
    state.update(data)
    return state.finalize()

def schedule(case, secrets):
    key, salt, channel, instance = (h(case[k]) for k in ("channel_key", "kdf_salt", "channel_id", "instance"))
    need(channel_key=16 <= len(key) <= 64, kdf_salt=len(salt) == 0 or 16 <= len(salt) <= 64)
    need(channel_id=1 <= len(channel) <= 255, instance=len(instance) <= 255)
    info = b"mediaseal v1 channel" + n(1, len(salt)) + lp(channel) + lp(instance) + h(case["generation"])
    first, advance = HKDF(S256, 32, salt or None, info).derive(key), lambda s, step: expand(s, b"mediaseal v1 advance" + n(4, step))
    walk, confirms = list(itertools.accumulate(range(1, 17), advance, initial=first)), []
    for c in case["confirms"]:
        confirm = expand(walk[c["step"]], b"mediaseal v1 confirm" + n(2, c["suite"]) + n(1, c["clock"]))
        code = re.findall(".....", str(int(confirm.hex(), 16) % 10**60).zfill(60))
        confirms.append({**c, "confirm": confirm.hex(), "safety_code": " ".join(code)})
    secrets[case["name"]] = {step: (case["generation"], s.hex()) for step, s in enumerate(walk)}
    shown = {"extracted": mac(salt or bytes(32), key).hex(), "info": info.hex(), "secrets": [s.hex() for s in walk[:11]]}
    return {**shown, "confirms": confirms}

def base_key_of(case, kid):
    who = lp(h(case["sender_id"])) + n(1, case["media"])
    return expand(h(case["secret"]), b"mediaseal v1 session" + who + h(case["period"]) + n(8, kid))

def rfc9605(base_key, kid, suite):
    hash, nk, _, _ = SUITES[suite]
    secret, tail = mac(bytes(hash.digest_size), base_key, hash), n(8, kid) + n(2, suite)
    return secret, *(expand(secret, b"SFrame 1.0 Secret " + what + tail, size, hash) for what, size in ((b"key ", nk), (b"salt ", 12)))

def open_frame(case, suite, frame, metadata):
    need(Truncated=frame)
    at, fields, (hash, _, nt, enc) = 1, [], SUITES[suite]
    for nibble in (frame[0] >> 4, frame[0] & 15):
        size = (nibble & 7) + 1 if nibble & 8 else 0
        need(Truncated=len(frame) >= at + size)
        at, fields = at + size, [*fields, int.from_bytes(frame[at : at + size], "big") if size else nibble]
        need(Malformed=size == 0 or fields[-1] >= max(8, 256 ** (size - 1)))
    need(Truncated=len(frame) >= at + nt)
    kid, ctr = fields
    _, key, salt = rfc9605(base_key_of(case, kid), kid, suite)
    nonce, aad, ct, tag = n(12, int.from_bytes(salt, "big") ^ ctr), frame[:at] + metadata, frame[at:-nt], frame[-nt:]
    if not enc:  # raises InvalidTag
        return kid, ctr, AESGCM(key).decrypt(nonce, ct + tag, aad)
    full = mac(key[enc:], n(8, len(aad)) + n(8, len(ct)) + n(8, nt) + nonce + aad + ct, hash)
    need(AuthenticationFailed=full[:nt] == tag)
    return kid, ctr, Cipher(algorithms.AES(key[:enc]), modes.CTR(nonce + bytes(4))).decryptor().update(ct)

def session(case, secrets):
    if "frame" in case:  # a frame to open or refuse
        return {"plaintext": open_frame(case, case["suite"], h(case["frame"]), h(case["metadata"]))[2].hex()}
    if "now" in case:  # which period a KID names
        now, bits = int(case["now"], 16), int(case["kid"], 16) >> 8 & 3
        need(ClockMismatch=case["clock"] or bits == 0)
        distance = (bits - now + 1) % 4 - 1 if case["clock"] else 0
        need(StaleSession=distance < 2)
        return {"period": n(8, now + distance).hex()}
    if "head" in case:  # which step a KID names
        step = case["head"] - 7 + (int(case["kid"], 16) - case["head"] + 7) % 16
        need(RetiredKey=step >= case["base"])
        return {"step": step}
    need(secret_of_the_schedule=secrets[case["schedule"]][case["step"]] == (case["generation"], case["secret"]))
    number, period, g = (int(case[k], 16) for k in ("session", "period", "generation"))
    kid, suites = int(f"{number:054b}{period % 4:02b}{g % 16:04b}{case['step'] % 16:04b}", 2), []
    base_key, names = base_key_of(case, kid), ("sframe_secret", "sframe_key", "sframe_salt")
    for s in case["suites"]:
        frames = []
        for f in s["frames"]:
            got, ctr, plaintext = open_frame(case, s["suite"], h(f["frame"]), h(f["metadata"]))
            need(kid_of_the_frame=got == kid, ctr_of_the_frame=ctr < (2**32 if h(case["sender_id"]) and period else 2**56))
            frames.append({**f, "ctr": n(8, ctr).hex(), "plaintext": plaintext.hex()})
        suites.append({**s, **{k: v.hex() for k, v in zip(names, rfc9605(base_key, kid, s["suite"]))}, "frames": frames})
    return {"kid": n(8, kid).hex(), "base_key": base_key.hex(), "suites": suites}

def epoch(case, _):
    raw = h(case.get("octets", ""))
    if "text" in case:
        text, body = case["text"], case["text"][17:]
        need(prefix=text.startswith("mediaseal-epoch-1"))
        need(base32=re.fullmatch("[a-z2-7]*", body) and len(body) % 8 in (0, 2, 4, 5, 7))
        whole = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
        need(base32=base64.b32encode(whole).decode().rstrip("=").lower() == body)
        raw = whole[:-4]
        need(checksum=len(whole) >= 4 and hashlib.sha256(b"mediaseal v1 epoch text" + raw).digest()[:4] == whole[-4:])
    fields, rest = {}, raw
    def take(name, size):
        nonlocal rest
        need(truncated=len(rest) >= size)
        fields[name], rest = rest[:size].hex(), rest[size:]
        return int(fields[name] or "0", 16)
    need(version=take("version", 1) == 1, suite=take("suite", 2) >= 0, clock=take("clock", 1) < 2)
    for name, least in (("channel_id", 1), ("instance", 0)):
        need(**{name: least <= take("length", 2) <= 255})
        take(name, int(fields["length"], 16))
    take("generation", 8), take("step", 4), take("secret", 32)
    need(trailing=not rest)
    del fields["version"], fields["length"]
    return {"octets": raw.hex(), **fields, **{k: int(fields[k], 16) for k in ("suite", "clock", "step")}}

def key_check(case, _):
    secret, sender, challenge, answer = (h(case[k]) for k in ("secret", "sender_id", "challenge", "answer"))
    key = expand(secret, b"mediaseal v1 check" + n(2, case["suite"]) + n(1, case["clock"]))
    need(challenge=len(challenge) == 16)
    need(answer=mac(key, lp(sender) + challenge)[:16] == answer)
    return {}

def passphrase(case, _):
    words, parts, found = h(case["passphrase"]), case["phc"].split("$"), re.fullmatch(PHC, case["phc"])
    need(passphrase=1 <= len(words) <= 1024, format=len(parts) > 2 and parts[0] == "")
    need(algorithm=parts[1] == "argon2id", hash=len(parts) < 6, format=found and len(found[5]) % 4 != 1)
    version, m, t, p = map(int, found.groups()[:4])
    need(version=version == 19, p=1 <= p <= 16, t=1 <= t <= 16, m=8 * p <= m <= 1048576)
    salt = base64.b64decode(found[5] + "=" * (-len(found[5]) % 4))
    need(format=base64.b64encode(salt).decode().rstrip("=") == found[5], salt=16 <= len(salt) <= 64)
    key = Argon2id(salt=salt, length=32, iterations=t, lanes=p, memory_cost=m).derive(words)
    return {"m": m, "t": t, "p": p, "salt": salt.hex(), "channel_key": key.hex()}

secrets = {}
for file, recompute, count in (("channel-schedule", schedule, 0), ("channel-sessions", session, 0), ("epoch-secret", epoch, 0),
                               ("key-check", key_check, 0), ("passphrase", passphrase, 0)):  # fmt: skip
    for group, cases in json.loads((pathlib.Path(__file__).parent / f"{file}.json").read_text()).items():
        for count, case in enumerate(cases, count + 1):
            try:
                result, refusal = recompute(case, secrets), None
            except Exception as error:
                result, refusal = {}, "AuthenticationFailed" if isinstance(error, InvalidTag) else str(error)
            differing = [field for field in result if case.get(field) != result[field]]
            if refusal != case.get("reason") or differing:
                sys.exit(f"vectors: mediaseal {file}: {group}: {case['name']}: {refusal or differing or 'was not refused'}")
    print(f"vectors: mediaseal {file}: {count}")
