import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { portsFrom, portList, type EmbeddedPorts } from './embedded-ports.ts';

/** What an earlier start provisioned; the next one uses the same ports and repeats nothing that is still so. */
export type RememberedProvisioning = {
  readonly ports: EmbeddedPorts;
  readonly targetPort: number;
  /** Digest over everything that provisioning depends on. */
  readonly digest: string;
};

/** Reads what is remembered; undefined where there is nothing or it cannot be read. */
export function recallProvisioning(file: string): RememberedProvisioning | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { ports?: unknown; targetPort?: unknown; digest?: unknown };
    const ports = Array.isArray(kept.ports) ? portsFrom(kept.ports as number[]) : undefined;
    if (ports === undefined || typeof kept.targetPort !== 'number' || typeof kept.digest !== 'string') return undefined;
    return { ports, targetPort: kept.targetPort, digest: kept.digest };
  } catch {
    return undefined;
  }
}

/** Remembers what was provisioned. */
export function rememberProvisioning(file: string, { ports, targetPort, digest }: RememberedProvisioning): void {
  writeFileSync(file, `${JSON.stringify({ ports: portList(ports), targetPort, digest })}\n`, { mode: 0o600 });
}

/** A digest over parts; any change of one changes it. */
export function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
