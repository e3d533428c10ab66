import type { ChannelDecryptor, ChannelEncryptor, NalFormat } from './mediaseal.js';
import type { MediasealError } from './index.js';

/** How the frames of one RTCRtpSender or RTCRtpReceiver are treated. */
export interface TransformOptions {
    /** A number that tells this stream from others of the same encryptor or decryptor. The layers of simulcast are one. */
    stream: number;
    /** The codec that was negotiated, such as "VP8" or "video/VP8"; both sides say the same. */
    codec: string;
    /** What stands before NAL units; browsers have "annexB", which is the default. */
    nalFormat?: NalFormat;
    /** Authenticated with each frame and not sent: both sides pass the same. */
    metadata?: Uint8Array;
    /** Told of the 1st, 2nd, 4th, 8th … refusal of each code but MEDIASEAL_ERR_DUPLICATE, which healthy calls have. */
    onRefused?: (error: MediasealError, count: number) => void;
}

/** What became of the frames so far; it goes on counting. */
export interface Counts {
    /** Frames sealed or opened, and passed on. */
    frames: number;
    /** Packets of the receiver's network that had no payload, passed on as they are. */
    probes: number;
    /** Frames dropped, by the code of the refusal. */
    refused: Record<string, number>;
}

/** A transform at work. */
export interface Running {
    /** What became of the frames so far. */
    counts: Counts;
    /** Ends with the stream; fails if something else than a frame's refusal went wrong, and then nothing passes any more. */
    done: Promise<void>;
}

/**
 * Seals the frames that the encoder gives. `transformer` is that of an `rtctransform` event, or anything with a readable and a writable side.
 *
 * @throws MediasealError MEDIASEAL_ERR_UNKNOWN_VALUE for a codec without a codec-aware form: choose "opaque" where nobody on the way looks into frames
 */
export function seal(
    transformer: { readable: ReadableStream; writable: WritableStream },
    encryptor: ChannelEncryptor,
    options: TransformOptions,
): Running;

/**
 * Opens the frames that came from the network, for the decoder.
 *
 * @throws MediasealError MEDIASEAL_ERR_UNKNOWN_VALUE for a codec without a codec-aware form
 */
export function open(
    transformer: { readable: ReadableStream; writable: WritableStream },
    decryptor: ChannelDecryptor,
    options: TransformOptions,
): Running;
