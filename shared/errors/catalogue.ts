/** The leg of the way that an error speaks of: L1 client to service, L2 client to gateway, L3 service to gateway, L4 gateway to target; or a program itself. */
export type Leg = 'L1' | 'L2' | 'L3' | 'L4' | 'client' | 'service' | 'gateway';
/** Who must act so that it works again. */
export type Actor = 'you' | 'your-it' | 'helpdesk' | 'gateway-administrator' | 'target-administrator' | 'nobody';

export interface CatalogueEntry {
  /** The status with which the service answers where it is the service that refuses. */
  readonly httpStatus: number;
  readonly leg: Leg;
  readonly actor: Actor;
  /** Whether a connection that failed so is tried on another gateway (rule 4): never once a credential was sent. */
  readonly anotherGateway: boolean;
  /** Names of the arguments that the texts take. */
  readonly args: readonly string[];
}

function entry(httpStatus: number, leg: Leg, actor: Actor, args: readonly string[] = [], anotherGateway = false): CatalogueEntry {
  return { httpStatus, leg, actor, anotherGateway, args };
}

/**
 * The one table of errors. Texts in three languages stand under `error.<code>.message` and `error.<code>.remedy` in
 * `shared/languages/`; `docs/errors.md` is made from both. A code never changes its meaning.
 */
export const catalogue = {
  internal: entry(500, 'service', 'helpdesk'),
  'request.invalid': entry(400, 'L1', 'nobody', ['field']),
  'request.too-large': entry(413, 'L1', 'nobody'),
  'request.not-found': entry(404, 'L1', 'nobody'),
  'request.conflict': entry(409, 'service', 'nobody', ['what']),
  'request.too-many': entry(429, 'L1', 'you', ['seconds']),
  'request.signature-invalid': entry(401, 'L1', 'you'),

  'sign-in.failed': entry(401, 'L1', 'you'),
  'sign-in.locked': entry(423, 'L1', 'helpdesk', ['minutes']),
  'sign-in.expired': entry(403, 'L1', 'helpdesk'),
  'sign-in.disabled': entry(403, 'L1', 'helpdesk'),
  'sign-in.required': entry(401, 'L1', 'you'),
  'sign-in.password-must-change': entry(403, 'L1', 'you'),
  'sign-in.one-time-invalid': entry(401, 'L1', 'you'),
  'sign-in.clock-differs': entry(401, 'L1', 'you', ['seconds']),
  'password.wrong': entry(403, 'L1', 'you'),
  'password.too-weak': entry(400, 'L1', 'you', ['characters']),

  'access.denied': entry(403, 'service', 'helpdesk'),
  'access.outside-hours': entry(403, 'service', 'helpdesk', ['from']),
  'access.protocol-not-allowed': entry(403, 'service', 'helpdesk', ['protocol']),
  'access.foreign-client-not-allowed': entry(403, 'service', 'helpdesk'),
  'resource.unknown': entry(404, 'service', 'helpdesk'),
  'resource.protocol-unknown': entry(400, 'service', 'target-administrator', ['protocol']),
  'resource.no-credential': entry(409, 'service', 'target-administrator'),
  'credential.in-use': entry(409, 'service', 'nobody', ['count', 'names']),
  'credential.key-unreadable': entry(400, 'service', 'target-administrator'),

  'service.unreachable': entry(503, 'L1', 'your-it', ['address']),
  'service.name-unknown': entry(503, 'L1', 'your-it', ['address']),
  'service.time-out': entry(504, 'L1', 'your-it', ['address']),
  'service.certificate-untrusted': entry(502, 'L1', 'your-it', ['issuer']),
  'service.pin-mismatch': entry(502, 'L1', 'your-it', ['seen']),
  'service.answer-invalid': entry(502, 'L1', 'helpdesk'),
  'service.client-too-old': entry(426, 'L1', 'your-it', ['version']),
  'service.database-unavailable': entry(503, 'service', 'helpdesk'),
  'service.data-folder-in-use': entry(503, 'service', 'helpdesk', ['process']),
  'service.key-step': entry(409, 'service', 'gateway-administrator'),
  'service.key-not-acknowledged': entry(409, 'service', 'gateway-administrator', ['gateways', 'count']),
  'service.stopping': entry(503, 'service', 'nobody'),

  'gateway.none-available': entry(503, 'L3', 'gateway-administrator', ['segment']),
  'gateway.segment-unknown': entry(409, 'service', 'gateway-administrator', ['segment']),
  'gateway.no-key': entry(409, 'L3', 'gateway-administrator', ['gateway']),
  'gateway.key-invalid': entry(400, 'service', 'gateway-administrator'),
  'gateway.no-next-key': entry(409, 'gateway', 'gateway-administrator', ['gateway']),
  'gateway.key-not-announced': entry(409, 'gateway', 'gateway-administrator', ['gateway']),
  'gateway.draining': entry(503, 'gateway', 'nobody', ['gateway'], true),
  'gateway.unreachable': entry(503, 'L2', 'your-it', ['gateway'], true),
  'gateway.refused': entry(503, 'L2', 'your-it', ['gateway'], true),
  'gateway.time-out': entry(504, 'L2', 'your-it', ['gateway'], true),
  'gateway.pin-mismatch': entry(502, 'L2', 'your-it', ['gateway'], true),
  'gateway.tls-failed': entry(502, 'L2', 'your-it', ['gateway'], true),
  'gateway.protocol-error': entry(502, 'L2', 'gateway-administrator', ['gateway'], true),
  'gateway.link-unreachable': entry(503, 'L3', 'gateway-administrator', ['gateway'], true),
  'gateway.link-time-out': entry(504, 'L3', 'gateway-administrator', ['gateway'], true),
  'gateway.link-pin-mismatch': entry(502, 'L3', 'gateway-administrator', ['gateway'], true),
  'gateway.link-failed': entry(502, 'L3', 'gateway-administrator', ['gateway'], true),
  'gateway.default-missing': entry(503, 'L3', 'gateway-administrator', ['gateway']),
  'gateway.default-away': entry(503, 'L3', 'gateway-administrator', ['gateway', 'through'], true),
  'gateway.not-behind-default': entry(502, 'L3', 'gateway-administrator', ['gateway', 'through'], true),
  'gateway.port-closed': entry(503, 'gateway', 'gateway-administrator', ['ports'], true),
  'gateway.full': entry(503, 'gateway', 'gateway-administrator', ['gateway'], true),
  'gateway.cannot-record': entry(507, 'gateway', 'gateway-administrator', ['gateway'], true),
  'gateway.spool-low': entry(507, 'gateway', 'gateway-administrator', [], true),
  'gateway.clock-differs': entry(409, 'L3', 'gateway-administrator', ['seconds']),
  'gateway.restarted': entry(503, 'gateway', 'nobody'),
  'gateway.configuration-invalid': entry(400, 'gateway', 'gateway-administrator', ['field']),
  'gateway.identity-conflict': entry(409, 'L3', 'gateway-administrator', ['gateway']),
  'gateway.not-the-service': entry(403, 'L3', 'gateway-administrator', ['gateway']),

  'tunnel.no-default-gateway': entry(503, 'L3', 'gateway-administrator'),
  'tunnel.next-unreachable': entry(502, 'L4', 'gateway-administrator', ['gateway'], true),
  'tunnel.unencrypted-target': entry(403, 'service', 'target-administrator', ['protocol']),

  // Between this computer and both ways, L1 and L2: the network's own proxy. Another gateway may be reachable without it.
  'proxy.unreachable': entry(502, 'client', 'your-it', ['proxy'], true),
  'proxy.time-out': entry(504, 'client', 'your-it', ['proxy'], true),
  'proxy.refused': entry(502, 'client', 'your-it', ['proxy', 'status'], true),
  'proxy.answer-invalid': entry(502, 'client', 'your-it', ['proxy'], true),
  'proxy.scheme-unsupported': entry(502, 'client', 'your-it', ['proxy', 'scheme'], true),
  'proxy.authentication-required': entry(407, 'client', 'you', ['proxy']),
  'proxy.authentication-failed': entry(407, 'client', 'you', ['proxy']),

  'ticket.refused': entry(403, 'L2', 'you'),
  'hello.time-out': entry(408, 'L2', 'your-it'),
  'hello.malformed': entry(400, 'L2', 'nobody'),
  'connect.deadline': entry(504, 'L2', 'helpdesk', ['seconds']),
  'connect.cancelled': entry(499, 'client', 'nobody'),
  'connect.not-used': entry(408, 'client', 'nobody'),
  'connect.no-connected-event': entry(504, 'L4', 'target-administrator'),

  'target.address-forbidden': entry(403, 'L4', 'target-administrator'),
  'target.name-unknown': entry(502, 'L4', 'target-administrator', [], true),
  'target.unreachable': entry(502, 'L4', 'target-administrator', [], true),
  'target.refused': entry(502, 'L4', 'target-administrator', [], true),
  'target.time-out': entry(504, 'L4', 'target-administrator', [], true),
  'target.protocol-error': entry(502, 'L4', 'target-administrator', [], true),
  'target.identity-unknown': entry(409, 'L4', 'target-administrator', ['fingerprint']),
  'target.identity-changed': entry(409, 'L4', 'target-administrator', ['expected', 'seen']),
  'target.identity-not-shown': entry(409, 'L4', 'target-administrator'),
  'target.security-unsupported': entry(502, 'L4', 'target-administrator', ['offered']),
  'target.sign-on-refused': entry(403, 'L4', 'target-administrator'),
  'target.sign-on-cancelled': entry(499, 'client', 'you'),
  'target.no-common-algorithm': entry(502, 'L4', 'target-administrator'),
  'target.no-tls': entry(502, 'L4', 'target-administrator'),
  'target.account-locked': entry(403, 'L4', 'target-administrator'),
  'target.account-disabled': entry(403, 'L4', 'target-administrator'),
  'target.password-expired': entry(403, 'L4', 'target-administrator'),
  'target.logon-not-allowed': entry(403, 'L4', 'target-administrator'),
  'target.redirected': entry(502, 'L4', 'target-administrator'),
  'target.channel-refused': entry(502, 'L4', 'target-administrator'),
  'target.no-terminal': entry(502, 'L4', 'target-administrator'),
  'target.lost': entry(502, 'L4', 'target-administrator'),

  'session.ended': entry(410, 'L4', 'nobody'),
  'session.closed-by-user': entry(410, 'client', 'nobody'),
  'session.terminated': entry(403, 'service', 'helpdesk'),
  'session.terminated-by': entry(403, 'service', 'helpdesk', ['by']),
  'session.user-disabled': entry(403, 'service', 'helpdesk'),
  'session.user-disabled-by': entry(403, 'service', 'helpdesk', ['by']),
  'session.access-changed': entry(403, 'service', 'helpdesk'),
  'session.sign-in-revoked': entry(403, 'service', 'helpdesk'),
  'session.time-limit': entry(403, 'gateway', 'you'),
  'session.idle': entry(403, 'gateway', 'you', ['minutes']),
  'session.not-after': entry(403, 'gateway', 'helpdesk'),
  'session.gateway-lost': entry(503, 'L2', 'your-it', ['gateway']),
  'session.kept-too-much': entry(503, 'gateway', 'gateway-administrator', ['gateway']),
  'session.output-not-taken': entry(403, 'client', 'you', ['minutes']),
  'session.unsupervised': entry(503, 'L3', 'gateway-administrator'),
  'session.recording-failed': entry(507, 'gateway', 'gateway-administrator'),
  'session.protocol-violation': entry(400, 'L2', 'nobody'),
  'session.crashed': entry(500, 'client', 'you'),
  'session.watch-ended': entry(410, 'client', 'nobody'),
  'session.not-running': entry(409, 'service', 'nobody'),
  'session.not-watchable': entry(409, 'service', 'nobody', ['protocol']),
  'session.not-allowed': entry(403, 'gateway', 'helpdesk', ['what']),

  'forwarding.agent-missing': entry(404, 'client', 'you'),
  'forwarding.agent-silent': entry(504, 'client', 'you'),
  'forwarding.display-missing': entry(404, 'client', 'you'),
  'forwarding.display-not-restricted': entry(501, 'client', 'you'),
  'forwarding.refused-by-target': entry(403, 'L4', 'target-administrator'),

  'files.upload-not-allowed': entry(403, 'gateway', 'helpdesk'),
  'files.download-not-allowed': entry(403, 'gateway', 'helpdesk'),
  'files.delete-not-allowed': entry(403, 'gateway', 'helpdesk'),
  'files.path-not-allowed': entry(403, 'gateway', 'helpdesk', ['path']),
  'files.name-not-allowed': entry(403, 'gateway', 'helpdesk', ['pattern']),
  'files.too-large': entry(413, 'gateway', 'helpdesk', ['bytes']),
  'files.links-not-allowed': entry(403, 'gateway', 'helpdesk'),
  'files.extension-not-allowed': entry(501, 'gateway', 'nobody', ['extension']),
  'files.too-many-open': entry(429, 'gateway', 'you'),
  'files.not-found': entry(404, 'L4', 'you'),
  'files.no-permission': entry(403, 'L4', 'target-administrator'),
  'files.no-space': entry(507, 'L4', 'target-administrator'),
  'files.not-taken': entry(507, 'L4', 'target-administrator', ['said']),
  'files.target-failed': entry(502, 'L4', 'target-administrator', ['said']),
  'files.exists': entry(409, 'client', 'you'),
  'files.changed': entry(409, 'client', 'you'),
  'files.clipboard-not-given': entry(502, 'L4', 'you', ['name']),
  'files.clipboard-missing': entry(409, 'L4', 'target-administrator'),
  'files.name-unsafe': entry(400, 'client', 'you'),
  'files.too-deep': entry(413, 'client', 'you'),
  'files.hash-differs': entry(409, 'client', 'you'),
  'files.edit-refused': entry(403, 'client', 'you', ['name']),
  'files.no-editor': entry(500, 'client', 'you'),
  'files.local-missing': entry(404, 'client', 'you'),
  'files.local-permission': entry(403, 'client', 'you'),
  'files.local-space': entry(507, 'client', 'you'),
  'files.local-failed': entry(500, 'client', 'you', ['reason']),

  'recording.evidence-missing': entry(409, 'gateway', 'gateway-administrator'),
  'recording.broken': entry(409, 'service', 'helpdesk', ['frame']),
  'recording.signature-invalid': entry(409, 'service', 'helpdesk'),
  'recording.not-stored': entry(404, 'service', 'nobody'),
  'recording.too-large': entry(413, 'gateway', 'helpdesk'),
  'recording.storage-low': entry(507, 'service', 'helpdesk'),
  'recording.too-long-to-play': entry(413, 'client', 'you'),
  'recording.too-long-to-show': entry(413, 'client', 'nobody'),
  'recording.cannot-be-drawn': entry(422, 'client', 'helpdesk'),
  'recording.no-encoder': entry(501, 'client', 'you'),
  'recording.recovered': entry(409, 'gateway', 'gateway-administrator'),
  'recording.spool-full': entry(507, 'gateway', 'gateway-administrator'),
  'audit.trail-incomplete': entry(409, 'gateway', 'gateway-administrator', ['from', 'to', 'because']),
  'audit.chain-broken': entry(409, 'service', 'helpdesk', ['sequence']),

  'client.secret-store-unavailable': entry(500, 'client', 'your-it'),
  'client.settings-unreadable': entry(500, 'client', 'you'),
  'client.settings-not-imported': entry(400, 'client', 'you'),
  'client.link-refused': entry(400, 'client', 'nobody'),
  'client.managed': entry(403, 'client', 'your-it'),
  'client.policy-unreadable': entry(500, 'client', 'your-it', ['place']),
  'client.policy-untrusted': entry(500, 'client', 'your-it', ['place']),
  'client.policy-refused': entry(500, 'client', 'your-it', ['place', 'keys']),
  'client.file-not-written': entry(500, 'client', 'you', ['reason']),
  'client.key-file-unreadable': entry(400, 'client', 'you'),
  'client.app-not-running': entry(503, 'client', 'you'),
  'client.command-not-trusted': entry(403, 'client', 'your-it', ['path']),
  'client.program-missing': entry(500, 'client', 'you', ['program']),
  'client.resource-ambiguous': entry(409, 'client', 'you', ['name', 'count']),
  'client.port-not-opened': entry(500, 'client', 'your-it', ['reason']),
  'client.foreign-none-came': entry(408, 'client', 'you', ['minutes']),
  'client.foreign-guessed': entry(403, 'client', 'you', ['count']),

  'update.manifest-untrusted': entry(502, 'client', 'your-it'),
  'update.manifest-invalid': entry(502, 'client', 'your-it'),
  'update.feed-expired': entry(502, 'client', 'your-it', ['date']),
  'update.feed-replayed': entry(502, 'client', 'your-it', ['date']),
  'update.downgrade-refused': entry(409, 'client', 'your-it', ['offered', 'installed']),
  'update.feed-refused': entry(502, 'client', 'your-it', ['status']),
  'update.file-wrong': entry(502, 'client', 'your-it', ['file']),
  'update.download-cut': entry(503, 'client', 'nobody'),
  'update.not-stored': entry(507, 'client', 'you', ['reason']),
  'update.not-installed': entry(500, 'client', 'your-it', ['reason']),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
export type ErrorArgs = Readonly<Record<string, string | number>>;

/** Whether a word from outside is a code of the catalogue. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code);
}

/** The code itself, or `internal` for one that this version does not know (a newer service or gateway). */
export function knownErrorCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'internal';
}
