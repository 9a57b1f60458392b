import { encodeFileName } from '../sftp/file-name-bytes.ts';

/** ext4, NTFS and APFS take 255 bytes or letters; what we put behind a name while it is not whole needs some of them. */
const MOST_BYTES = 255;
const PARTIAL_BYTES = 40;
/** The longest ending that a system gives a meaning to, `.settingcontent-ms`, has 18 letters. */
const LONGEST_ENDING = 18;
const ENDING = /\.[^.]{1,17}$/u;
/** Names that Windows keeps for devices, with or without an ending. */
const DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?:\.|$)/i;
/** What Windows takes in no name; `:` would begin an alternate stream. */
const WINDOWS_FORBIDDEN = /[<>:"|?*]/g;
/** Controls, marks that turn or join writing, line ends, and bytes that were no UTF-8. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export interface SafeName {
  readonly name: string;
  /** Whether it is another than the target said: then it is shown. */
  readonly changed: boolean;
}

/**
 * The name under which a file of the target, or of a desktop's clipboard, is written here: always one name in the folder that
 * was chosen, never a way out of it, and the same on all systems. Separators, controls, marks that turn the direction of writing
 * and bytes that are no UTF-8 become `_`, device names get one before them, ends that Windows drops are replaced, and what is too
 * long is cut before its ending, which never gives it another one (A1, A2, A4). A name that is empty, `.` or `..` is `_`, `__`.
 *
 * @param taken whether the folder has a name already that only differs in case or form; then a number is added
 */
export function safeLocalName(name: string, taken: (name: string) => boolean = () => false): SafeName {
  let safe = name.normalize('NFC').replaceAll(/[/\\]/g, '_').replaceAll(INVISIBLE, '_').replaceAll(WINDOWS_FORBIDDEN, '_');
  safe = withoutDroppedEnd(safe);
  if (safe === '') safe = '_';
  if (DEVICES.test(safe)) safe = `_${safe}`;
  // A cut may come right behind a dot or a blank.
  safe = withoutDroppedEnd(cutToBytes(safe, MOST_BYTES - PARTIAL_BYTES));
  let numbered = safe;
  for (let number = 2; taken(numbered); number += 1) numbered = withNumber(safe, number);
  return { name: numbered, changed: numbered !== name };
}

/** How names are compared where two of them could be one file: as systems do that do not tell capitals apart. */
export function comparableName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** A name with a number before its ending: `report (2).txt`. */
export function withNumber(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 && name.length - dot <= LONGEST_ENDING ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  const mark = ` (${number})`;
  return `${cutToBytes(stem, MOST_BYTES - PARTIAL_BYTES - mark.length - encodeFileName(ending).length)}${mark}${ending}`;
}

/** Windows drops dots and blanks at the end of a name: they become `_`. */
function withoutDroppedEnd(name: string): string {
  return name.replace(/[. ]+$/, (end) => '_'.repeat(end.length));
}

/** Cuts to so many bytes, keeping a short ending and never a part of a character. What stands before the cut is no ending: `A.exe` of `A.exe and more`. */
export function cutToBytes(name: string, most: number): string {
  if (encodeFileName(name).length <= most) return name;
  const ending = ENDING.exec(name)?.[0] ?? '';
  let kept = '';
  let bytes = encodeFileName(ending).length;
  for (const letter of name.slice(0, name.length - ending.length)) {
    bytes += encodeFileName(letter).length;
    if (bytes > most) break;
    kept += letter;
  }
  return ending === '' ? kept.slice(0, -LONGEST_ENDING) + kept.slice(-LONGEST_ENDING).replaceAll('.', '_') : kept + ending;
}
