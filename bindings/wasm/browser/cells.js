// The calls that are made. What a call must show is in `wants`.

export const CELLS = [
    { name: 'VP8', kind: 'video', codec: 'VP8' },
    { name: 'VP9', kind: 'video', codec: 'VP9' },
    { name: 'H.264', kind: 'video', codec: 'H264', fmtp: 'packetization-mode=1' },
    { name: 'AV1', kind: 'video', codec: 'AV1' },
    { name: 'Opus', kind: 'audio', codec: 'opus' },
    // Without RTX, libwebrtc probes the network by audio without payload.
    { name: 'VP8 beside Opus, no RTX', kind: 'video', codec: 'VP8', hasSound: true, noRtx: true },
    { name: 'VP8, simulcast of 3', kind: 'video', codec: 'VP8', simulcast: ['q', 'h', 'f'] },
    { name: 'VP9, SVC L1T3', kind: 'video', codec: 'VP9', scalabilityMode: 'L1T3', wants: { temporal: 3 } },
    { name: 'VP9, SVC L3T3_KEY', kind: 'video', codec: 'VP9', scalabilityMode: 'L3T3_KEY', wants: { spatial: 3, temporal: 3 } },
    { name: 'AV1, SVC L1T3', kind: 'video', codec: 'AV1', scalabilityMode: 'L1T3', wants: { temporal: 3 } },
    { name: 'AV1, SVC L3T3_KEY', kind: 'video', codec: 'AV1', scalabilityMode: 'L3T3_KEY', wants: { spatial: 3, temporal: 3 } },
    { name: 'VP8, another channel key', kind: 'video', codec: 'VP8', keys: 'another channel key', wants: { refusal: 'MEDIASEAL_ERR_AUTHENTICATION_FAILED' } },
    { name: 'VP8, raw key not there', kind: 'video', codec: 'VP8', keys: 'no raw key', wants: { refusal: 'MEDIASEAL_ERR_MISSING_KEY' } },
    { name: 'H.264, sealed as opaque', kind: 'video', codec: 'H264', fmtp: 'packetization-mode=1', sealedAs: 'opaque', wants: { nothing: true } },
];
