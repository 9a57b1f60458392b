import { stripVTControlCharacters } from 'node:util';

/** Whether a shell's prompt stands at the end of what it printed. */
export function endsWithPrompt(text: string): boolean {
  return /[#$>] $/.test(stripVTControlCharacters(text));
}

export const SAME_ACCOUNT_NOTE = 'both sides sign on with the same key as the same account';
