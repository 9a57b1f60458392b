/** What a link of the target's leads to, as it is shown before anything is opened (A9). */
export type SeenLink =
  | { readonly kind: 'https'; readonly url: string; /** The host in the form that is dialled: a lookalike in other letters shows as `xn--…`. */ readonly host: string }
  | { readonly kind: 'refused'; readonly shown: string };

/** A longer address is not shown whole, so it is not opened. */
const MAX_LINK_LENGTH = 2000;

/** Reads a link: only https, without user name and password, which serve to disguise a host. */
export function readLink(uri: string): SeenLink {
  const refused: SeenLink = { kind: 'refused', shown: uri.slice(0, 200).replaceAll(/[\p{Cc}\p{Cf}]/gu, '') };
  if (uri.length > MAX_LINK_LENGTH || !URL.canParse(uri)) return refused;
  const url = new URL(uri);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return refused;
  return { kind: 'https', url: url.href, host: url.host };
}

/** An address written out in a line of the terminal, and the columns (from 0) that it takes in the line's text. */
export interface WrittenLink {
  readonly url: string;
  readonly start: number;
  readonly end: number;
}

/** Addresses beginning with https:// that stand in a line's text; at most 20 of them. */
export function linksIn(text: string): WrittenLink[] {
  const found: WrittenLink[] = [];
  for (const match of text.slice(0, 5000).matchAll(/https:\/\/[^\s"'<>`{}|\\^]+/g)) {
    const url = match[0].replace(/[.,;:!?)\]]+$/, '');
    found.push({ url, start: match.index, end: match.index + url.length });
    if (found.length === 20) break;
  }
  return found;
}
