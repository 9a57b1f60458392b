import { z } from 'zod';
import { textToStore } from '../../shared/storable-text.ts';
import { InputError } from './bound-route.ts';

const content = z.tuple([z.string(), z.array(textToStore(400)).max(4)]);

/** Where a list of one kind goes on: opaque to clients, parsed again when it comes back. */
export function encodeCursor(kind: string, position: readonly string[]): string {
  return Buffer.from(JSON.stringify([kind, position])).toString('base64url');
}

/** The position of a cursor of this kind. Throws InputError for any other text. */
export function decodeCursor(kind: string, cursor: string): string[] {
  try {
    const [of, position] = content.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (of === kind) return position;
  } catch {
    // Whatever is wrong with it, it is no cursor of ours.
  }
  throw new InputError('cursor');
}
