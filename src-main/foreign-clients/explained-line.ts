import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import type { Translator } from '../../shared/languages/translate.ts';

/** An error as one line for a terminal: what happened, what to do, and the words by which it is found again. */
export function explainedLine(translator: Translator, { code, args, reference }: MavisError): string {
  const { message, remedy } = errorText(translator, code, args);
  return `mavis: ${message} ${remedy} (${[code, ...(reference === undefined ? [] : [reference])].join(', ')})`;
}
