export { default } from './mediaseal.js';
export * from './mediaseal.js';
export { open, seal, type Counts, type Running, type TransformOptions } from './transform.js';

/** Why a call was refused. */
export class MediasealError extends Error {
    constructor(code: string, statusClass: StatusClass, message: string);
    /** The status's name in the C interface, such as "MEDIASEAL_ERR_AUTHENTICATION_FAILED"; it never changes its meaning. */
    readonly code: string;
    /** The reaction asked for. */
    readonly statusClass: StatusClass;
}

/**
 * The reaction that an error asks for: change the calling code; bring a key; drop the frame and go on; report that a cipher, the system or the library failed.
 */
export type StatusClass = 'fix-the-call' | 'fetch-a-key' | 'drop-the-packet' | 'report-a-bug';
