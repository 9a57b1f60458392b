/** As many files as a desktop's clipboard lists at once; the gateway takes no longer lists. */
export const MOST_CLIPBOARD_FILES = 1000;
/** A piece of a file between a page and main: large enough for a fast disk, little enough for a slow line to be seen moving. */
export const MOST_FILE_PIECE_BYTES = 4 * 1024 * 1024;
