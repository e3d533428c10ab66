// Between WebRTC's encoders and its network, and between its network and its decoders: what an RTCRtpScriptTransform runs in its worker.
// A frame that is refused is dropped and counted. There is no way through in clear: not for a missing key, not for a frame of another codec, not for a bug.

import { MediasealError } from './error.js';

/** Seals the frames that the encoder gives. */
export function seal(transformer, encryptor, options) {
    return run(transformer, encryptor, options, (octets) => encryptor.encrypt(options.stream, octets, options.metadata), never);
}

/** Opens the frames that came from the network, for the decoder. */
export function open(transformer, decryptor, options) {
    return run(transformer, decryptor, options, (octets) => decryptor.decrypt(options.stream, octets, options.metadata), isProbe);
}

function run({ readable, writable }, sealer, { stream, codec, nalFormat, onRefused }, work, passes) {
    sealer.setCodec(stream, codec, nalFormat);
    const counts = { frames: 0, probes: 0, refused: {} };
    const through = new TransformStream({
        transform(frame, controller) {
            if (passes(frame)) {
                counts.probes += 1;
                controller.enqueue(frame);
                return;
            }
            let made;
            try {
                made = work(new Uint8Array(frame.data));
            } catch (error) {
                // What is no refusal ends the stream: who throws it cannot be trusted with the next frame.
                if (!(error instanceof MediasealError) || error.code === 'MEDIASEAL_ERR_PANIC') throw error;
                refuse(counts, error, onRefused);
                return;
            }
            frame.data = made.buffer;
            counts.frames += 1;
            controller.enqueue(frame);
        },
    });
    return { counts, done: readable.pipeThrough(through).pipeTo(writable) };
}

function refuse(counts, error, onRefused) {
    const count = (counts.refused[error.code] ?? 0) + 1;
    counts.refused[error.code] = count;
    // Libwebrtc pads by sending packets again, so that a healthy call has duplicates. Of the others the 1st, 2nd, 4th, 8th … are told.
    const isPowerOfTwo = Number.isInteger(Math.log2(count));
    if (isPowerOfTwo && error.code !== 'MEDIASEAL_ERR_DUPLICATE') onRefused?.(error, count);
}

const never = () => false;

/** Before audio begins, libwebrtc probes the network by packets without payload. The decoder counts them and plays nothing of them. */
function isProbe(frame) {
    return frame.data.byteLength === 0 && typeof RTCEncodedAudioFrame !== 'undefined' && frame instanceof RTCEncodedAudioFrame;
}
