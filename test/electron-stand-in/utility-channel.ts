/** File descriptor in a utility process that leads to the main process. */
export const UTILITY_CHANNEL_FD = 3;
