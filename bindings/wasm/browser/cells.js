// The calls that are made. What a call must show is in `wants`.

const SIMPLE = { width: 640, height: 360 };
/** Fewer pixels than these, and libwebrtc leaves layers out. */
const LAYERED = { width: 960, height: 540 };

export const CELLS = [
    { name: 'VP8, with sound beside', kind: 'video', codec: 'VP8', size: SIMPLE, hasSound: true },
    { name: 'VP9', kind: 'video', codec: 'VP9', size: SIMPLE },
    { name: 'H.264', kind: 'video', codec: 'H264', fmtp: 'packetization-mode=1', size: SIMPLE },
    { name: 'AV1', kind: 'video', codec: 'AV1', size: SIMPLE },
    { name: 'Opus', kind: 'audio', codec: 'opus' },
    { name: 'VP8, simulcast of 3', kind: 'video', codec: 'VP8', size: LAYERED, simulcast: ['q', 'h', 'f'] },
    { name: 'VP9, SVC L1T3', kind: 'video', codec: 'VP9', size: SIMPLE, scalabilityMode: 'L1T3', wants: { temporal: 3 } },
    { name: 'VP9, SVC L3T3_KEY', kind: 'video', codec: 'VP9', size: LAYERED, scalabilityMode: 'L3T3_KEY', wants: { spatial: 3, temporal: 3 } },
    { name: 'AV1, SVC L1T3', kind: 'video', codec: 'AV1', size: SIMPLE, scalabilityMode: 'L1T3', wants: { temporal: 3 } },
    { name: 'AV1, SVC L3T3_KEY', kind: 'video', codec: 'AV1', size: LAYERED, scalabilityMode: 'L3T3_KEY', wants: { spatial: 3, temporal: 3 } },
    { name: 'VP8, another channel key', kind: 'video', codec: 'VP8', size: SIMPLE, keys: 'another channel key', wants: { refusal: 'MEDIASEAL_ERR_AUTHENTICATION_FAILED' } },
    { name: 'VP8, raw key not there', kind: 'video', codec: 'VP8', size: SIMPLE, keys: 'no raw key', wants: { refusal: 'MEDIASEAL_ERR_MISSING_KEY' } },
    { name: 'H.264, sealed as opaque', kind: 'video', codec: 'H264', fmtp: 'packetization-mode=1', size: SIMPLE, sealedAs: 'opaque', wants: { nothing: true } },
];
