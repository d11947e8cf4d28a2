/** How far event time may be out of order, in ms: the watermark stays so far behind the newest event. */
export const LAG_MS = 300_000;
