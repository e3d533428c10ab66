"""Writes the vectors of channel keys (docs/formats/keys.md). Deterministic: the same files every time.

Needs PyPI `cryptography` (44 or later). HKDF and HMAC are written out here over hashlib; check.py takes them from the package.
"""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HERE = pathlib.Path(__file__).parent


# --- octets -----------------------------------------------------------------------------------------------------------


def octets(label, n):
    """n octets that look random and are the same every time."""
    return hashlib.shake_256(b"mediaseal vectors " + label.encode()).digest(n)


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


# --- RFC 5869 and RFC 9605 section 4 ----------------------------------------------------------------------------------


def extract(salt, ikm, hash="sha256"):
    return hmac.new(salt, ikm, hash).digest()


def expand(prk, info, length, hash="sha256"):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + u8(counter), hash).digest()
        out, counter = out + block, counter + 1
    return out[:length]


# suite: hash, Nk, Nt, octets of enc_key (0: GCM)
SUITES = {1: ("sha256", 48, 10, 16), 4: ("sha256", 16, 16, 0), 5: ("sha512", 32, 16, 0), 6: ("sha512", 96, 10, 32)}


def sframe_keys(base_key, kid, suite):
    hash, nk, _, _ = SUITES[suite]
    secret = extract(b"", base_key, hash)
    key = expand(secret, b"SFrame 1.0 Secret key " + u64(kid) + u16(suite), nk, hash)
    salt = expand(secret, b"SFrame 1.0 Secret salt " + u64(kid) + u16(suite), 12, hash)
    return secret, key, salt


def header(kid, ctr):
    def field(value):
        if value < 8:
            return value, b""
        body = u64(value).lstrip(b"\0")
        return 8 | (len(body) - 1), body

    (k, kid_octets), (c, ctr_octets) = field(kid), field(ctr)
    return u8(k << 4 | c) + kid_octets + ctr_octets


def seal(suite, key, salt, head, ctr, metadata, plaintext):
    hash, _, nt, enc = SUITES[suite]
    nonce = bytes(a ^ b for a, b in zip(salt, bytes(4) + u64(ctr)))
    aad = head + metadata
    if not enc:
        return head + AESGCM(key).encrypt(nonce, plaintext, aad)
    aes = Cipher(algorithms.AES(key[:enc]), modes.CTR(nonce + bytes(4))).encryptor()
    ct = aes.update(plaintext) + aes.finalize()
    mac_input = u64(len(aad)) + u64(len(ct)) + u64(nt) + nonce + aad + ct
    return head + ct + hmac.new(key[enc:], mac_input, hash).digest()[:nt]


# --- channel schedule -------------------------------------------------------------------------------------------------


def first_info(kdf_salt, channel_id, instance, g):
    return b"mediaseal v1 channel" + u8(len(kdf_salt)) + lp(channel_id) + lp(instance) + u64(g)


def first_secret(channel_key, kdf_salt, channel_id, instance, g):
    return expand(extract(kdf_salt, channel_key), first_info(kdf_salt, channel_id, instance, g), 32)


def advance(secret, to):
    """secret[g, to] from secret[g, to - 1]."""
    return expand(secret, b"mediaseal v1 advance" + u32(to), 32)


def secret_at(first, step):
    for to in range(1, step + 1):
        first = advance(first, to)
    return first


def kid_of(session, period, g, s):
    return session << 10 | period % 4 << 8 | g % 16 << 4 | s % 16


def base_key_of(secret, sender_id, media, period, kid):
    return expand(secret, b"mediaseal v1 session" + lp(sender_id) + u8(media) + u64(period) + u64(kid), 32)


def confirm_of(secret, suite, clock):
    return expand(secret, b"mediaseal v1 confirm" + u16(suite) + u8(clock), 32)


def safety_code(confirm):
    digits = f"{int.from_bytes(confirm, 'big') % 10**60:060}"
    return " ".join(digits[i : i + 5] for i in range(0, 60, 5))


# --- files ------------------------------------------------------------------------------------------------------------


def write(name, content):
    """Octets become hexadecimal digits; 64-bit numbers are given as U64, 16 digits."""
    text = json.dumps(content, indent=2, default=lambda x: x.hex(), ensure_ascii=True)
    (HERE / name).write_text(text + "\n")


U64 = u64

SCHEDULES = {
    # name: channel key, kdf_salt, channel_id, instance, generation
    "key32_no_salt_generation_0": (octets("key a", 32), b"", b"room-42", b"", 0),
    "key32_salt16_generation_15": (octets("key a", 32), octets("salt a", 16), b"room-42", b"call-2026-01-15", 15),
    "key16_no_salt_generation_16": (octets("key b", 16), b"", b"c", b"", 16),
    "key64_salt64_generation_2_63": (octets("key c", 64), octets("salt c", 64), octets("channel c", 255), octets("instance c", 255), 2**63),
    "key17_salt17_generation_max": (octets("key d", 17), octets("salt d", 17), octets("channel d", 32), b"\0", 2**64 - 1),
    "salt_of_16_zeros_is_not_no_salt": (octets("key a", 32), bytes(16), b"room-42", b"", 0),
    "salt_of_32_zeros_is_not_16": (octets("key a", 32), bytes(32), b"room-42", b"", 0),
    "channel_ab_instance_c": (octets("key a", 32), b"", b"ab", b"c", 1),
    "channel_a_instance_bc": (octets("key a", 32), b"", b"a", b"bc", 1),
    "channel_id_in_utf8": (octets("key a", 32), b"", "Köln 会議".encode(), b"", 1),
}


def schedule_file():
    cases = []
    for name, (key, salt, channel_id, instance, g) in SCHEDULES.items():
        secrets = [first_secret(key, salt, channel_id, instance, g)]
        for step in range(1, 11):
            secrets.append(advance(secrets[-1], step))
        confirms = []
        for step, suite, clock in [(0, suite, clock) for suite in (1, 4, 5, 8, 0xF001) for clock in (0, 1)] + [(10, 4, 1)]:
            confirm = confirm_of(secrets[step], suite, clock)
            confirms.append({"step": step, "suite": suite, "clock": clock, "confirm": confirm, "safety_code": safety_code(confirm)})
        cases.append({
            "name": name, "channel_key": key, "kdf_salt": salt, "channel_id": channel_id, "instance": instance, "generation": U64(g),
            "extracted": extract(salt, key), "info": first_info(salt, channel_id, instance, g), "secrets": secrets, "confirms": confirms,
        })  # fmt: skip
    key = octets("key a", 32)
    refused = [
        {"name": name, "channel_key": key, "kdf_salt": salt, "channel_id": channel_id, "instance": instance, "reason": reason}
        for name, key, salt, channel_id, instance, reason in [
            ("channel_key_of_15", octets("key e", 15), b"", b"room-42", b"", "channel_key"),
            ("channel_key_of_65", octets("key e", 65), b"", b"room-42", b"", "channel_key"),
            ("channel_key_empty", b"", b"", b"room-42", b"", "channel_key"),
            ("kdf_salt_of_1", key, b"\x01", b"room-42", b"", "kdf_salt"),
            ("kdf_salt_of_15", key, octets("salt e", 15), b"room-42", b"", "kdf_salt"),
            ("kdf_salt_of_65", key, octets("salt e", 65), b"room-42", b"", "kdf_salt"),
            ("channel_id_empty", key, b"", b"", b"", "channel_id"),
            ("channel_id_of_256", key, b"", octets("channel e", 256), b"", "channel_id"),
            ("instance_of_256", key, b"", b"room-42", octets("instance e", 256), "instance"),
        ]
    ]
    write("channel-schedule.json", {"cases": cases, "refused": refused})


R_LAST = 2**24 - 1
SESSIONS = [
    # name, schedule, step, sender_id, media, period, session, r
    ("alice_audio", "key32_no_salt_generation_0", 0, b"alice", 1, 490896, 0x123456789ABCD, None),
    ("alice_video_after_three_steps", "key32_salt16_generation_15", 3, b"alice", 2, 490897, octets("session 1", 7), None),
    ("alice_video_without_clock", "key32_salt16_generation_15", 3, b"alice", 2, 0, octets("session 2", 7), 0xABCDEF),
    ("nobody_unspecified_without_clock", "key16_no_salt_generation_16", 0, b"", 0, 0, octets("session 3", 7), 1),
    ("nobody_data_with_clock", "key16_no_salt_generation_16", 10, b"", 3, 490898, octets("session 4", 7), R_LAST),
    ("sender_of_255_screen", "key64_salt64_generation_2_63", 5, octets("sender 5", 255), 4, 490899, octets("session 5", 7), None),
    ("binary_sender_screen_audio", "key17_salt17_generation_max", 9, b"\0\xff\0", 5, 1, octets("session 6", 7), None),
    ("application_media_128", "channel_ab_instance_c", 1, b"bob", 128, 2**40 + 3, octets("session 7", 7), None),
    ("application_media_255", "channel_a_instance_bc", 2, b"bob", 255, 2**64 - 1, octets("session 8", 7), None),
    ("session_0_kid_in_the_config_octet", "key32_no_salt_generation_0", 3, b"alice", 1, 0, 0, 0),
    ("session_of_all_ones", "key17_salt17_generation_max", 10, b"alice", 1, 490899, 2**54 - 1, None),
    ("step_16_has_the_bits_of_step_0", "key32_no_salt_generation_0", 16, b"alice", 1, 490896, octets("session 11", 7), None),
]  # fmt: skip
SESSION_LENGTH = 2**32


def session_of(name):
    name, schedule, step, sender_id, media, period, session, r = next(s for s in SESSIONS if s[0] == name)
    if isinstance(session, bytes):
        session = int.from_bytes(session, "big") >> 2
    g = SCHEDULES[schedule][4]
    secret = secret_at(first_secret(*SCHEDULES[schedule]), step)
    assert (r is None) == (sender_id != b"" and period > 0)
    return schedule, g, step, secret, sender_id, media, period, session, kid_of(session, period, g, step), (r or 0) << 32


def sessions_file():
    cases = []
    for number, (name, *_) in enumerate(SESSIONS):
        schedule, g, step, secret, sender_id, media, period, session, kid, start = session_of(name)
        base_key = base_key_of(secret, sender_id, media, period, kid)
        suites = []
        for turn, suite in enumerate(SUITES):
            sframe_secret, key, salt = sframe_keys(base_key, kid, suite)
            second = start + (1, 7, 1000, SESSION_LENGTH - 1)[(number + turn) % 4]
            metadata = [b"", octets(f"metadata {number}", 1 + number)]
            frames = []
            for ctr, metadata in zip((start, second), metadata if turn % 2 == 0 else reversed(metadata)):
                plaintext = octets(f"plaintext {number} {ctr}", (number * 7 + turn) % 40)
                frame = seal(suite, key, salt, header(kid, ctr), ctr, metadata, plaintext)
                frames.append({"ctr": U64(ctr), "metadata": metadata, "plaintext": plaintext, "frame": frame})
            suites.append({"suite": suite, "sframe_secret": sframe_secret, "sframe_key": key, "sframe_salt": salt, "frames": frames})
        cases.append({
            "name": name, "schedule": schedule, "generation": U64(g), "step": step, "secret": secret, "sender_id": sender_id,
            "media": media, "period": U64(period), "session": U64(session), "kid": U64(kid), "base_key": base_key, "suites": suites,
        })  # fmt: skip
    write("channel-sessions.json", {"cases": cases, "openings": openings(), "periods": periods(), "steps": steps()})


def openings():
    """One good frame a suite, and what must not open it or must not be opened."""
    _, g, step, secret, sender_id, media, period, session, kid, _ = session_of("alice_video_after_three_steps")
    out = []
    for suite in SUITES:
        _, key, salt = sframe_keys(base_key_of(secret, sender_id, media, period, kid), kid, suite)
        meta, plain, head = b"camera", octets("refused", 20), header(kid, 5)
        good = seal(suite, key, salt, head, 5, meta, plain)
        opened_as = {"secret": secret, "sender_id": sender_id, "media": media, "period": U64(period), "suite": suite, "metadata": meta}

        def add(name, reason, frame=good, **other):
            out.append({"name": f"suite_{suite}_{name}", **opened_as, **other, "frame": frame, "reason": reason})

        def flipped(at):
            return good[:at] + u8(good[at] ^ 1) + good[at + 1 :]

        out.append({"name": f"suite_{suite}_as_it_is", **opened_as, "frame": good, "plaintext": plain})
        failed = "AuthenticationFailed"
        add("opened_as_another_sender", failed, sender_id=b"bob")
        add("opened_as_no_sender", failed, sender_id=b"")
        add("opened_as_other_media", failed, media=1)
        add("opened_in_the_next_period", failed, period=U64(period + 1))
        add("opened_four_periods_later", failed, period=U64(period + 4))
        add("opened_at_the_next_step", failed, secret=advance(secret, step + 1))
        add("opened_with_other_metadata", failed, metadata=b"screen")
        add("opened_as_another_suite", failed, suite={1: 4, 4: 1, 5: 6, 6: 5}[suite])
        add("another_session_in_the_kid", failed, frame=header(kid ^ 1 << 10, 5) + good[len(head) :])
        add("another_step_in_the_kid", failed, frame=header(kid ^ 1, 5) + good[len(head) :])
        add("another_ctr", failed, frame=header(kid, 6) + good[len(head) :])
        add("ciphertext_altered", failed, frame=flipped(len(head)))
        add("tag_altered", failed, frame=flipped(len(good) - 1))
        add("last_octet_cut_off", failed, frame=good[:-1])
        add("an_octet_appended", failed, frame=good + b"\0")
        add("shorter_than_header_and_tag", "Truncated", frame=good[: len(head) + SUITES[suite][2] - 1])
        add("header_cut_short", "Truncated", frame=good[: len(head) - 1])
        add("no_octet", "Truncated", frame=b"")
        # The tag is right for the header as it stands: what is refused is the encoding.
        long_ctr = u8(head[0] & 0xF0 | 8) + u64(kid) + b"\x05"
        add("ctr_not_minimal", "Malformed", frame=seal(suite, key, salt, long_ctr, 5, meta, plain))
        small = 3
        _, key, salt = sframe_keys(base_key_of(secret, sender_id, media, period, small), small, suite)
        long_kid = b"\x95\x00\x03"
        add("kid_not_minimal", "Malformed", frame=seal(suite, key, salt, long_kid, 5, meta, plain))
    return out


def periods():
    """Which period the two bits of a KID name; names say now, clock and bits."""
    out = []
    for clock, now in [(0, 0), (1, 1), (1, 2), (1, 3), (1, 490896), (1, 490897), (1, 490898), (1, 490899), (1, 2**40 - 1)]:
        for bits in range(4):
            case = {"name": f"now_{now}_clock_{clock}_bits_{bits}", "clock": clock, "now": U64(now), "kid": U64(kid_of(0x2A, bits, 1, 2))}
            near = [p for p in (now - 1, now, now + 1) if p % 4 == bits]
            if clock == 0:
                case["period" if bits == 0 else "reason"] = U64(0) if bits == 0 else "ClockMismatch"
            elif near:
                case["period"] = U64(near[0])
            else:
                case["reason"] = "StaleSession"
            out.append(case)
    return out


def steps():
    """Which step the four bits of a KID name."""
    out = []
    for base, head in [(0, 0), (0, 3), (0, 7), (5, 7), (7, 7), (8, 8), (9, 16), (16, 16), (100, 107), (2**20, 2**20 + 2)]:
        for bits in range(16):
            case = {"name": f"base_{base}_head_{head}_bits_{bits}", "base": base, "head": head, "kid": U64(kid_of(0x2A, 1, 1, bits))}
            (step,) = (s for s in range(head - 7, head + 9) if s % 16 == bits)
            case.update({"step": step} if step >= base else {"reason": "RetiredKey"})
            out.append(case)
    return out


def epoch_octets(suite, clock, channel_id, instance, g, s, secret, version=1):
    return u8(version) + u16(suite) + u8(clock) + lp(channel_id) + lp(instance) + u64(g) + u32(s) + secret


def base32(raw):
    return base64.b32encode(raw).decode().lower().rstrip("=")


def epoch_text(raw):
    return "mediaseal-epoch-1" + base32(raw + hashlib.sha256(b"mediaseal v1 epoch text" + raw).digest()[:4])


def epoch_file():
    cases = []
    for name, suite, clock, schedule, step in [
        ("suite_4_clock_step_0", 4, 1, "key32_no_salt_generation_0", 0),
        ("suite_5_no_clock_step_3", 5, 0, "key32_salt16_generation_15", 3),
        ("longest", 1, 1, "key64_salt64_generation_2_63", 10),
        ("shortest", 8, 0, "key16_no_salt_generation_16", 1),
        ("custom_suite_and_last_step", 0xF001, 1, "channel_ab_instance_c", 2**32 - 1),
        ("channel_id_in_utf8", 6, 1, "channel_id_in_utf8", 7),
    ]:
        _, _, channel_id, instance, g = SCHEDULES[schedule]
        # 2^32 - 1 steps are not walked here: that secret is any 32 octets.
        secret = secret_at(first_secret(*SCHEDULES[schedule]), step) if step < 100 else octets("secret", 32)
        raw = epoch_octets(suite, clock, channel_id, instance, g, step, secret)
        cases.append({
            "name": name, "suite": suite, "clock": clock, "channel_id": channel_id, "instance": instance, "generation": U64(g),
            "step": step, "secret": secret, "octets": raw, "text": epoch_text(raw),
        })  # fmt: skip

    secret = octets("secret", 32)
    good = epoch_octets(4, 1, b"room-42", b"call", 7, 2, secret)
    text = epoch_text(good)
    tail = u64(7) + u32(2) + secret
    front = u8(1) + u16(4) + u8(1)
    by_octets = [
        ("version_0", epoch_octets(4, 1, b"room-42", b"call", 7, 2, secret, version=0), "version"),
        ("version_2", epoch_octets(4, 1, b"room-42", b"call", 7, 2, secret, version=2), "version"),
        ("clock_2", epoch_octets(4, 2, b"room-42", b"call", 7, 2, secret), "clock"),
        ("no_octets", b"", "truncated"),
        ("version_alone", good[:1], "truncated"),
        ("cut_in_the_channel_id", good[:9], "truncated"),
        ("cut_in_the_length_of_the_instance", good[:14], "truncated"),
        ("without_secret", good[:-32], "truncated"),
        ("cut_by_one_octet", good[:-1], "truncated"),
        ("one_octet_more", good + b"\0", "trailing"),
        ("twice", good + good, "trailing"),
        ("channel_id_empty", epoch_octets(4, 1, b"", b"call", 7, 2, secret), "channel_id"),
        ("channel_id_of_256", epoch_octets(4, 1, octets("channel e", 256), b"", 7, 2, secret), "channel_id"),
        ("instance_of_256", epoch_octets(4, 1, b"room-42", octets("instance e", 256), 7, 2, secret), "instance"),
        ("length_of_instance_one_too_large", front + lp(b"room-42") + u16(5) + b"call" + tail, "truncated"),
        ("length_of_instance_one_too_small", front + lp(b"room-42") + u16(3) + b"call" + tail, "trailing"),
        ("length_of_channel_id_to_the_end", front + u16(60) + b"room-42" + lp(b"call") + tail, "truncated"),
        ("length_of_channel_id_beyond_the_end", front + u16(255) + b"room-42" + lp(b"call") + tail, "truncated"),
    ]
    refused = [{"name": name, "octets": raw, "reason": reason} for name, raw, reason in by_octets]
    prefix = "mediaseal-epoch-1"
    body = text[len(prefix) :]
    at = len(body) // 2
    other = "b" if body[at] != "b" else "c"
    spare_bits = len(body) * 5 % 8
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    assert spare_bits > 0
    by_text = [
        ("text_empty", "", "prefix"),
        ("text_of_the_prefix_alone", prefix, "checksum"),
        ("text_without_prefix", body, "prefix"),
        ("text_with_prefix_2", "mediaseal-epoch-2" + body, "prefix"),
        ("text_with_prefix_in_upper_case", "MEDIASEAL-EPOCH-1" + body, "prefix"),
        ("text_with_a_space_in_front", " " + text, "prefix"),
        ("text_in_upper_case", prefix + body.upper(), "base32"),
        ("text_with_one_upper_case_letter", prefix + body[0].upper() + body[1:], "base32"),
        ("text_with_a_hyphen_after_the_prefix", prefix + "-" + body, "base32"),
        ("text_with_the_digit_1", prefix + body[:at] + "1" + body[at + 1 :], "base32"),
        ("text_with_padding", text + "=" * (-len(body) % 8), "base32"),
        ("text_with_a_line_break_behind", text + "\n", "base32"),
        ("text_with_spare_bits_set", text[:-1] + alphabet[alphabet.index(text[-1]) | 1], "base32"),
        ("text_of_an_impossible_length", prefix + body[: len(body) // 8 * 8 + 1], "base32"),
        ("text_with_another_letter", prefix + body[:at] + other + body[at + 1 :], "checksum"),
        ("text_with_two_letters_swapped", prefix + body[:1] + body[2] + body[1] + body[3:], "checksum"),
        ("text_cut_short", prefix + body[: len(body) // 8 * 8 - 8], "checksum"),
        ("text_without_checksum", prefix + base32(good), "checksum"),
        ("text_with_checksum_without_label", prefix + base32(good + hashlib.sha256(good).digest()[:4]), "checksum"),
        ("text_of_version_2", epoch_text(by_octets[1][1]), "version"),
        ("text_of_octets_cut_short", epoch_text(good[:-1]), "truncated"),
        ("text_of_octets_with_one_more", epoch_text(good + b"\0"), "trailing"),
    ]
    refused += [{"name": name, "text": text, "reason": reason} for name, text, reason in by_text]
    write("epoch-secret.json", {"cases": cases, "refused": refused})


def check_answer(asked, sender_id, challenge):
    key = expand(asked["secret"], b"mediaseal v1 check" + u16(asked["suite"]) + u8(asked["clock"]), 32)
    return hmac.new(key, lp(sender_id) + challenge, "sha256").digest()[:16]


def check_file():
    first = first_secret(*SCHEDULES["key32_no_salt_generation_0"])
    now = {"secret": first, "suite": 4, "clock": 1}
    next_step, no_clock, other_suite = {**now, "secret": advance(first, 1)}, {**now, "clock": 0}, {**now, "suite": 5}
    challenge = octets("challenge", 16)
    cases = [
        {"name": name, **at, "sender_id": sender, "challenge": asked, "answer": check_answer(at, sender, asked)}
        for name, at, sender, asked in [
            ("alice", now, b"alice", challenge),
            ("alice_at_the_next_step", next_step, b"alice", challenge),
            ("no_clock", no_clock, b"alice", challenge),
            ("no_sender_id", now, b"", challenge),
            ("sender_id_of_255", now, octets("sender 5", 255), octets("challenge 2", 16)),
            ("challenge_of_zeros", now, b"alice", bytes(16)),
        ]
    ]
    good = check_answer(now, b"alice", challenge)
    short, long = challenge[:15], challenge + b"\0"
    refused = [
        {"name": name, **at, "sender_id": sender_id, "challenge": asked, "answer": answer, "reason": reason}
        for name, at, sender_id, asked, answer, reason in [
            ("answer_of_another_sender", now, b"bob", challenge, good, "answer"),
            ("answer_of_another_step", next_step, b"alice", challenge, good, "answer"),
            ("answer_of_another_clock", no_clock, b"alice", challenge, good, "answer"),
            ("answer_of_another_suite", other_suite, b"alice", challenge, good, "answer"),
            ("answer_to_another_challenge", now, b"alice", octets("challenge 2", 16), good, "answer"),
            ("answer_altered", now, b"alice", challenge, good[:15] + u8(good[15] ^ 0x80), "answer"),
            ("answer_cut_short", now, b"alice", challenge, good[:15], "answer"),
            ("answer_empty", now, b"alice", challenge, b"", "answer"),
            ("answer_with_one_octet_more", now, b"alice", challenge, good + b"\0", "answer"),
            ("challenge_of_15", now, b"alice", short, check_answer(now, b"alice", short), "challenge"),
            ("challenge_of_17", now, b"alice", long, check_answer(now, b"alice", long), "challenge"),
        ]
    ]
    write("key-check.json", {"cases": cases, "refused": refused})


def phc(m, t, p, salt):
    return f"$argon2id$v=19$m={m},t={t},p={p}${base64.b64encode(salt).decode().rstrip('=')}"


def passphrase_file():
    cases = []
    for name, passphrase, m, t, p, salt in [
        ("default_parameters", b"correct horse battery staple", 65536, 3, 4, octets("argon 1", 16)),
        ("smallest_parameters", b"correct horse battery staple", 8, 1, 1, octets("argon 1", 16)),
        ("sixteen_lanes_and_passes", b"x", 128, 16, 16, octets("argon 2", 64)),
        ("composed_characters", "Zo\u00eb".encode(), 64, 2, 1, octets("argon 3", 17)),
        ("decomposed_characters_are_other_octets", "Zoe\u0308".encode(), 64, 2, 1, octets("argon 3", 17)),
        ("passphrase_of_1024", octets("passphrase", 512).hex().encode(), 64, 1, 2, octets("argon 4", 32)),
    ]:
        key = Argon2id(salt=salt, length=32, iterations=t, lanes=p, memory_cost=m).derive(passphrase)
        given = {"name": name, "passphrase": passphrase, "phc": phc(m, t, p, salt)}
        cases.append({**given, "m": m, "t": t, "p": p, "salt": salt, "channel_key": key})
    salt = octets("argon 1", 16)
    good = phc(65536, 3, 4, salt)
    words = b"correct horse battery staple"
    pad = base64.b64encode(salt).decode()
    urlsafe = base64.urlsafe_b64encode(b"\xfb" * 18).decode()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    refused = [
        {"name": name, "passphrase": passphrase, "phc": text, "reason": reason}
        for name, passphrase, text, reason in [
            ("argon2i", words, good.replace("argon2id", "argon2i"), "algorithm"),
            ("argon2d", words, good.replace("argon2id", "argon2d"), "algorithm"),
            ("upper_case", words, good.replace("argon2id", "ARGON2ID"), "algorithm"),
            ("scrypt", words, "$scrypt$ln=16,r=8,p=1$" + pad.rstrip("="), "algorithm"),
            ("version_16", words, good.replace("v=19", "v=16"), "version"),
            ("version_20", words, good.replace("v=19", "v=20"), "version"),
            ("version_missing", words, good.replace("$v=19", ""), "format"),
            ("m_too_small", words, phc(7, 1, 1, salt), "m"),
            ("m_too_small_for_its_lanes", words, phc(31, 3, 4, salt), "m"),
            ("m_0", words, phc(0, 3, 4, salt), "m"),
            ("m_too_large", words, phc(1048577, 3, 4, salt), "m"),
            ("m_of_2_32_and_64", words, phc(2**32 + 64, 3, 4, salt), "m"),
            ("t_0", words, phc(65536, 0, 4, salt), "t"),
            ("t_17", words, phc(65536, 17, 4, salt), "t"),
            ("p_0", words, phc(65536, 3, 0, salt), "p"),
            ("p_17", words, phc(65536, 3, 17, salt), "p"),
            ("salt_of_15", words, phc(65536, 3, 4, octets("argon 5", 15)), "salt"),
            ("salt_of_65", words, phc(65536, 3, 4, octets("argon 5", 65)), "salt"),
            ("salt_empty", words, phc(65536, 3, 4, b""), "salt"),
            ("hash_part", words, good + "$" + base64.b64encode(octets("hash", 32)).decode().rstrip("="), "hash"),
            ("hash_part_empty", words, good + "$", "hash"),
            ("salt_missing", words, "$argon2id$v=19$m=65536,t=3,p=4", "format"),
            ("salt_with_padding", words, good.replace(pad.rstrip("="), pad), "format"),
            ("salt_with_spare_bits_set", words, good[:-1] + alphabet[alphabet.index(good[-1]) | 1], "format"),
            ("salt_in_the_url_alphabet", words, "$argon2id$v=19$m=65536,t=3,p=4$" + urlsafe, "format"),
            ("order_of_parameters", words, good.replace("m=65536,t=3,p=4", "t=3,m=65536,p=4"), "format"),
            ("parameter_missing", words, good.replace(",p=4", ""), "format"),
            ("parameter_unknown", words, good.replace("p=4", "p=4,keyid=AAAA"), "format"),
            ("leading_zero", words, good.replace("t=3", "t=03"), "format"),
            ("plus_sign", words, good.replace("t=3", "t=+3"), "format"),
            ("space_in_front", words, " " + good, "format"),
            ("line_break_behind", words, good + "\n", "format"),
            ("empty", words, "", "format"),
            ("garbage", words, "correct horse battery staple", "format"),
            ("passphrase_empty", b"", good, "passphrase"),
            ("passphrase_of_1025", bytes(1025).replace(b"\0", b"a"), good, "passphrase"),
        ]
    ]
    write("passphrase.json", {"cases": cases, "refused": refused})


if __name__ == "__main__":
    schedule_file()
    sessions_file()
    epoch_file()
    check_file()
    passphrase_file()
