"""Reads every recording of recording.json, and those in the folders named, and says what it found. Needs PyPI `cryptography`.

A folder holds a recording in `recording/`, the key of its provider's stanza in `kek` and the recorder's public key in `signer` (hexadecimal), and what
must come out in `frames.json`.
"""

import json, pathlib, sys

from recording import Refused, read_frames, read_header, unwrap_by_provider, verify

def shown(files, dek):
    return [
        {"track": track, "frames": [{"sender": who.hex(), "micros": micros, "key_frame": is_key, "metadata": metadata.hex(), "octets": content.hex()} for who, micros, is_key, metadata, content in frames]}
        for track, frames in sorted(read_frames(files, dek).items())
    ]

def same(name, what, one, other):
    if one != other:
        sys.exit(f"{name}: {what}: {str(one)[:200]} instead of {str(other)[:200]}")

def check_case(case):
    files, signer = {name: bytes.fromhex(content) for name, content in case["files"].items()}, bytes.fromhex(case["signer"])
    dek = unwrap_by_provider(files["envelope"], read_header(files["header"]), bytes.fromhex(case["kek"]))
    same(case["name"], "dek", dek.hex(), case["dek"])
    same(case["name"], "verdict", verify(files, signer), case["verdict"])
    expected = [{"track": track["track"], "frames": track["frames"]} for track in case["tracks"]]
    same(case["name"], "frames", shown(files, dek), expected)
    for change in case["changes"]:
        octets = bytearray(files[change["file"]])
        if "xor" in change: octets[change["at"]] ^= change["xor"]
        else: del octets[change["length"] :]
        same(case["name"], change, verify({**files, change["file"]: bytes(octets)}, signer), change["verdict"])
    return 1 + len(case["changes"])

def check_folder(folder):
    recording = folder / "recording"
    files = {str(path.relative_to(recording)): path.read_bytes() for path in recording.rglob("*") if path.is_file()}
    kek, signer = (bytes.fromhex((folder / name).read_text()) for name in ("kek", "signer"))
    dek = unwrap_by_provider(files["envelope"], read_header(files["header"]), kek)
    same(folder.name, "verdict", verify(files, signer), "Complete")
    expected = json.loads((folder / "frames.json").read_text())
    found = shown(files, dek)
    same(folder.name, "frames", found, expected)
    try:
        read_frames(files, bytes(32))
        sys.exit(f"{folder.name}: another key opens it")
    except Refused:
        pass
    return sum(len(track["frames"]) for track in found)

cases = json.loads((pathlib.Path(__file__).parent / "recording.json").read_text())["cases"]
print(f"vectors: mediaseal recording: {sum(map(check_case, cases))}")
for folder in map(pathlib.Path, sys.argv[1:]):
    print(f"recording {folder.name}: {check_folder(folder)} frames")
