// Runs mediaseal for both sides of one call, and keeps what the encoder gave, to compare.

import init, { BaseKey, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, KeyStore, open, seal } from './mediaseal/index.js';

const STREAM = 1;
const ready = init();
let sides;

/** What the encoder gave, by the header of its ciphertext: octets, and whether it was a key frame. */
const sent = new Map();
const counts = { sealed: 0, probes: 0, opened: 0, exact: 0, layers: {}, wrong: {}, refusedBySender: {}, refused: {}, messages: {} };
const running = { sender: [], receiver: [] };

onmessage = async ({ data }) => {
    if (data.keys) {
        await ready;
        sides = prepare(data.keys);
        postMessage('ready');
    } else {
        collect();
        postMessage(counts);
    }
};

onrtctransform = ({ transformer }) => {
    const { side, kind, codec } = transformer.options;
    const options = {
        stream: STREAM,
        codec,
        onRefused: ({ code, message }) => {
            counts.messages[code] ??= message;
        },
    };
    const work = side === 'sender' ? send(transformer, sides.encryptor(kind), options) : receive(transformer, sides.decryptor(kind), options);
    running[side].push(work);
    work.done.catch((error) => wrong(`${side}: ${error}`));
    // The store of a channel wants to know the time.
    setInterval(() => sides.tick(), 1000);
};

/** The keys of both sides, as the cell says. */
function prepare(keys) {
    if (keys === 'no raw key') {
        const [alice, bob] = [new KeyStore(), new KeyStore()];
        alice.addFreshSend(BaseKey.generate(), 7n);
        alice.activate(7n);
        bob.addReceive(BaseKey.generate(), 8n, 'alice');
        return { encryptor: () => new ChannelEncryptor(alice), decryptor: () => new ChannelDecryptor(bob), tick() {} };
    }
    const key = ChannelKey.generate();
    const alice = member(key);
    const bob = member(keys === 'another channel key' ? ChannelKey.generate() : key);
    return {
        encryptor: (media) => ChannelEncryptor.forChannel(alice.channel, 'alice', media),
        decryptor: (media) => ChannelDecryptor.forChannel(bob.channel, [{ sender: 'alice', media }]),
        tick() {
            for (const { store } of [alice, bob]) store.tick(Date.now() / 1000);
        },
    };
}

function member(key) {
    const store = new ChannelStore();
    const channel = store.channel('browser', { clock: true });
    channel.stage(1n, key);
    store.tick(Date.now() / 1000);
    channel.activate(1n);
    return { store, channel };
}

function send(transformer, encryptor, options) {
    const given = [];
    const sealed = [];
    const watched = {
        setCodec: (...args) => encryptor.setCodec(...args),
        encrypt(...args) {
            const frame = given.shift();
            const octets = encryptor.encrypt(...args);
            sealed.push({ id: encryptor.lastHeader.join(), ...frame });
            return octets;
        },
    };
    const readable = transformer.readable.pipeThrough(tap((frame) => given.push({ octets: octetsOf(frame).slice(), type: frame.type })));
    const writable = into(transformer.writable, (frame) => {
        const { id, octets, type } = sealed.shift();
        sent.set(id, { octets, type, arrived: false });
        counts.sealed += 1;
        if (shows(octetsOf(frame), octets)) wrong('goes out in clear');
    });
    return seal({ readable, writable }, watched, options);
}

function receive(transformer, decryptor, options) {
    const opened = [];
    const watched = {
        setCodec: (...args) => decryptor.setCodec(...args),
        decrypt(...args) {
            const octets = decryptor.decrypt(...args);
            if (decryptor.lastSender !== 'alice') wrong(`opened as ${decryptor.lastSender}`);
            opened.push(decryptor.lastHeader.join());
            return octets;
        },
    };
    const writable = into(transformer.writable, (frame) => {
        const octets = octetsOf(frame);
        // A probe of the network: nobody sealed it, and it has no octet.
        if (octets.length === 0 && opened.length === 0) return;
        counts.opened += 1;
        compare(sent.get(opened.shift()), octets, frame);
    });
    return open({ readable: transformer.readable, writable }, watched, options);
}

/** Holds what the decoder will get to what the encoder gave. */
function compare(original, octets, frame) {
    if (!original) return wrong('was never sent');
    if (original.arrived) return wrong('came twice');
    original.arrived = true;
    if (!equal(original.octets, octets)) return wrong('differs from what was sent');
    if (original.type !== frame.type) return wrong(`${original.type} frame arrives as ${frame.type}`);
    counts.exact += 1;
    const { spatialIndex, temporalIndex } = frame.getMetadata();
    if (temporalIndex !== undefined) {
        const layer = `S${spatialIndex ?? 0}T${temporalIndex}`;
        counts.layers[layer] = (counts.layers[layer] ?? 0) + 1;
    }
}

function collect() {
    counts.refusedBySender = refusals(running.sender);
    counts.refused = refusals(running.receiver);
    counts.probes = running.receiver.reduce((sum, { counts }) => sum + counts.probes, 0);
}

function refusals(works) {
    const refused = {};
    for (const { counts } of works) {
        for (const [code, count] of Object.entries(counts.refused)) refused[code] = (refused[code] ?? 0) + count;
    }
    return refused;
}

function wrong(what) {
    counts.wrong[what] = (counts.wrong[what] ?? 0) + 1;
}

const octetsOf = (frame) => new Uint8Array(frame.data);

const equal = (a, b) => a.length === b.length && a.every((octet, i) => octet === b[i]);

/** Whether the end of a frame, of 16 octets, stands somewhere in what goes to the network. */
function shows(wire, plain) {
    if (plain.length < 16) return false;
    const end = plain.subarray(-16);
    for (let at = wire.indexOf(end[0]); at >= 0; at = wire.indexOf(end[0], at + 1)) {
        if (equal(end, wire.subarray(at, at + 16))) return true;
    }
    return false;
}

function tap(look) {
    return new TransformStream({
        transform(frame, controller) {
            look(frame);
            controller.enqueue(frame);
        },
    });
}

function into(writable, look) {
    const through = tap(look);
    through.readable.pipeTo(writable).catch((error) => wrong(String(error)));
    return through.writable;
}
