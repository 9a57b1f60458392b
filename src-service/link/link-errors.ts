import { isErrorCode, type ErrorArgs, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** Why a link cannot be used, as far as the gateway's own answer did not say. */
export type LinkFault = 'unreachable' | 'time-out' | 'pin-mismatch' | 'failed';

const codes = {
  unreachable: 'gateway.link-unreachable',
  'time-out': 'gateway.link-time-out',
  'pin-mismatch': 'gateway.link-pin-mismatch',
  failed: 'gateway.link-failed',
} as const satisfies Record<LinkFault, ErrorCode>;

/** The catalogue's error of leg L3 for a fault of the link to `gatewayName`. */
export function linkError(fault: LinkFault, gatewayName: string, cause?: unknown): MavisError {
  return new MavisError(codes[fault], { gateway: gatewayName }, { cause });
}

/** What of the way through the default gateway (rule 8) stands between the service and a gateway behind it. */
const behindCodes: ReadonlySet<ErrorCode> = new Set(['gateway.default-missing', 'gateway.default-away', 'gateway.not-behind-default'] as const);

/** Whether an error says that the link does not carry now, as against an answer of the gateway. */
export function isLinkFault(code: ErrorCode): boolean {
  return code.startsWith('gateway.link-') || behindCodes.has(code);
}

const unreachableCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EHOSTDOWN', 'ENETDOWN']);

/** What a socket's error means: nothing listens or no way there, no answer in time, or a link that broke. */
export function faultOf(error: unknown): LinkFault {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (unreachableCodes.has(code)) return 'unreachable';
  return code === 'ETIMEDOUT' ? 'time-out' : 'failed';
}

/** The error that a gateway answered with; a code that this version does not know is a failed link, with the code as its cause. */
export function answeredError(code: string, args: ErrorArgs, gatewayName: string): MavisError {
  if (!isErrorCode(code)) return linkError('failed', gatewayName, new Error(`unknown code from the gateway: ${code.slice(0, 100)}`));
  return new MavisError(code, { gateway: gatewayName, ...args });
}
