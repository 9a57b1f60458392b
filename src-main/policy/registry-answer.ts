/** A line of `reg query`: four spaces, name, kind, value. A name of ours has no space. */
const VALUE_LINE = /^ {4}(?<name>\w{1,64}) {4}(?<kind>REG_SZ|REG_EXPAND_SZ|REG_MULTI_SZ)(?: {4}(?<value>.*))?$/;

/**
 * The texts (`REG_SZ`) and lists of texts (`REG_MULTI_SZ`) of a key, from what `reg.exe query` prints; the names begin with a capital
 * there. Values of other kinds are given as null, which no setting takes. The form is that of Microsoft's documentation of `reg query`.
 */
export function readRegistryAnswer(text: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const line of text.split(/\r?\n/)) {
    const { name, kind, value = '' } = VALUE_LINE.exec(line)?.groups ?? {};
    if (name !== undefined) values[lowerFirst(name)] = kind === 'REG_MULTI_SZ' ? value.split('\\0').filter((one) => one !== '') : value;
    else if (/^ {4}\S+ {4}REG_/.test(line)) values[lowerFirst(line.trim().split(' ')[0] ?? '')] = null;
  }
  return values;
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
