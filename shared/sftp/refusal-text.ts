import { isErrorCode, type ErrorCode } from '../errors/catalogue.ts';

/** Before the code, in the text of a status: no target says this by chance. */
const MARK = 'MAVIS ';

/**
 * The text of a refusal by the gateway, as it stands in the status packet: a code of the catalogue and what belongs to it. Our own
 * client shows the catalogue's text; foreign clients show this one.
 */
export function encodeRefusal(code: ErrorCode, args: Readonly<Record<string, string | number>>): string {
  return `${MARK}${code} ${JSON.stringify(args)}`;
}

/** What a refusal says; nothing where the text is not the gateway's. */
export function decodeRefusal(text: string): { readonly code: ErrorCode; readonly args: Record<string, string | number> } | undefined {
  const found = /^MAVIS ([a-z.-]{1,60}) (\{.{0,2000}\})$/s.exec(text);
  const [, code = '', json = ''] = found ?? [];
  if (!isErrorCode(code)) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null) return undefined;
    const pairs = Object.entries(value).filter((pair): pair is [string, string | number] => typeof pair[1] === 'string' || typeof pair[1] === 'number');
    return { code, args: Object.fromEntries(pairs) };
  } catch {
    // Text that only looks like a refusal is a target's own text.
    return undefined;
  }
}
