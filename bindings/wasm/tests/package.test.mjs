// The package as an application has it, in Node: keys, errors, buffers, and what the transform lets pass. The page in browser/ has real encoders and a network.
//
// node --test package.test.mjs, with the folder of the package in MEDIASEAL_PACKAGE

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

// Node 18 does not have it by itself.
globalThis.crypto ??= webcrypto;

const FOLDER = process.env.MEDIASEAL_PACKAGE;
const mediaseal = await import(pathToFileURL(join(FOLDER, 'index.js')));
const { BaseKey, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, KeyStore, MediasealError, open, seal } = mediaseal;
await mediaseal.default({ module_or_path: readFileSync(join(FOLDER, 'mediaseal_bg.wasm')) });

const NOW = 1_800_000_000;
const FRAME = Uint8Array.from({ length: 100 }, (_, i) => i);

/** A key of VP8, as far as its first octets are looked at. */
const KEY_FRAME = Uint8Array.from([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, ...FRAME]);

function member(key) {
    const store = new ChannelStore();
    const channel = store.channel('standup', { clock: true, instance: 'monday' });
    channel.stage(1n, key);
    store.tick(NOW);
    channel.activate(1n);
    return channel;
}

/** Both ends of a channel. */
function pair(key = ChannelKey.generate(), other = key) {
    const [alice, bob] = [member(key), member(other)];
    return {
        alice,
        bob,
        encryptor: ChannelEncryptor.forChannel(alice, 'alice', 'video'),
        decryptor: ChannelDecryptor.forChannel(bob, [{ sender: 'alice', media: 'video' }]),
    };
}

const refusal = (code, statusClass) => (error) => {
    assert.ok(error instanceof MediasealError, `${error}`);
    assert.equal(error.code, code);
    assert.equal(error.statusClass, statusClass);
    assert.ok(error.message.length > 5);
    return true;
};

test('a frame is opened as it was, once, and names its sender', () => {
    const { alice, bob, encryptor, decryptor } = pair();
    assert.equal(alice.safetyCode(), bob.safetyCode());
    const metadata = Uint8Array.of(1, 2);
    const sealed = encryptor.encrypt(1, FRAME, metadata);
    assert.equal(sealed.buffer.byteLength, sealed.length, 'the array has its buffer to itself');
    assert.throws(() => decryptor.decrypt(1, sealed, Uint8Array.of(1)), refusal('MEDIASEAL_ERR_AUTHENTICATION_FAILED', 'drop-the-packet'));
    assert.equal(decryptor.lastSender, undefined);
    assert.deepEqual(decryptor.decrypt(1, sealed, metadata), FRAME);
    assert.equal(decryptor.lastSender, 'alice');
    assert.equal(decryptor.lastMedia, 'video');
    assert.deepEqual(decryptor.lastHeader, encryptor.lastHeader);
    assert.throws(() => decryptor.decrypt(1, sealed, metadata), refusal('MEDIASEAL_ERR_DUPLICATE', 'drop-the-packet'));
});

test('frames go into arrays of the caller', () => {
    const { encryptor, decryptor } = pair();
    const out = new Uint8Array(encryptor.encryptedLenBound(FRAME.length));
    const first = encryptor.encryptInto(1, FRAME, out);
    const [, ctr] = encryptor.lastHeader;
    assert.throws(() => encryptor.encryptInto(1, FRAME, out.subarray(0, first - 1)), refusal('MEDIASEAL_ERR_BUFFER_TOO_SMALL', 'fix-the-call'));
    const second = encryptor.encryptInto(1, FRAME, out);
    assert.equal(encryptor.lastHeader[1], ctr + 1n, 'what was refused spent no counter');
    const sealed = out.slice(0, second);
    assert.throws(() => decryptor.decryptInto(1, sealed, new Uint8Array(99)), refusal('MEDIASEAL_ERR_BUFFER_TOO_SMALL', 'fix-the-call'));
    assert.equal(decryptor.decryptInto(1, sealed, sealed), FRAME.length);
    assert.deepEqual(sealed.subarray(0, FRAME.length), FRAME);
});

test('keys go to text and back', () => {
    const key = ChannelKey.generate();
    const same = ChannelKey.fromBase64(key.toBase64());
    assert.deepEqual(same.toBytes(), key.toBytes());
    const hex = Buffer.from(key.toBytes()).toString('hex');
    assert.equal(ChannelKey.fromHex(hex).toBase64(), key.toBase64());
    assert.equal(member(key).safetyCode(), member(same).safetyCode());
    assert.throws(() => ChannelKey.fromBase64('?'.repeat(44)), refusal('MEDIASEAL_ERR_KEY_TEXT', 'fix-the-call'));
    assert.throws(() => ChannelKey.fromBytes(new Uint8Array(15)), refusal('MEDIASEAL_ERR_KEY_LENGTH', 'fix-the-call'));
});

test('raw keys serve one direction', () => {
    const key = BaseKey.generate();
    const [alice, bob] = [new KeyStore(5), new KeyStore(5)];
    alice.addFreshSend(key, 7n);
    assert.throws(() => alice.addReceive(key, 7n, 'alice'), refusal('MEDIASEAL_ERR_SEND_AND_RECEIVE', 'fix-the-call'));
    const encryptor = new ChannelEncryptor(alice);
    assert.throws(() => encryptor.encrypt(1, FRAME), refusal('MEDIASEAL_ERR_NO_ACTIVE_KEY', 'fetch-a-key'));
    alice.activate(7n);
    const sealed = encryptor.encrypt(1, FRAME);
    const decryptor = new ChannelDecryptor(bob);
    assert.throws(() => decryptor.decrypt(1, sealed), refusal('MEDIASEAL_ERR_MISSING_KEY', 'fetch-a-key'));
    bob.addReceive(key, 7n, 'alice');
    assert.deepEqual(decryptor.decrypt(1, sealed), FRAME);
    assert.throws(() => new KeyStore(9), refusal('MEDIASEAL_ERR_UNSUPPORTED_SUITE', 'fix-the-call'));
});

test('codecs have the names of signalling', () => {
    const { encryptor, decryptor } = pair();
    // A frame of H.264 with a length of 4 octets before its NAL unit, the slice of a key frame.
    const slice = Uint8Array.from([0, 0, 0, 6, 0x65, 0x88, 0x84, 0x00, 0x33, 0xff]);
    for (const [stream, codec, nalFormat, frame] of [[1, 'video/VP8', undefined, KEY_FRAME], [2, 'OPUS', undefined, FRAME], [3, 'opaque', undefined, FRAME], [4, 'h264', 'length4', slice]]) {
        for (const side of [encryptor, decryptor]) side.setCodec(stream, codec, nalFormat);
        const sealed = encryptor.encrypt(stream, frame);
        assert.ok(sealed.length <= encryptor.encryptedLenBound(frame.length), codec);
        assert.deepEqual(decryptor.decrypt(stream, sealed), frame, codec);
    }
    decryptor.setCodec(5, 'opaque');
    const other = encryptor.encrypt(1, KEY_FRAME);
    assert.throws(() => decryptor.decrypt(5, other), MediasealError);
});

test('values that nobody knows are refused', () => {
    const { alice, bob, encryptor } = pair();
    const unknown = refusal('MEDIASEAL_ERR_UNKNOWN_VALUE', 'fix-the-call');
    assert.throws(() => encryptor.setCodec(1, 'VP10'), unknown);
    assert.throws(() => encryptor.setCodec(1, 'VP8', 'annexB'), unknown);
    assert.throws(() => encryptor.setCodec(1, 'H264', 'annexC'), unknown);
    assert.throws(() => ChannelEncryptor.forChannel(alice, 'alice', 'film'), unknown);
    for (const expected of [{}, { sender: 'alice' }, { sender: 'alice', media: 'film' }]) {
        assert.throws(() => ChannelDecryptor.forChannel(bob, [expected]), unknown);
    }
    assert.throws(() => ChannelDecryptor.forChannel(bob, []), refusal('MEDIASEAL_ERR_EXPECTED_SENDERS', 'fix-the-call'));
    assert.throws(() => new ChannelStore().tick(NaN), refusal('MEDIASEAL_ERR_CLOCK_UNSET', 'fix-the-call'));
    encryptor.requireCodec();
    assert.throws(() => encryptor.encrypt(1, FRAME), refusal('MEDIASEAL_ERR_NO_CODEC', 'fix-the-call'));
});

test('what was freed is of no use', () => {
    const { encryptor } = pair();
    encryptor[Symbol.dispose]();
    assert.throws(() => encryptor.encrypt(1, FRAME));
});

class RTCEncodedAudioFrame {
    constructor(octets) {
        this.data = octets.slice().buffer;
    }
}

class RTCEncodedVideoFrame {
    constructor(octets) {
        this.data = octets.slice().buffer;
    }
}

/** What comes out of a transform into which `frames` go. */
async function passed(start, sealer, options, frames) {
    const out = [];
    const readable = new ReadableStream({
        start(controller) {
            for (const frame of frames) controller.enqueue(frame);
            controller.close();
        },
    });
    const writable = new WritableStream({ write: (frame) => out.push(new Uint8Array(frame.data)) });
    const running = start({ readable, writable }, sealer, { stream: 1, ...options });
    const failed = await running.done.then(
        () => null,
        (error) => error,
    );
    return { out, failed, counts: running.counts };
}

test('a transform seals, opens, and drops what comes again', async () => {
    globalThis.RTCEncodedAudioFrame = RTCEncodedAudioFrame;
    const { encryptor, decryptor } = pair();
    const sealed = await passed(seal, encryptor, { codec: 'VP8' }, [new RTCEncodedVideoFrame(KEY_FRAME), new RTCEncodedVideoFrame(FRAME)]);
    assert.equal(sealed.counts.frames, 2);
    assert.deepEqual(sealed.out[0].subarray(0, 10), KEY_FRAME.subarray(0, 10), 'what packetizers look at');

    const told = [];
    const [first, second] = sealed.out.map((octets) => () => new RTCEncodedVideoFrame(octets));
    const opened = await passed(open, decryptor, { codec: 'VP8', onRefused: (error) => told.push(error.code) }, [first(), first(), second(), first()]);
    assert.deepEqual(opened.out, [KEY_FRAME, FRAME]);
    assert.deepEqual(opened.counts, { frames: 2, probes: 0, refused: { MEDIASEAL_ERR_DUPLICATE: 2 } });
    assert.deepEqual(told, []);
});

test('a probe of the network passes, and nothing else without a seal', async () => {
    globalThis.RTCEncodedAudioFrame = RTCEncodedAudioFrame;
    const { decryptor } = pair();
    const told = [];
    const onRefused = (error, count) => told.push([error.code, count]);
    const empty = new Uint8Array();
    const sound = await passed(open, decryptor, { codec: 'opus', onRefused }, [new RTCEncodedAudioFrame(empty), ...Array.from({ length: 5 }, () => new RTCEncodedAudioFrame(FRAME))]);
    assert.deepEqual(sound.out, [empty]);
    assert.equal(sound.counts.probes, 1);
    assert.equal(Object.values(sound.counts.refused).reduce((a, b) => a + b), 5);
    assert.deepEqual(told.map(([, count]) => count), [1, 2, 4]);
    const picture = await passed(open, decryptor, { codec: 'VP8' }, [new RTCEncodedVideoFrame(empty), new RTCEncodedVideoFrame(KEY_FRAME)]);
    assert.deepEqual(picture.out, []);
});

test('a sender without a key, or of another codec, sends nothing', async () => {
    const store = new ChannelStore();
    const silent = ChannelEncryptor.forChannel(store.channel('standup'), 'alice', 'video');
    const locked = await passed(seal, silent, { codec: 'VP8' }, [new RTCEncodedVideoFrame(KEY_FRAME)]);
    assert.deepEqual([locked.out, locked.counts.refused], [[], { MEDIASEAL_ERR_NO_ACTIVE_KEY: 1 }]);
    const { encryptor } = pair();
    const mistaken = await passed(seal, encryptor, { codec: 'H264' }, [new RTCEncodedVideoFrame(KEY_FRAME)]);
    assert.deepEqual([mistaken.out, mistaken.counts.refused], [[], { MEDIASEAL_ERR_NAL_FORMAT: 1 }]);
    assert.throws(() => seal({}, encryptor, { stream: 1, codec: 'VP10' }), refusal('MEDIASEAL_ERR_UNKNOWN_VALUE', 'fix-the-call'));
});

test('what is no refusal ends the stream', async () => {
    const { encryptor } = pair();
    const broken = { setCodec() {}, encrypt: () => { throw new TypeError('a bug'); } };
    const { out, failed } = await passed(seal, broken, { codec: 'VP8' }, [new RTCEncodedVideoFrame(KEY_FRAME), new RTCEncodedVideoFrame(KEY_FRAME)]);
    assert.deepEqual(out, []);
    assert.ok(failed instanceof TypeError);
    encryptor.free();
    const gone = await passed(seal, { setCodec() {}, encrypt: (...args) => encryptor.encrypt(...args) }, { codec: 'VP8' }, [new RTCEncodedVideoFrame(KEY_FRAME)]);
    assert.deepEqual(gone.out, []);
    assert.ok(gone.failed);
});

test('every class and method of the types says what it does', () => {
    const lines = readFileSync(join(FOLDER, 'mediaseal.d.ts'), 'utf8').split('\n');
    const ours = lines.slice(0, lines.findIndex((line) => line.includes('InitInput')));
    const bare = ours.filter((line, i) => /^export (class|type)|^ {4}(static )?\w+\(.*;$/.test(line) && !/free\(\)|constructor\(\);/.test(line) && !ours.slice(i - 2, i).some((before) => before.includes('*/')));
    assert.ok(ours.length > 200);
    assert.deepEqual(bare, []);
});
