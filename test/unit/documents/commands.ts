import type { Command } from 'commander';

/** The words of a command line; quotes keep words together. Of a usage text the brackets are left out, and of words with bars between them the first is taken. */
export function wordsOf(text: string): string[] {
  return [...text.replaceAll(/[[\]]|\\?\|(?= )/g, ' ').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain?.split('|', 1)[0] ?? '');
}

/** Looks a command line up among what a program understands; says what is wrong with it, or gives undefined. `whole`: what must be given is given. */
export function problemOfCommand(program: Command, words: readonly string[], whole: boolean): string | undefined {
  let command = program;
  let at = 0;
  for (; at < words.length; at += 1) {
    const next = command.commands.find((one) => one.name() === words[at]);
    if (next === undefined) break;
    command = next;
  }
  const rest = words.slice(at);
  const first = rest.find((word) => !word.startsWith('-'));
  if (command.commands.length > 0 && first !== undefined) return `${command.name()} has no command ${first}`;
  if (command.commands.length > 0 && whole && rest.every((word) => word !== '--help')) return `${command.name()} needs a command`;
  const given = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=', 1)[0] ?? word);
  const unknown = given.find((word) => !['--help', '--version'].includes(word) && !command.options.some(({ long }) => long === word));
  if (unknown !== undefined) return `${command.name()} has no option ${unknown}`;
  if (!whole) return undefined;
  const missing = command.options.find(({ mandatory, defaultValue, long }) => mandatory && defaultValue === undefined && !given.includes(long ?? ''));
  return missing === undefined ? undefined : `${command.name()} needs ${missing.long ?? missing.flags}`;
}

/** A command of ours within a piece of code: the program's name, and what follows it. */
export interface OwnCommand {
  readonly program: 'mavis-service' | 'mavis-gateway' | 'mavis';
  readonly words: readonly string[];
}

/**
 * Our commands in a line of code, also behind `sudo -u NAME`, `podman exec NAME` and `&&`. A program's name followed by nothing, a
 * switch, a dot or the like names the program and is no command; `words` then is empty and it is left out.
 */
export function ownCommandsIn(text: string): OwnCommand[] {
  return text
    .split(/&&|;|\$\(|(?<=") *\||·/)
    .map((part) => part.trim().replace(/^[$#] /, '').replace(/^(?:sudo (?:-u \S+ )?)?(?:(?:podman|docker) exec (?:-it )?\S+ )?/, ''))
    .flatMap((part) => {
      const [name, ...words] = wordsOf(part);
      if (name !== 'mavis-service' && name !== 'mavis-gateway' && name !== 'mavis') return [];
      return words.length === 0 ? [] : [{ program: name, words }];
    });
}
