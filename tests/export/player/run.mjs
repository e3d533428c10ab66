// Plays files in headless Chromium: in clear by their address, encrypted ones through Encrypted Media Extensions with ClearKey.
// Run in a folder that has playwright-core.
//
// node run.mjs FILE[=LICENCE]...     (LICENCE: a file with a JSON Web Key Set)

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.cwd(), 'node_modules'))('playwright-core');

const files = process.argv.slice(2).map((argument) => argument.split('='));
const server = createServer((request, response) => {
    if (request.url === '/') {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>player</title><link rel=icon href=data:,>');
        return;
    }
    const [path] = files[Number(request.url.slice(1))] ?? [];
    if (!path) {
        response.writeHead(404).end();
        return;
    }
    const type = path.endsWith('.ogg') ? 'audio/ogg' : path.endsWith('.webm') ? 'video/webm' : 'video/mp4';
    response.writeHead(200, { 'content-type': type }).end(readFileSync(path));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
// A secure context, as EME asks for.
const address = `http://localhost:${server.address().port}/`;
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--autoplay-policy=no-user-gesture-required', '--no-sandbox'],
});
let played = 0;
try {
    const page = await browser.newPage();
    page.on('console', (message) => console.error(message.text()));
    for (const [index, [path, licence]] of files.entries()) {
        await page.goto(address);
        const keys = licence && readFileSync(licence, 'utf8');
        const { seconds, frames, error } = await page.evaluate(play, [`/${index}`, keys]);
        const name = path.split('/').pop();
        if (error || !(seconds > 1)) {
            console.error(`${name}: ${error ?? `only ${seconds} s`}`);
            process.exitCode = 1;
            continue;
        }
        console.error(`${name}: ${seconds.toFixed(2)} s, ${frames} pictures${keys ? ', encrypted' : ''}`);
        played += 1;
    }
} finally {
    await browser.close();
    server.close();
}
console.log(`player: ${played} of ${files.length} files played`);

// In the page: plays a file, encrypted or not, to its end, and tells how far it came.
async function play([url, keys]) {
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    const ended = new Promise((resolve) => {
        video.onended = () => resolve({});
        video.onerror = () => resolve({ error: video.error.message || `error ${video.error.code}` });
        setTimeout(() => resolve({ error: `stopped at ${video.currentTime} s` }), 30000);
    });
    let opened = !keys;
    // Names of codecs as players are given them: the browser looks at the stream itself.
    const TYPES = { avcC: 'video/mp4; codecs="avc1.4d401f"', vpcC: 'video/mp4; codecs="vp09.00.20.08"', av1C: 'video/mp4; codecs="av01.0.04M.08"', dOps: 'audio/mp4; codecs="opus"', esds: 'audio/mp4; codecs="mp4a.40.2"' };
    if (keys) {
        const octets = new Uint8Array(await (await fetch(url)).arrayBuffer());
        const front = new TextDecoder('latin1').decode(octets.subarray(0, 2000));
        const contentType = TYPES[Object.keys(TYPES).find((box) => front.includes(box))];
        const capability = contentType.startsWith('video') ? { videoCapabilities: [{ contentType }] } : { audioCapabilities: [{ contentType }] };
        const access = await navigator.requestMediaKeySystemAccess('org.w3.clearkey', [{ initDataTypes: ['cenc'], ...capability }]);
        await video.setMediaKeys(await access.createMediaKeys());
        video.onencrypted = async (event) => {
            const session = video.mediaKeys.createSession();
            session.onmessage = (message) => session.update(new TextEncoder().encode(keys)).then(() => { opened = true; });
            await session.generateRequest(event.initDataType, event.initData);
        };
        const source = new MediaSource();
        video.src = URL.createObjectURL(source);
        await new Promise((resolve) => { source.onsourceopen = resolve; });
        const buffer = source.addSourceBuffer(contentType);
        buffer.appendBuffer(octets);
        await new Promise((resolve, reject) => { buffer.onupdateend = resolve; buffer.onerror = reject; });
        source.endOfStream();
    } else {
        video.src = url;
    }
    video.playbackRate = 8;
    video.play().catch(() => {});
    const { error } = await ended;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    return { seconds: video.currentTime, frames, error: error ?? (opened ? undefined : 'it played without a key') };
}
