/** The ports of the embedded system; each stands in for one that only administrators may open. */
export type EmbeddedPorts = {
  /** Stands in for the service's 443. */
  readonly service: number;
  /** Stands in for the gateway's 443. */
  readonly link: number;
  /** Stand in for 7993, 7994, 7995. */
  readonly proxy: readonly [number, number, number];
};

/** What is used where nothing else is said. */
export const defaultPorts: EmbeddedPorts = { service: 8443, link: 8444, proxy: [17993, 17994, 17995] };

/** The ports in the order in which they are written: service, link, the three proxy ports. */
export function portList({ service, link, proxy }: EmbeddedPorts): number[] {
  return [service, link, ...proxy];
}

/** Ports out of a list in that order, or undefined where they are not five different ones. */
export function portsFrom(list: readonly number[]): EmbeddedPorts | undefined {
  const [service, link, first, second, third, ...more] = list;
  if (service === undefined || link === undefined || first === undefined || second === undefined || third === undefined) return undefined;
  const valid = list.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535);
  if (!valid || more.length > 0 || new Set(list).size !== list.length) return undefined;
  return { service, link, proxy: [first, second, third] };
}

/** Reads `--ports 8443,8444,17993,17994,17995`. Throws with the form that is expected. */
export function parsePorts(text: string): EmbeddedPorts {
  const ports = portsFrom(text.split(',').map((part) => Number(part.trim() || Number.NaN)));
  if (ports === undefined) throw new Error(`--ports takes five different ports: service, gateway link, three proxy ports; for example --ports ${portList(defaultPorts).join(',')}`);
  return ports;
}

/** Replaces ports that are taken by others. Gives the new ports and, for a line, what was replaced by what. */
export async function replaceTakenPorts(
  wanted: EmbeddedPorts,
  isFree: (port: number) => Promise<boolean>,
  findFree: () => Promise<number>,
): Promise<{ readonly ports: EmbeddedPorts; readonly replaced: readonly (readonly [number, number])[] }> {
  const replaced: [number, number][] = [];
  const list: number[] = [];
  for (const port of portList(wanted)) {
    if (await isFree(port)) {
      list.push(port);
      continue;
    }
    const other = await findFree();
    replaced.push([port, other]);
    list.push(other);
  }
  return { ports: portsFrom(list) ?? wanted, replaced };
}
