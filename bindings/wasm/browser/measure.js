// How long sealing a frame takes: mediaseal as WebAssembly, and the browser's own AES-GCM.

import init, { BaseKey, ChannelEncryptor, KeyStore } from './mediaseal/index.js';

const SIZES = [80, 1200];
const ROUNDS = 41;
/** Long enough that the clock's steps, of 5 µs, do not matter. */
const CALLS = 400;
/** Frames that an application may have under way at a time. */
const AT_ONCE = 16;

/** Measures, and returns the result as a Markdown table. */
export async function measure() {
    await init();
    const rows = [];
    for (const size of SIZES) rows.push(await medians(size));
    return table(rows);
}

/** Nanoseconds a frame of everyone, in rounds in which all take turns. */
async function medians(size) {
    const frame = crypto.getRandomValues(new Uint8Array(size));
    const everyone = [...mediaseal(frame), ...(await webCrypto(frame))];
    const times = new Map(everyone.map(({ name }) => [name, []]));
    for (let round = 0; round <= ROUNDS; round += 1) {
        // Another order each round.
        const order = everyone.map((_, place) => everyone[(place + round) % everyone.length]);
        for (const { name, run } of order) {
            const began = performance.now();
            await run();
            const took = performance.now() - began;
            // The first round is for the compilers.
            if (round > 0) times.get(name).push((took * 1e6) / CALLS);
        }
    }
    return new Map([...times].map(([name, all]) => [name, all.sort((a, b) => a - b)[all.length >> 1]]));
}

/** Whole SFrame frames: header, nonce and counter included. */
function mediaseal(frame) {
    const store = new KeyStore(4);
    store.addFreshSend(BaseKey.generate(), 1n);
    store.activate(1n);
    const encryptor = new ChannelEncryptor(store);
    const out = new Uint8Array(encryptor.encryptedLenBound(frame.length));
    return [
        {
            name: 'mediaseal, `encrypt`',
            run() {
                for (let i = 0; i < CALLS; i += 1) encryptor.encrypt(1, frame);
            },
        },
        {
            name: 'mediaseal, `encryptInto`',
            run() {
                for (let i = 0; i < CALLS; i += 1) encryptor.encryptInto(1, frame, out);
            },
        },
    ];
}

/** AES-GCM alone, with a nonce that counts and a header of 3 octets as associated data. */
async function webCrypto(frame) {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
    const additionalData = new Uint8Array(3);
    let counter = 0;
    const encrypt = () => {
        const iv = new Uint8Array(12);
        new DataView(iv.buffer).setUint32(8, (counter += 1));
        return crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, frame);
    };
    return [
        {
            name: '`crypto.subtle.encrypt`, awaited',
            async run() {
                for (let i = 0; i < CALLS; i += 1) await encrypt();
            },
        },
        {
            name: `\`crypto.subtle.encrypt\`, ${AT_ONCE} at once`,
            async run() {
                for (let i = 0; i < CALLS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, encrypt));
            },
        },
    ];
}

function table(rows) {
    const [name, version] = navigator.userAgent.match(/(Chrom\w*)\/(\d+)/)?.slice(1) ?? ['browser', ''];
    const head = `| µs a frame, AES-128-GCM, ${name} ${version} | ${SIZES.map((size) => `${size.toLocaleString('en')} B`).join(' | ')} |`;
    const rule = `| --- | ${SIZES.map(() => '---:').join(' | ')} |`;
    const body = [...rows[0].keys()].map((who) => `| ${who} | ${rows.map((row) => (row.get(who) / 1000).toFixed(1)).join(' | ')} |`);
    return [head, rule, ...body].join('\n');
}
