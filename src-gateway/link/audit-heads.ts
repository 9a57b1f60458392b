import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { auditHeadText } from '../../shared/audit-head.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { instant } from '../../shared/ids.ts';
import { signatureHolds } from '../configuration/configuration-file.ts';

/** A signed head of the service's audit log, as the gateway keeps it. */
export const keptAuditHead = z.object({ sequence: z.number().int().min(0), hash: z.string().max(200), signedAt: instant, signature: z.string().max(500) });
export type KeptAuditHead = z.infer<typeof keptAuditHead>;

/**
 * Copies of the service's signed audit heads, appended and never changed, so that the service alone cannot rewrite history
 * (rule 18). What the service has signed is kept as it came, whatever it says: a head that contradicts another is the very
 * evidence wanted. What it has not signed proves nothing and is refused.
 */
export class AuditHeads {
  readonly #path: string;
  readonly #signingKeys: readonly Buffer[];
  #last: Promise<void> = Promise.resolve();

  /** `signingKeys`: those of the configuration, SubjectPublicKeyInfo (Ed25519), base64url. */
  constructor(path: string, signingKeys: readonly string[]) {
    this.#path = path;
    this.#signingKeys = signingKeys.map((key) => Buffer.from(key, 'base64url'));
  }

  /** Appends a head and resolves when it is safe on disk; throws `request.signature-invalid` for one that the service has not signed. */
  async keep(head: KeptAuditHead): Promise<void> {
    if (!this.#signingKeys.some((key) => signatureHolds(key, auditHeadText(head), head.signature))) throw new MavisError('request.signature-invalid');
    const kept = this.#last.then(() => this.#append(head));
    this.#last = kept.catch(() => undefined);
    await kept;
  }

  async #append(head: KeptAuditHead): Promise<void> {
    const handle = await open(this.#path, 'a', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(keptAuditHead.parse(head))}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** The heads that a gateway keeps, oldest first; lines that a crash cut short are left out. */
export async function readAuditHeads(path: string): Promise<readonly KeptAuditHead[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = keptAuditHead.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
