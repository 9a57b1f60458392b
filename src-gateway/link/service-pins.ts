import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { sha256 } from '../../shared/ids.ts';
import { servicePinAnnouncementText } from '../../shared/link/signed-texts.ts';
import { signatureHolds } from '../configuration/configuration-file.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { sameThumbprint } from '../keys/fingerprint.ts';

/** Announced pins that are kept, the newest: a rotation needs one. */
const MAX_ANNOUNCED = 4;
const announcedPins = z.array(z.object({ pin: sha256, signature: z.string().max(200) })).max(MAX_ANNOUNCED);

/** The keys by which the service may open its links: those of the configuration, and those that it announced since (rule 15). */
export class ServicePins {
  readonly #configuration: GatewayConfiguration;
  readonly #path: string;
  #announced: z.infer<typeof announcedPins>;

  private constructor(configuration: GatewayConfiguration, path: string, announced: z.infer<typeof announcedPins>) {
    this.#configuration = configuration;
    this.#path = path;
    this.#announced = announced;
  }

  /** Reads the announced pins; one whose signature does not hold is left out, a file that cannot be read counts as none. */
  static async open(configuration: GatewayConfiguration, path: string): Promise<ServicePins> {
    const pins = new ServicePins(configuration, path, []);
    pins.#announced = (await readAnnounced(path)).filter(({ pin, signature }) => pins.#holds(pin, signature));
    return pins;
  }

  /** Whether a peer that proved this key is the service. */
  has(thumbprint: string): boolean {
    return [...this.#configuration.service.linkPins, ...this.#announced.map(({ pin }) => pin)].some((pin) => sameThumbprint(pin, thumbprint));
  }

  /** Adds the service's next key, and resolves when it is kept; throws `request.signature-invalid`. */
  async announce(pin: string, signature: string): Promise<void> {
    if (!this.#holds(pin, signature)) throw new MavisError('request.signature-invalid');
    if (this.has(pin)) return;
    this.#announced = [...this.#announced, { pin, signature }].slice(-MAX_ANNOUNCED);
    await writeFileSafely(this.#path, JSON.stringify(this.#announced));
  }

  #holds(pin: string, signature: string): boolean {
    const text = servicePinAnnouncementText(this.#configuration.gatewayId, pin);
    return this.#configuration.service.signingKeys.some((key) => signatureHolds(Buffer.from(key, 'base64url'), text, signature));
  }
}

async function readAnnounced(path: string): Promise<z.infer<typeof announcedPins>> {
  try {
    const parsed = announcedPins.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : [];
  } catch {
    // No rotation yet, or a damaged file: the configuration's own pins still hold.
    return [];
  }
}
