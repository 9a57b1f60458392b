/** A link or picture of a document: where it leads, as it is written. */
export interface MarkdownLink {
  readonly line: number;
  readonly target: string;
}

/** A piece of code of a document: a line of a fenced block, or what stands between backticks. */
export interface MarkdownCode {
  readonly line: number;
  readonly text: string;
  readonly kind: 'block' | 'span';
}

/** What the tests of documents look at. */
export interface MarkdownParts {
  readonly links: readonly MarkdownLink[];
  readonly code: readonly MarkdownCode[];
  /** Words in bold, outside of code: in the guides these are words of the interface. */
  readonly bold: readonly string[];
  /** The anchors of the headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** The text without code. */
  readonly prose: string;
}

/** Takes a document apart: the subset of Markdown that these documents use (ATX headings, fences, spans, inline links, bold). */
export function readMarkdown(text: string): MarkdownParts {
  const links: MarkdownLink[] = [];
  const code: MarkdownCode[] = [];
  const anchors = new Set<string>();
  const prose: string[] = [];
  let inBlock = false;
  let open = '';
  for (const [index, whole] of text.split('\n').entries()) {
    const line = index + 1;
    if (/^\s*```/.test(whole)) {
      inBlock = !inBlock;
      continue;
    }
    if (inBlock) {
      // A line that ends with a backslash goes on in the next one, as in a shell.
      open += whole.trim().replace(/\\$/, ' ');
      if (whole.endsWith('\\')) continue;
      code.push({ line, text: open, kind: 'block' });
      open = '';
      continue;
    }
    for (const [, span = ''] of whole.matchAll(/(?<!`)`([^`]+)`(?!`)/g)) code.push({ line, text: span, kind: 'span' });
    const heading = /^#{1,6} (.+)$/.exec(whole)?.[1];
    if (heading !== undefined) anchors.add(unused(anchorOf(heading), anchors));
    const plain = whole.replaceAll(/(?<!`)`[^`]+`(?!`)/g, '``');
    for (const [, target = ''] of plain.matchAll(/\]\(([^)\s]+)\)/g)) links.push({ line, target });
    prose.push(plain);
  }
  const bold = Array.from(prose.join('\n').replaceAll(/\n(?! *[-|\d#]) */g, ' ').matchAll(/\*\*(.+?)\*\*/g), ([, words = '']) => words);
  return { links, code, bold, anchors, prose: prose.join('\n') };
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function unused(anchor: string, taken: ReadonlySet<string>): string {
  let name = anchor;
  for (let count = 1; taken.has(name); count += 1) name = `${anchor}-${count}`;
  return name;
}
