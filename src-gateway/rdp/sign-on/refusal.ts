import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';

/** What Windows says of an account that it does not let in (MS-ERREF 2.3.1): each has somebody else who must act. */
const REFUSALS: ReadonlyMap<number, ErrorCode> = new Map([
  // STATUS_ACCOUNT_LOCKED_OUT
  [0xc000_0234, 'target.account-locked'],
  // STATUS_ACCOUNT_DISABLED, STATUS_ACCOUNT_EXPIRED
  [0xc000_0072, 'target.account-disabled'],
  [0xc000_0193, 'target.account-disabled'],
  // STATUS_PASSWORD_EXPIRED, STATUS_PASSWORD_MUST_CHANGE
  [0xc000_0071, 'target.password-expired'],
  [0xc000_0224, 'target.password-expired'],
  // STATUS_INVALID_LOGON_HOURS, STATUS_INVALID_WORKSTATION, STATUS_ACCOUNT_RESTRICTION, STATUS_LOGON_TYPE_NOT_GRANTED
  [0xc000_006f, 'target.logon-not-allowed'],
  [0xc000_0070, 'target.logon-not-allowed'],
  [0xc000_006e, 'target.logon-not-allowed'],
  [0xc000_015b, 'target.logon-not-allowed'],
]);

/** The error for an NTSTATUS of a sign-on; a wrong name or password, and whatever else there is, is `target.sign-on-refused`. */
export function refusalOf(status: number | undefined): MavisError {
  return new MavisError((status === undefined ? undefined : REFUSALS.get(status)) ?? 'target.sign-on-refused');
}
