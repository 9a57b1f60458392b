import type { Actor, ErrorCode, Leg } from '../../errors/catalogue.ts';
import { catalogue, isErrorCode } from '../../errors/catalogue.ts';
import type { Finding } from '../diagnosis-run.ts';

/** A program that is looked at on its own machine. */
export type Server = 'mavis-service' | 'mavis-gateway';

/** Where a server's own faults lie, and who must act. */
const owners: Readonly<Record<Server, { readonly leg: Leg; readonly actor: Actor }>> = {
  'mavis-service': { leg: 'service', actor: 'helpdesk' },
  'mavis-gateway': { leg: 'gateway', actor: 'gateway-administrator' },
};

interface Cause {
  readonly rank: number;
  /** Where it does not lie in the program itself. */
  readonly leg?: Leg;
}

/** Causes that only a look at the server's own machine can name. `rank`: the higher, the more it explains. */
export const doctorCauses = {
  'server-not-initialised': { rank: 90 },
  'server-files-unreadable': { rank: 89 },
  'server-settings-wrong': { rank: 88 },
  'server-key-damaged': { rank: 87 },
  'server-database-foreign': { rank: 85 },
  'server-database-behind': { rank: 84 },
  'server-disk-low': { rank: 83 },
  'server-disk-unwritable': { rank: 82 },
  'server-port-taken': { rank: 80 },
  'server-port-forbidden': { rank: 79 },
  'server-hangs': { rank: 78 },
  'server-not-running': { rank: 77 },
  'server-wrong-key': { rank: 76 },
  'server-port-closed': { rank: 75 },
  'server-no-link': { rank: 70, leg: 'L3' },
  'server-journal-broken': { rank: 60 },
  'server-files-open': { rank: 50 },
  'server-files-foreign': { rank: 49 },
  'server-version-differs': { rank: 40 },
  'server-certificate-ending': { rank: 30 },
  'server-settings-ignored': { rank: 20 },
} as const satisfies Record<string, Cause>;
export type DoctorCause = keyof typeof doctorCauses;

/** Codes that other diagnostics name as well, with what they explain here. */
const shared = { 'service.database-unavailable': 86, 'clock-of-service': 74, 'clock-of-gateway': 74, 'gateway.configuration-invalid': 88 } as const satisfies Record<string, number>;

/** A code that has texts: of the servers' own, of other diagnostics, or of the catalogue. `newer-code` stands for one that this version does not know. */
export type DoctorCode = DoctorCause | keyof typeof shared | ErrorCode | 'newer-code';

/** Whether a code is one of the servers' own causes. */
export function isDoctorCause(code: string): code is DoctorCause {
  return Object.hasOwn(doctorCauses, code);
}

/** One cause found on a server, in the form of all findings. `evidence` names the checks that say so; codes of the catalogue bring leg and actor themselves. */
export function doctorFinding(server: Server, code: DoctorCode, evidence: string, args: Finding['args'] = {}, ports: readonly number[] = []): Finding {
  const own = isErrorCode(code) ? catalogue[code] : owners[server];
  const cause: Cause | undefined = isDoctorCause(code) ? doctorCauses[code] : undefined;
  return { code, args, leg: cause?.leg ?? own.leg, actor: own.actor, ports: [...ports], evidence: [evidence] };
}

/** Most likely cause first; what no rank is known of comes in the order in which it was found, after the rest. */
export function rankedFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ code }: Finding): number => (isDoctorCause(code) ? doctorCauses[code].rank : isShared(code) ? shared[code] : 35);
  return findings.toSorted((a, b) => rank(b) - rank(a));
}

function isShared(code: string): code is keyof typeof shared {
  return Object.hasOwn(shared, code);
}
