import { readFile } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { type ServicePinAnnouncement, servicePinAnnouncement } from '../../shared/link/messages.ts';
import { servicePinsText } from '../../shared/link/signed-texts.ts';
import { signatureHolds } from '../configuration/configuration-file.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { sameThumbprint } from '../keys/fingerprint.ts';

/**
 * The keys by which the service may open its links (rule 15): those of the configuration, or those that it has announced
 * since. While it rotates them these are two; the last announcement of a rotation names the new one alone, and whoever holds
 * the old one is sent away, whatever the configuration says.
 */
export class ServicePins {
  readonly #configuration: GatewayConfiguration;
  readonly #path: string;
  #announced: ServicePinAnnouncement | null = null;
  #busy: Promise<unknown> = Promise.resolve();
  readonly #listeners: (() => void)[] = [];

  private constructor(configuration: GatewayConfiguration, path: string) {
    this.#configuration = configuration;
    this.#path = path;
  }

  /** Reads what was announced; where its signature does not hold, or it cannot be read, the configuration's pins are in force. */
  static async open(configuration: GatewayConfiguration, path: string): Promise<ServicePins> {
    const pins = new ServicePins(configuration, path);
    const kept = await readAnnounced(path);
    if (kept !== null && pins.#holds(kept)) pins.#announced = kept;
    return pins;
  }

  /** Those in force: of the announcement, or of the configuration where that was issued after it. */
  get inForce(): readonly string[] {
    const { issuedAt, service } = this.#configuration;
    return this.#announced !== null && Date.parse(this.#announced.issuedAt) > Date.parse(issuedAt) ? this.#announced.pins : service.linkPins;
  }

  /** Whether a peer that proved this key is the service. */
  has(thumbprint: string): boolean {
    return this.inForce.some((pin) => sameThumbprint(pin, thumbprint));
  }

  /** Calls `listener` when other pins are in force. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes the service's word on its keys, kept before it is in force, and resolves with the pins that are then. One older than
   * what is known changes nothing. Throws `request.signature-invalid`.
   */
  announce(announcement: ServicePinAnnouncement): Promise<readonly string[]> {
    if (!this.#holds(announcement)) return Promise.reject(new MavisError('request.signature-invalid'));
    const done = this.#busy.then(() => this.#take(announcement));
    this.#busy = done.catch(() => undefined);
    return done;
  }

  async #take(announcement: ServicePinAnnouncement): Promise<readonly string[]> {
    if (this.#announced === null || Date.parse(announcement.issuedAt) > Date.parse(this.#announced.issuedAt)) {
      await writeFileSafely(this.#path, JSON.stringify(announcement));
      this.#announced = announcement;
      for (const listener of this.#listeners) listener();
    }
    return this.inForce;
  }

  #holds(announcement: ServicePinAnnouncement): boolean {
    const text = servicePinsText(this.#configuration.gatewayId, announcement);
    return this.#configuration.service.signingKeys.some((key) => signatureHolds(Buffer.from(key, 'base64url'), text, announcement.signature));
  }
}

async function readAnnounced(path: string): Promise<ServicePinAnnouncement | null> {
  try {
    return servicePinAnnouncement.safeParse(JSON.parse(await readFile(path, 'utf8'))).data ?? null;
  } catch {
    // No rotation yet, or a damaged file: the configuration's own pins still hold.
    return null;
  }
}
