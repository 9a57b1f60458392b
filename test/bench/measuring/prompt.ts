/** A shell's prompt at the end of what it printed, escape sequences after it allowed. */
export const PROMPT = /[#$>] (?:\u001b\[[0-9;?]*[A-Za-z])*$/;
export const SAME_ACCOUNT_NOTE = 'both sides sign on with the same key as the same account';
