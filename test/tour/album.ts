import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { looks, type Look } from './looks.ts';

/** A stop of the tour as the album shows it. */
interface Stop {
  readonly title: string;
  readonly name: string;
  readonly pictures: number;
  /** What is wrong, in lines; empty where all is well. */
  readonly faults: readonly string[];
  /** What is shown in words, where there can be no picture. */
  readonly words: readonly string[];
}

/** The pictures of a tour, in folders by language and theme, with a page to leaf through them. */
export class Album {
  readonly #folder: string;
  readonly #stops = new Map<string, Stop>();

  /** `whole`: every stop is to be made, and nothing that was there before stays. */
  constructor(folder: string, whole: boolean) {
    this.#folder = folder;
    if (whole) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    for (const look of looks) mkdirSync(join(folder, folderOf(look)), { recursive: true });
  }

  /** Puts a picture (PNG) where it belongs. */
  put(name: string, look: Look, png: Uint8Array): void {
    writeFileSync(join(this.#folder, folderOf(look), `${name}.png`), png);
  }

  /** Notes a stop that was made, and prints its line. */
  note(title: string, pictures: number, faults: readonly string[], words: readonly string[] = []): void {
    this.#stops.set(title, { title, name: fileNameOf(title), pictures, faults, words });
    const said = faults.length === 0 ? `${String(pictures)} pictures` : `${String(pictures)} pictures, ${String(faults.length)} faults`;
    console.log(`tour ${String(this.#stops.size).padStart(3)}: ${title}: ${said}${[...faults, ...words].map((line) => `\n          ${line}`).join('')}`);
  }

  get made(): number {
    return this.#stops.size;
  }

  /** Stops at which something was wrong. */
  get failed(): readonly string[] {
    return [...this.#stops.values()].filter(({ faults }) => faults.length > 0).map(({ title }) => title);
  }

  /** Writes the page that shows every stop in all its looks side by side; gives its path. */
  writeIndex(): string {
    const path = join(this.#folder, 'index.html');
    writeFileSync(path, albumPage([...this.#stops.values()]));
    return path;
  }
}

/** A stop's title as the name of a file: letters, digits and hyphens. */
export function fileNameOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}

function folderOf({ language, theme }: Look): string {
  return `${language}-${theme}`;
}

function albumPage(stops: readonly Stop[]): string {
  const rows = stops.map(({ title, name, pictures, faults, words }) => {
    const shown = pictures === 0 ? [] : looks.map((look) => figure(`${folderOf(look)}/${name}.png`, `${look.language}, ${look.theme}`));
    const small = pictures <= looks.length ? [] : looks.filter(({ theme }) => theme === 'light').map((look) => figure(`${folderOf(look)}/${name}-small.png`, `${look.language}, the smallest window`));
    return `<section id="${name}"><h2>${escaped(title)}</h2>${faults.map((fault) => `<p class="fault">${escaped(fault)}</p>`).join('')}${words.map((line) => `<p>${escaped(line)}</p>`).join('')}<div class="looks">${[...shown, ...small].join('')}</div></section>`;
  });
  const style = 'body{font:14px system-ui;margin:24px}.looks{display:grid;grid-template-columns:repeat(3,1fr);gap:12px}img{width:100%;border:1px solid #888}figure{margin:0}.fault{color:#b00020}nav{columns:4}';
  const contents = stops.map(({ title, name }) => `<a href="#${name}">${escaped(title)}</a><br>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>MAVIS Desktop: tour</title><style>${style}</style><h1>MAVIS Desktop: tour</h1><nav>${contents}</nav>${rows.join('')}</html>\n`;
}

function figure(picture: string, caption: string): string {
  return `<figure><a href="${picture}"><img src="${picture}" alt="" loading="lazy"></a><figcaption>${caption}</figcaption></figure>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
