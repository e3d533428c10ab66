/** Why a call was refused. */
export class MediasealError extends Error {
    /**
     * @param {string} code the status's name in the C interface, such as "MEDIASEAL_ERR_AUTHENTICATION_FAILED"; it never changes its meaning
     * @param {string} statusClass the reaction asked for: "fix-the-call", "fetch-a-key", "drop-the-packet" or "report-a-bug"
     * @param {string} message what happened, in words
     */
    constructor(code, statusClass, message) {
        super(message);
        this.name = 'MediasealError';
        this.code = code;
        this.statusClass = statusClass;
    }
}
