/**
 * The filter language of the resource browser and of access rules:
 *
 * - words must all be there: `web tokyo`; `"two words"` is one; `OR` or `|` is either; `( )` groups; a leading `-` excludes
 * - `tag:gateway-aws`, `tag:env:prod`, `tag:gateway-*` (begins with) compare whole tags
 * - `os:linux`, `protocol:ssh` compare whole words; `name:`, `address:`, `description:` search in that field
 * - `is:untagged` is what has no segment tag, `is:tagged` what has one
 * - anything else with a colon, such as `env:prod` or `fe80::1`, is a word
 *
 * A word is searched in name, address, description and tags, without regard to case.
 */
export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly parts: readonly Filter[] }
  | { readonly kind: 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly field: 'name' | 'address' | 'description'; readonly text: string }
  | { readonly kind: 'tag'; readonly text: string; readonly prefix: boolean }
  | { readonly kind: 'operating-system'; readonly text: string }
  | { readonly kind: 'protocol'; readonly text: string }
  | { readonly kind: 'tagged'; readonly tagged: boolean };

/** What is wrong with a filter, and where (in UTF-16 units from its start). */
export interface FilterProblem {
  readonly position: number;
  readonly code: 'unclosed-quote' | 'unclosed-parenthesis' | 'unexpected-parenthesis' | 'nothing-to-combine' | 'empty-value' | 'unknown-value' | 'too-deep' | 'too-long';
}

export type ParsedFilter = { readonly ok: true; readonly filter: Filter } | { readonly ok: false; readonly problem: FilterProblem };

/** Longer filters are refused: no person types them, and a rule that needs more is better as several rules. */
export const MAX_FILTER_LENGTH = 500;
/** Deeper parentheses are refused, so that a hostile filter cannot exhaust the stack. */
const MAX_DEPTH = 20;

interface Token {
  readonly kind: 'term' | 'open' | 'close' | 'or' | 'not';
  readonly text: string;
  /** The term was quoted, so that `OR` or a field's name in it is only text. */
  readonly quoted: boolean;
  readonly position: number;
}

class FilterSyntaxError extends Error {
  readonly problem: FilterProblem;
  constructor(code: FilterProblem['code'], position: number) {
    super(code);
    this.problem = { code, position };
  }
}

/** Reads a filter; never throws. The empty text is the filter that matches all. */
export function parseFilter(text: string): ParsedFilter {
  if (text.length > MAX_FILTER_LENGTH) return { ok: false, problem: { code: 'too-long', position: MAX_FILTER_LENGTH } };
  try {
    const parser = new Parser(tokensOf(text), text.length);
    return { ok: true, filter: parser.whole() };
  } catch (error) {
    if (error instanceof FilterSyntaxError) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** Writes a term so that it is read back as one: quoted where it holds white space, quotes or signs of the language. */
export function quoteTerm(text: string): string {
  return /[\s"()|]|^-|^OR$/.test(text) ? `"${text.replaceAll('"', ' ')}"` : text;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const sign = text[position] ?? '';
    if (/\s/.test(sign)) position += 1;
    else if (sign === '(' || sign === ')' || sign === '|') {
      tokens.push({ kind: sign === '(' ? 'open' : sign === ')' ? 'close' : 'or', text: sign, quoted: false, position });
      position += 1;
    } else if (sign === '-' && /[^\s)|]/.test(text[position + 1] ?? ' ')) {
      tokens.push({ kind: 'not', text: sign, quoted: false, position });
      position += 1;
    } else {
      const term = termAt(text, position);
      tokens.push(term.token);
      position = term.end;
    }
  }
  return tokens;
}

function termAt(text: string, start: number): { token: Token; end: number } {
  let value = '';
  let quoted = false;
  let end = start;
  while (end < text.length && !/[\s()|]/.test(text[end] ?? '')) {
    if (text[end] !== '"') {
      value += text[end];
      end += 1;
      continue;
    }
    const close = text.indexOf('"', end + 1);
    if (close < 0) throw new FilterSyntaxError('unclosed-quote', end);
    quoted ||= end === start;
    value += text.slice(end + 1, close);
    end = close + 1;
  }
  const kind = value === 'OR' && !quoted ? 'or' : 'term';
  return { token: { kind, text: value, quoted, position: start }, end };
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #next = 0;

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens;
    this.#length = length;
  }

  whole(): Filter {
    if (this.#tokens.length === 0) return { kind: 'all' };
    const filter = this.#either(0);
    const left = this.#tokens[this.#next];
    if (left) throw new FilterSyntaxError('unexpected-parenthesis', left.position);
    return filter;
  }

  #either(depth: number): Filter {
    if (depth > MAX_DEPTH) throw new FilterSyntaxError('too-deep', this.#position());
    const parts = [this.#every(depth)];
    while (this.#tokens[this.#next]?.kind === 'or') {
      this.#next += 1;
      parts.push(this.#every(depth));
    }
    const [first] = parts;
    return parts.length === 1 && first ? first : { kind: 'or', parts };
  }

  #every(depth: number): Filter {
    const parts: Filter[] = [];
    for (let token = this.#tokens[this.#next]; token && token.kind !== 'or' && token.kind !== 'close'; token = this.#tokens[this.#next]) parts.push(this.#one(token, depth));
    const [first] = parts;
    if (!first) throw new FilterSyntaxError('nothing-to-combine', this.#position());
    return parts.length === 1 ? first : { kind: 'and', parts };
  }

  #one(token: Token, depth: number): Filter {
    this.#next += 1;
    if (token.kind === 'term') return termFilter(token);
    if (token.kind === 'not') {
      const next = this.#tokens[this.#next];
      if (!next || next.kind === 'or' || next.kind === 'close') throw new FilterSyntaxError('nothing-to-combine', token.position);
      if (depth > MAX_DEPTH) throw new FilterSyntaxError('too-deep', token.position);
      return { kind: 'not', part: this.#one(next, depth + 1) };
    }
    const inner = this.#either(depth + 1);
    if (this.#tokens[this.#next]?.kind !== 'close') throw new FilterSyntaxError('unclosed-parenthesis', token.position);
    this.#next += 1;
    return inner;
  }

  #position(): number {
    return this.#tokens[this.#next]?.position ?? this.#length;
  }
}

const OPERATING_SYSTEMS = new Set(['linux', 'windows', 'macos', 'unix', 'network', 'other']);
const PROTOCOLS = new Set(['ssh', 'sftp', 'vnc', 'rdp']);

function termFilter(token: Token): Filter {
  const text = token.text.toLowerCase();
  const colon = token.quoted ? -1 : text.indexOf(':');
  if (colon < 0) {
    if (text === '') throw new FilterSyntaxError('empty-value', token.position);
    return { kind: 'word', text };
  }
  const read = FIELDS.get(text.slice(0, colon));
  if (!read) return { kind: 'word', text };
  const value = text.slice(colon + 1);
  if (value === '') throw new FilterSyntaxError('empty-value', token.position + colon + 1);
  const filter = read(value);
  if (!filter) throw new FilterSyntaxError('unknown-value', token.position + colon + 1);
  return filter;
}

const FIELDS: ReadonlyMap<string, (value: string) => Filter | undefined> = new Map([
  ['tag', (value: string): Filter => (value.endsWith('*') ? { kind: 'tag', text: value.slice(0, -1), prefix: true } : { kind: 'tag', text: value, prefix: false })],
  ['os', (value: string): Filter | undefined => (OPERATING_SYSTEMS.has(value) ? { kind: 'operating-system', text: value } : undefined)],
  ['protocol', (value: string): Filter | undefined => (PROTOCOLS.has(value) ? { kind: 'protocol', text: value } : undefined)],
  ['name', (text: string): Filter => ({ kind: 'text', field: 'name', text })],
  ['address', (text: string): Filter => ({ kind: 'text', field: 'address', text })],
  ['description', (text: string): Filter => ({ kind: 'text', field: 'description', text })],
  ['is', (value: string): Filter | undefined => (value === 'tagged' || value === 'untagged' ? { kind: 'tagged', tagged: value === 'tagged' } : undefined)],
]);
