import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';

/** Security types of RFB (RFC 6143 section 7.1.2) that the gateway knows. */
export const securityType = { none: 1, vncAuth: 2, veNCrypt: 19 } as const;

/** How a target proves itself, and how the sign-on is protected. */
export interface Security {
  readonly name: string;
  /** What stands under the sign-on: a certificate, TLS whose other end could be anyone, or nothing. */
  readonly transport: 'certificate' | 'anonymous' | 'plain';
  readonly secret: 'none' | 'password' | 'name-and-password';
}

/** Subtypes of VeNCrypt. `Plain` without TLS (256) would send the password as it is, and is left out. */
const subtypes: ReadonlyMap<number, Security> = new Map([
  [257, { name: 'TLSNone', transport: 'anonymous', secret: 'none' }],
  [258, { name: 'TLSVnc', transport: 'anonymous', secret: 'password' }],
  [259, { name: 'TLSPlain', transport: 'anonymous', secret: 'name-and-password' }],
  [260, { name: 'X509None', transport: 'certificate', secret: 'none' }],
  [261, { name: 'X509Vnc', transport: 'certificate', secret: 'password' }],
  [262, { name: 'X509Plain', transport: 'certificate', secret: 'name-and-password' }],
]);
export const noneSecurity: Security = { name: 'None', transport: 'plain', secret: 'none' };
export const vncAuthSecurity: Security = { name: 'VncAuth', transport: 'plain', secret: 'password' };

/** Names for people, of what a server may offer: so that an administrator sees why it is not enough. */
const names: ReadonlyMap<number, string> = new Map([
  [1, 'None'],
  [2, 'VncAuth'],
  [5, 'RA2'],
  [6, 'RA2ne'],
  [13, 'RealVNC'],
  [16, 'Tight'],
  [18, 'TLS'],
  [19, 'VeNCrypt'],
  [30, 'Apple'],
  [35, 'Apple'],
  [113, 'MS-Logon II'],
  [129, 'RA2-256'],
  [133, 'RealVNC'],
]);

type Rules = Pick<TargetGrant['target'], 'identities' | 'allowAnonymousTls' | 'identityRequired'>;
type TypeRules = Rules & Pick<TargetGrant['target'], 'allowUnencrypted'>;

function isKnown({ identities, identityRequired }: Rules): boolean {
  return identityRequired && identities.length > 0;
}

/** Security types that a server offers, as words. */
export function securityNames(offered: readonly number[]): string {
  return offered.map((type) => names.get(type) ?? String(type)).join(', ');
}

/** Subtypes of VeNCrypt as words. */
export function subtypeNames(offered: readonly number[]): string {
  return offered.map((type) => subtypes.get(type)?.name ?? (type === 256 ? 'Plain' : String(type))).join(', ');
}

/**
 * The security type to ask for, of those offered. A target whose certificate is known shows it or is not that target (A15). Of one
 * whose certificate nobody has confirmed, VeNCrypt is worth no more than VncAuth, and could not be left again where it offers
 * nothing but TLS without a certificate. Where nothing may run in clear, neither does the sign-on: what answers a challenge of
 * VncAuth gives the password to whoever listens and has time. Throws `target.security-unsupported`, `target.identity-not-shown`,
 * `tunnel.unencrypted-target`.
 */
export function chooseSecurityType(offered: readonly number[], rules: TypeRules): number {
  const { veNCrypt, vncAuth, none } = securityType;
  const choices = isKnown(rules) || !rules.allowUnencrypted ? [veNCrypt] : rules.allowAnonymousTls ? [veNCrypt, vncAuth, none] : [vncAuth, veNCrypt, none];
  const chosen = choices.find((type) => offered.includes(type));
  if (chosen !== undefined) return chosen;
  if (isKnown(rules)) throw new MavisError('target.identity-not-shown');
  if (!rules.allowUnencrypted && (offered.includes(vncAuth) || offered.includes(none))) throw new MavisError('tunnel.unencrypted-target', { protocol: 'vnc' });
  throw new MavisError('target.security-unsupported', { offered: securityNames(offered) });
}

/** The subtype of VeNCrypt to ask for: with a certificate before without, and among equals as the server orders them. Undefined where none may be used. */
export function chooseSubtype(offered: readonly number[], rules: Rules): { readonly subtype: number; readonly security: Security } | undefined {
  const known = offered.flatMap((subtype) => {
    const security = subtypes.get(subtype);
    return security === undefined ? [] : [{ subtype, security }];
  });
  const certified = known.find(({ security }) => security.transport === 'certificate');
  if (certified !== undefined || isKnown(rules) || !rules.allowAnonymousTls) return certified;
  return known.find(({ security }) => security.transport === 'anonymous');
}
