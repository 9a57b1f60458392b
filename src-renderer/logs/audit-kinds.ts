/** Kinds of audit entries that the filter suggests; others can be typed. */
export const auditKinds: readonly string[] = [
  'access-rule.changed', 'access-rule.created', 'access-rule.removed',
  'audit.exported', 'audit.trail-incomplete', 'audit.verified', 'error-log.exported',
  'connection.asked', 'connection.connected', 'connection.contradicted', 'connection.ended', 'connection.failed', 'connection.granted', 'connection.identity-seen', 'connection.not-used', 'connection.terminate-asked', 'connection.ticket-refused', 'connection.watch-asked', 'connection.watch-began', 'connection.watch-ended',
  'credential.changed', 'credential.created', 'credential.removed', 'credential.replaced',
  'diagnosis.report-opened', 'diagnosis.report-sent',
  'foreign-client.let-in', 'foreign-client.refused',
  'gateway.changed', 'gateway.ejected', 'gateway.key-entered', 'gateway.peer-refused', 'gateway.registered', 'gateway.removed', 'gateway.restored', 'gateway.started', 'gateway.state-changed', 'gateway.stopped', 'gateway.unexpected-event', 'gateway.unknown-event',
  'recording.exported', 'recording.played', 'recording.stored', 'recording.verified',
  'resource.changed', 'resource.connection-tested', 'resource.created', 'resource.exported', 'resource.imported', 'resource.removed',
  'service.peer-refused',
  'sign-in.locked', 'sign-in.refused', 'sign-in.succeeded', 'sign-out.done',
  'user.changed', 'user.created', 'user.disabled', 'user.enabled', 'user.expired', 'user.password-changed', 'user.password-reset', 'user.tokens-revoked', 'user.unlocked',
];
