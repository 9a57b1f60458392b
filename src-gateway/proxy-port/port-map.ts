import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type GatewayConfiguration, portMap, type PortMap } from '../../shared/gateway-configuration.ts';
import { instant, type Protocol } from '../../shared/ids.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';

/** The map as it is kept. It belongs to one configuration file: a newer one brings its own. */
const keptPortMap = z.object({ configurationIssuedAt: instant, map: portMap });

/**
 * Which protocols the proxy ports carry, and whether the link port takes sessions (S75): by the configuration file, until
 * the service sends another map over the link. That one is in force at once, and kept over a restart.
 */
export class PortMapInForce {
  readonly #configuration: GatewayConfiguration;
  readonly #path: string;
  #map: PortMap;

  private constructor(configuration: GatewayConfiguration, path: string, map: PortMap) {
    this.#configuration = configuration;
    this.#path = path;
    this.#map = map;
  }

  /** Reads the map that was kept; where there is none, or one of an older configuration file, the file's own holds. */
  static async open(configuration: GatewayConfiguration, path: string): Promise<PortMapInForce> {
    const { portPreference, over443 } = configuration;
    return new PortMapInForce(configuration, path, (await readKept(path, configuration.issuedAt)) ?? { portPreference, over443 });
  }

  get current(): PortMap {
    return this.#map;
  }

  /** Whether the link port takes sessions. */
  get over443(): boolean {
    return this.#map.over443;
  }

  /** Whether a port is among those that carry a protocol (rule 7); the link port carries all or nothing. */
  carries(port: number, protocol: Protocol): boolean {
    if (port === this.#configuration.listen.linkPort) return this.#map.over443;
    return this.#map.portPreference[protocol].some((equals) => equals.includes(port));
  }

  /** Takes a map, and resolves when it is kept; throws `request.invalid` for one that names a port which is none of ours. */
  async set(map: PortMap): Promise<void> {
    const known = new Set(this.#configuration.listen.proxyPorts);
    if (Object.values(map.portPreference).flat(2).some((port) => !known.has(port))) throw new MavisError('request.invalid', { field: 'portPreference' });
    await writeFileSafely(this.#path, JSON.stringify(keptPortMap.parse({ configurationIssuedAt: this.#configuration.issuedAt, map })));
    this.#map = map;
  }
}

async function readKept(path: string, configurationIssuedAt: string): Promise<PortMap | undefined> {
  try {
    const parsed = keptPortMap.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success && parsed.data.configurationIssuedAt === configurationIssuedAt ? parsed.data.map : undefined;
  } catch {
    // Never changed, or a damaged file: the configuration's own map holds until the next sync brings the service's.
    return undefined;
  }
}
