import type { Log } from '../logging/log.ts';
import type { AuditChain } from './audit-chain.ts';
import type { AuditHeads } from './audit-heads.ts';

/** An entry is chained within a second of its commit (rule 18). */
const CHAIN_EVERY_MS = 500;
/** What an intruder could still rewrite unseen is at most so old; more often would only make more heads to keep. */
const HEAD_EVERY_MS = 15 * 60_000;

/** Keeps the audit log chained and its heads signed while the service runs. */
export class AuditKeeper {
  readonly #chain: Pick<AuditChain, 'chainAll'>;
  readonly #heads: Pick<AuditHeads, 'sign'>;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #lastHeadMs = 0;
  #busy = false;

  constructor({ chain, heads, log }: { chain: Pick<AuditChain, 'chainAll'>; heads: Pick<AuditHeads, 'sign'>; log: Log }) {
    this.#chain = chain;
    this.#heads = heads;
    this.#log = log;
  }

  start(): void {
    this.#lastHeadMs = performance.now();
    this.#timer = setInterval(() => {
      if (!this.#busy) this.#working = this.#work();
    }, CHAIN_EVERY_MS);
  }

  /** Chains and signs what is there, then stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
    await this.#chain.chainAll();
    await this.#heads.sign();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      await this.#chain.chainAll();
      if (performance.now() - this.#lastHeadMs >= HEAD_EVERY_MS) {
        await this.#heads.sign();
        this.#lastHeadMs = performance.now();
      }
    } catch (error) {
      this.#log.error('audit log could not be chained', { error });
    } finally {
      this.#busy = false;
    }
  }
}
