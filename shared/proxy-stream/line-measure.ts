/**
 * What a line carries is measured on a connection of its own, before any hello: the client sends `measure` frames, pieces of
 * bytes that mean nothing, each answered by `measured` with the count of pieces that have come; then it asks once, by
 * `measureBack` with a count of pieces, for fewer back than it sent, as `filler`. With the answers that is never more than came:
 * it is of no use to flood somebody with.
 */

/** Payload of one frame. On a line that carries 40 kB a second it takes a tenth of a second, so that a narrow line is told within one. */
export const MEASURE_PIECE_BYTES = 4 * 1024;
/** Pieces of a measurement each way, 256 KiB: enough that a line of some 100 ms is past its slow start, and over in a moment on any line that is worth working on. */
export const MEASURE_PIECES = 64;
