// One call: two peer connections in this page, with transforms on both.

/** Longer than any call takes. */
const DEADLINE_MS = 40_000;
/** What every call must reach. */
const GOALS = { exact: 120, decoded: 60, keyFrames: 2, refused: 60, sealed: 100 };

/** Makes the call that a cell asks for and returns what became of it. `screens` is where pictures go. */
export async function call(cell, screens) {
    const worker = new Worker('worker.js', { type: 'module' });
    const [alice, bob] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const source = cell.kind === 'audio' ? tone() : await picture();
    try {
        await answer(worker, { keys: cell.keys ?? 'the same' });
        show(cell, bob, worker, screens);
        const sender = await offerOf(cell, alice, worker, source);
        await connect(cell, alice, bob);
        return await watch(cell, sender, alice, bob, worker);
    } finally {
        await freeze(screens);
        for (const track of source.getTracks()) track.stop();
        alice.close();
        bob.close();
        worker.terminate();
    }
}

let camera;

/** What the camera sees. It is opened once: who opens it again gets the size that the first one asked for, at most. Three layers need so many pixels. */
async function picture() {
    camera ??= navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540, frameRate: 15 } });
    return new MediaStream((await camera).getTracks().map((track) => track.clone()));
}

/** A tone that rises and falls: a fake microphone is silent most of the time. */
function tone() {
    const context = new AudioContext();
    const [pitch, vibrato, depth, out] = [context.createOscillator(), context.createOscillator(), context.createGain(), context.createMediaStreamDestination()];
    pitch.frequency.value = 440;
    vibrato.frequency.value = 1;
    depth.gain.value = 200;
    // Its loudness rises and falls too.
    const [tremolo, swing, loudness] = [context.createOscillator(), context.createGain(), context.createGain()];
    tremolo.frequency.value = 0.4;
    swing.gain.value = loudness.gain.value = 0.4;
    tremolo.connect(swing).connect(loudness.gain);
    tremolo.start();
    vibrato.connect(depth).connect(pitch.frequency);
    pitch.connect(loudness).connect(out);
    pitch.start();
    vibrato.start();
    return out.stream;
}

/** Adds what is sent, with its codec and layers. */
async function offerOf(cell, alice, worker, source) {
    const { kind, codec, fmtp = '', simulcast, scalabilityMode } = cell;
    const [track] = source.getTracks();
    if (cell.hasSound) {
        const [sound] = tone().getTracks();
        alice.addTransceiver(sound, { direction: 'sendonly', streams: [source] }).sender.transform = transform(worker, 'sender', 'audio', 'opus');
    }
    const init = { direction: 'sendonly', streams: [source] };
    if (simulcast) {
        init.sendEncodings = simulcast.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** (simulcast.length - 1 - i), maxBitrate: 150_000 * 3 ** i }));
    } else if (scalabilityMode) {
        init.sendEncodings = [{ scalabilityMode, maxBitrate: 2_000_000 }];
    } else if (kind === 'video') {
        init.sendEncodings = [{ scaleResolutionDownBy: 1.5 }];
    }
    const transceiver = alice.addTransceiver(track, init);
    const offered = RTCRtpSender.getCapabilities(kind).codecs;
    const wanted = offered.find(({ mimeType, sdpFmtpLine = '' }) => mimeType.toLowerCase() === `${kind}/${codec}`.toLowerCase() && sdpFmtpLine.includes(fmtp));
    if (!wanted) throw new Error(`this browser does not offer ${codec}`);
    transceiver.setCodecPreferences([wanted, ...offered.filter(({ mimeType }) => mimeType === 'video/rtx' && !cell.noRtx)]);
    transceiver.sender.transform = transform(worker, 'sender', kind, cell.sealedAs ?? codec);
    if (kind === 'audio') return transceiver.sender;
    // Else a busy machine makes the picture smaller, and then there are fewer layers.
    const parameters = transceiver.sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await transceiver.sender.setParameters(parameters);
    return transceiver.sender;
}

const transform = (worker, side, kind, codec) => new RTCRtpScriptTransform(worker, { side, kind, codec });

/** Shows what arrives, opened by the worker. */
function show(cell, bob, worker, screens) {
    bob.ontrack = ({ receiver, track }) => {
        const isBeside = track.kind !== cell.kind;
        receiver.transform = transform(worker, 'receiver', track.kind, isBeside ? 'opus' : (cell.sealedAs ?? cell.codec));
        const screen = document.createElement(track.kind);
        screen.autoplay = screen.playsInline = true;
        // Of an element without sound the decoder's level is 0.
        screen.muted = track.kind === 'video';
        screen.srcObject = new MediaStream([track]);
        if (isBeside) screen.hidden = true;
        screens.append(screen);
    };
}

async function connect({ simulcast, scalabilityMode }, alice, bob) {
    for (const [from, to] of [[alice, bob], [bob, alice]]) {
        from.onicecandidate = ({ candidate }) => {
            // With simulcast, the two sides name their sections differently; all is in one bundle.
            if (candidate) to.addIceCandidate(simulcast ? { candidate: candidate.candidate, sdpMLineIndex: 0 } : candidate).catch(() => {});
        };
    }
    await alice.setLocalDescription();
    const offer = alice.localDescription.sdp;
    await bob.setRemoteDescription({ type: 'offer', sdp: simulcast ? layersAsStreams(offer, simulcast) : offer });
    await bob.setLocalDescription();
    const answered = bob.localDescription.sdp;
    const sdp = simulcast ? streamsAsLayers(answered, offer, simulcast) : answered;
    await alice.setRemoteDescription({ type: 'answer', sdp: simulcast || scalabilityMode ? quickStart(sdp) : sdp });
}

/** Lets the encoder begin with the bitrate that three layers need. */
const quickStart = (sdp) => sdp.replace(/a=rtpmap:(\d+) (?:VP8|VP9|H264|AV1)\/90000\r\n/, '$&a=fmtp:$1 x-google-start-bitrate=1500\r\n');

const sections = (sdp) => sdp.split(/(?=^m=)/m);

/** A browser does not receive simulcast, relays do. So the layers of the offer become streams of their own, told apart by their RID where the MID is looked for. */
function layersAsStreams(offer, rids) {
    const [session, video] = sections(offer);
    const stream = video
        .replace(/a=extmap:\d+ urn:ietf:params:rtp-hdrext:sdes:mid\r\n/, '')
        .replace('urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', 'urn:ietf:params:rtp-hdrext:sdes:mid')
        .replace(/a=extmap:\d+ urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n/, '')
        .replace(/a=(rid|simulcast|ssrc|ssrc-group|msid|candidate):.*\r\n/g, '');
    const head = session.replace(/a=group:BUNDLE.*\r\n/, `a=group:BUNDLE ${rids.join(' ')}\r\n`).replace(/a=msid-semantic.*\r\n/, '');
    return head + rids.map((rid) => stream.replace(/a=mid:.*\r\n/, `a=mid:${rid}\r\na=msid:s-${rid} t-${rid}\r\n`)).join('');
}

/** And the answer to those streams becomes one to the layers. */
function streamsAsLayers(answered, offer, rids) {
    const [session, first] = sections(answered);
    const extensions = new Map([...offer.matchAll(/a=extmap:(\d+) (\S+)/g)].map(([, id, uri]) => [id, uri]));
    const [mid] = [...extensions].find(([, uri]) => uri.endsWith('sdes:mid'));
    const layers = first
        .replace(/a=mid:.*\r\n/, 'a=mid:0\r\n')
        .replace(/a=(ssrc|msid).*\r\n/g, '')
        .replace(/a=extmap:(\d+) \S+/g, (_, id) => `a=extmap:${id} ${extensions.get(id)}`);
    return (
        session.replace(/a=group:BUNDLE.*\r\n/, 'a=group:BUNDLE 0\r\n') +
        layers +
        `a=extmap:${mid} urn:ietf:params:rtp-hdrext:sdes:mid\r\n` +
        rids.map((rid) => `a=rid:${rid} recv\r\n`).join('') +
        `a=simulcast:recv ${rids.join(';')}\r\n`
    );
}

/** Waits until the call has shown all that it must, or for long enough. */
async function watch(cell, sender, alice, bob, worker) {
    const began = performance.now();
    const levels = [];
    let askedForKey = false;
    for (;;) {
        await pause(400);
        const result = { ...(await answer(worker, 'counts')), ...(await decoded(cell, bob)) };
        result.missing = missing(cell, result);
        levels.push(...result.level);
        result.levels = levels;
        const halfway = result.exact >= GOALS.exact / 3;
        if (halfway && cell.kind === 'video' && !askedForKey) {
            askedForKey = true;
            const parameters = sender.getParameters();
            await sender.setParameters(parameters, { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) });
        }
        if (result.missing.length === 0 || performance.now() - began > DEADLINE_MS) return result;
    }
}

/** What the receiver's decoders have made. */
async function decoded(cell, bob) {
    const streams = [...(await bob.getStats()).values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === cell.kind);
    if (cell.kind === 'audio') {
        // Not frames but what of the sound was really decoded, and not made up where packets lack.
        const sound = streams.map(({ totalSamplesReceived = 0, concealedSamples = 0, totalAudioEnergy = 0 }) => (totalAudioEnergy > 0 ? totalSamplesReceived - concealedSamples : 0));
        return { streams: streams.length, level: streams.map(({ audioLevel = 0 }) => audioLevel), decoded: [Math.floor(Math.max(0, ...sound) / 960)], keyFrames: [] };
    }
    return {
        streams: streams.length,
        level: [],
        decoded: streams.map(({ framesDecoded = 0 }) => framesDecoded),
        keyFrames: streams.map(({ keyFramesDecoded = 0 }) => keyFramesDecoded),
    };
}

/** What a call has not shown yet, or shows and must not. */
function missing(cell, result) {
    const { wants = {}, simulcast = [null] } = cell;
    const lacks = [];
    const atLeast = (what, count, least) => count < least && lacks.push(`${count} of ${least} ${what}`);
    const none = (what, count) => count > 0 && lacks.push(`${count} ${what}, and none may be`);
    none('frames are refused by the sender', sum(result.refusedBySender));
    none('frames are wrong', sum(result.wrong));
    if (wants.refusal) {
        none('frames opened', result.opened);
        none('frames decoded', Math.max(0, ...result.decoded));
        none(`other refusals than ${wants.refusal} (${Object.keys(result.refused)})`, sum(result.refused) - (result.refused[wants.refusal] ?? 0));
        atLeast('refusals', result.refused[wants.refusal] ?? 0, GOALS.refused);
        return lacks;
    }
    if (wants.nothing) {
        none('frames decoded', Math.max(0, ...result.decoded));
        atLeast('frames sealed', result.sealed, GOALS.sealed);
        return lacks;
    }
    none('refusals', sum(result.refused) - (result.refused.MEDIASEAL_ERR_DUPLICATE ?? 0));
    atLeast('frames bit-exact', result.exact, GOALS.exact * simulcast.length);
    atLeast('streams', result.streams, simulcast.length);
    for (const frames of result.decoded) atLeast('frames decoded', frames, GOALS.decoded);
    for (const frames of result.keyFrames) atLeast('key frames', frames, GOALS.keyFrames);
    atLeast('spatial layers', layersOf(result, 'S'), wants.spatial ?? 0);
    atLeast('temporal layers', layersOf(result, 'T'), wants.temporal ?? 0);
    return lacks;
}

const layersOf = ({ layers }, letter) => new Set(Object.keys(layers).map((layer) => layer[layer.indexOf(letter) + 1])).size;

export const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const answer = (worker, question) =>
    new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(`worker: ${message}`));
        worker.postMessage(question);
    });

/** Keeps the last picture of each video, which ends with its call. */
async function freeze(screens) {
    for (const video of screens.querySelectorAll('video')) {
        const picture = document.createElement('canvas');
        picture.width = video.videoWidth || 16;
        picture.height = video.videoHeight || 9;
        if (video.videoWidth) picture.getContext('2d').drawImage(video, 0, 0);
        video.replaceWith(picture);
    }
}
