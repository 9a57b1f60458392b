/** The locale of a command line's messages, by POSIX's variables in their order (`LC_ALL`, `LC_MESSAGES`, `LANG`), as a BCP 47 tag; English where none says. */
export function systemLanguage(environment: Readonly<Record<string, string | undefined>>): string {
  const said = [environment['LC_ALL'], environment['LC_MESSAGES'], environment['LANG']].find((value) => value !== undefined && value !== '');
  const tag = (said ?? '').split(/[.@]/, 1)[0]?.replaceAll('_', '-') ?? '';
  return tag === '' || tag === 'C' || tag === 'POSIX' ? 'en' : tag;
}
