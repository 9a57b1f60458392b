import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ForwardGrant } from '../../shared/link/messages.ts';
import type { Timer } from '../clock/clock.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import type { ResumeEntry, ResumeRegister } from '../sessions/resume-register.ts';
import type { EndTarget } from '../sessions/session-register.ts';
import { Forward, type ForwardParts } from './forward.ts';

/** Wires that are cut and may be laid again: each is a grant without a secret, for as long as a resume is waited for. */
const MOST_CUT = 20_000;
/** How often one wire is laid again: with each time an entry in the journal, a client that does so in a loop is told to ask for a new way. */
const MOST_EPOCHS = 1000;
/** Where the grant says nothing: as for a session (rule 11). */
const DEFAULT_UNSUPERVISED_SECONDS = 900;

export interface ForwardRegisterParts extends ForwardParts {
  readonly resumes: Pick<ResumeRegister, 'add'>;
  /** A client whose wire was cut may lay it again for so long (rule 10). */
  readonly resumeSeconds: number;
  /** The port of the link (443): forwards run over it only where the grant says so. */
  readonly linkPort: number;
  /** Wires that are cut and kept at once; as many as a machine can keep where absent. */
  readonly mostCut?: number;
}

/** A grant's wire over all the times that it is laid. */
interface HeldWire {
  readonly grant: ForwardGrant;
  epoch: number;
  running: Forward | undefined;
  entry: ResumeEntry | undefined;
  lapse: Timer | undefined;
}

/** The forwards that run now, and those that their client may lay again after a cut; the one owner that ends them. */
export class ForwardRegister {
  readonly #parts: ForwardRegisterParts;
  readonly #wires = new Set<HeldWire>();
  /** Those that are cut, the one that was cut first before the others. */
  readonly #cut = new Set<HeldWire>();
  readonly #running = new Map<Forward, Promise<void>>();

  constructor(parts: ForwardRegisterParts) {
    this.#parts = parts;
  }

  /** Number of forwards, those that are still reaching their next gateway among them. */
  get size(): number {
    return this.#running.size;
  }

  /** Begins a forward over a client's connection; it leaves the register at its end. */
  begin(grant: ForwardGrant, connection: ProxyConnection): void {
    const { resumes, linkPort } = this.#parts;
    const wire: HeldWire = { grant, epoch: 0, running: undefined, entry: undefined, lapse: undefined };
    wire.entry = resumes.add(
      { connectionId: grant.connectionId, reference: grant.reference, clientKeyThumbprint: grant.clientKeyThumbprint },
      {
        epoch: () => wire.epoch,
        carriedBy: (port) => port !== linkPort || grant.over443,
        takeOver: (again, epoch) => this.#takeOver(wire, again, epoch),
      },
    );
    this.#wires.add(wire);
    this.#lay(wire, connection);
  }

  /** Tells forwards to end with a code, those that could be laid again too; gives the number of those that ran. */
  end(target: EndTarget, code: ErrorCode): number {
    if (target.kind === 'watcher') return 0;
    const matching = [...this.#wires].filter(({ grant }) => (target.kind === 'connection' ? grant.connectionId === target.connectionId : grant.userId === target.userId));
    const running = matching.filter((wire) => wire.running !== undefined);
    for (const wire of matching) this.#end(wire, new MavisError(code));
    return running.length;
  }

  /** Cuts all off with a code and waits for them. */
  async endAll(code: ErrorCode): Promise<void> {
    for (const wire of [...this.#wires]) this.#end(wire, new MavisError(code), { atOnce: true });
    await Promise.all(this.#running.values());
  }

  #lay(wire: HeldWire, connection: ProxyConnection): void {
    const { resumeSeconds } = this.#parts;
    const forward = new Forward(this.#parts, wire.grant, connection, { epoch: wire.epoch, forwarding: { resumeSecret: wire.entry?.resumeSecret ?? '', resumeSeconds } });
    wire.running = forward;
    this.#running.set(forward, this.#run(wire, forward));
  }

  async #run(wire: HeldWire, forward: Forward): Promise<void> {
    const stood = await forward.run().catch((error: unknown) => {
      this.#parts.log.error('a forward could not be ended in good order', { reference: wire.grant.reference, error });
      return false;
    });
    this.#running.delete(forward);
    if (wire.running !== forward) return;
    wire.running = undefined;
    this.#rest(wire, forward, stood);
  }

  /** The wire is down. Whether by intent or by the network cannot be told from here, so its client may lay it again for a while. */
  #rest(wire: HeldWire, forward: Forward, stood: boolean): void {
    const { clock, resumeSeconds, mostCut = MOST_CUT } = this.#parts;
    const because = forward.endedBecause;
    const never = wire.epoch === 0 && !stood;
    if (because !== undefined || never || resumeSeconds === 0) {
      this.#close(wire, because ?? new MavisError('session.ended'));
      return;
    }
    wire.lapse ??= clock.setTimer(() => this.#close(wire, new MavisError('session.ended')), resumeSeconds * 1000);
    this.#cut.add(wire);
    const [oldest] = this.#cut;
    if (this.#cut.size > mostCut && oldest !== undefined) this.#close(oldest, new MavisError('session.ended'));
  }

  #takeOver(wire: HeldWire, connection: ProxyConnection, epoch: number): void {
    const before = wire.running;
    wire.lapse?.cancel();
    wire.lapse = undefined;
    this.#cut.delete(wire);
    wire.epoch = epoch;
    this.#lay(wire, connection);
    before?.end(new MavisError('session.ended'), { atOnce: true });
    const over = this.#over(wire);
    if (over !== undefined) this.#end(wire, over);
  }

  /** What stands in the way of laying a wire again: limits run on while it is down (rules 2, 11). */
  #over({ grant, epoch }: HeldWire): MavisError | undefined {
    const { clock, supervision } = this.#parts;
    if (Date.parse(grant.notAfter) <= clock.wallMs()) return new MavisError('session.not-after');
    if (supervision.silentMs > (grant.maxUnsupervisedSeconds ?? DEFAULT_UNSUPERVISED_SECONDS) * 1000) return new MavisError('session.unsupervised');
    return epoch > MOST_EPOCHS ? new MavisError('session.ended') : undefined;
  }

  #end(wire: HeldWire, reason: MavisError, how: { readonly atOnce?: boolean } = {}): void {
    wire.entry?.ended(reason);
    if (wire.running === undefined) this.#close(wire, reason);
    else wire.running.end(reason, how);
  }

  #close(wire: HeldWire, because: MavisError): void {
    wire.lapse?.cancel();
    wire.entry?.ended(because);
    this.#wires.delete(wire);
    this.#cut.delete(wire);
  }
}
