import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { type AddressAnnouncement, addressAnnouncement } from '../../shared/link/messages.ts';
import { serviceAddressesText } from '../../shared/link/signed-texts.ts';
import { signatureHolds } from '../configuration/configuration-file.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { type Endpoint, parseEndpoint } from '../target-address/address-rules.ts';

/** Instances of the service that are remembered, those heard last: more than one machine's share of any service that we know. */
const MAX_INSTANCES = 32;
const announcements = z.array(addressAnnouncement).max(MAX_INSTANCES);

/**
 * Where the service and its database are, which no gateway dials as a target (rule 13): what the configuration says, and what
 * each instance of the service has announced over the link since. The newest word of an instance takes the place of its older
 * ones; nothing takes away what the administrator's file says.
 */
export class ServiceAddresses {
  readonly #configuration: GatewayConfiguration;
  readonly #path: string;
  #announced: readonly AddressAnnouncement[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(configuration: GatewayConfiguration, path: string) {
    this.#configuration = configuration;
    this.#path = path;
  }

  /** Reads what was announced before; one whose signature does not hold is left out, a file that cannot be read counts as none. */
  static async open(configuration: GatewayConfiguration, path: string): Promise<ServiceAddresses> {
    const addresses = new ServiceAddresses(configuration, path);
    addresses.#announced = (await readAnnounced(path)).filter((one) => addresses.#holds(one));
    return addresses;
  }

  /** All of them as they are known now. */
  get endpoints(): readonly Endpoint[] {
    const all = [...this.#configuration.service.addresses, ...this.#announced.flatMap(({ addresses }) => addresses)];
    return [...new Set(all)].map(parseEndpoint);
  }

  /** Takes an instance's word, in force at once, and resolves when it is kept; throws `request.signature-invalid`. One older than what is known changes nothing. */
  async announce(announcement: AddressAnnouncement): Promise<void> {
    if (!this.#holds(announcement)) throw new MavisError('request.signature-invalid');
    const known = this.#announced.find(({ instance }) => instance === announcement.instance);
    if (known !== undefined && Date.parse(known.issuedAt) >= Date.parse(announcement.issuedAt)) return;
    this.#announced = [...this.#announced.filter(({ instance }) => instance !== announcement.instance), announcement].slice(-MAX_INSTANCES);
    const text = JSON.stringify(this.#announced);
    const written = this.#writing.then(() => writeFileSafely(this.#path, text));
    this.#writing = written.catch(() => undefined);
    await written;
  }

  #holds(announcement: AddressAnnouncement): boolean {
    const text = serviceAddressesText(this.#configuration.gatewayId, announcement);
    return this.#configuration.service.signingKeys.some((key) => signatureHolds(Buffer.from(key, 'base64url'), text, announcement.signature));
  }
}

async function readAnnounced(path: string): Promise<readonly AddressAnnouncement[]> {
  try {
    const parsed = announcements.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : [];
  } catch {
    // Nothing announced yet, or a damaged file: the configuration's own addresses still hold, and the service says its own again.
    return [];
  }
}
