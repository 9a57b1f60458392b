import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { SignedAuditHead } from '../shared/audit-head.ts';
import type { UserId } from '../shared/ids.ts';
import { Access } from './access-rules/access.ts';
import { AccessTrials } from './access-rules/access-trials.ts';
import { accessRuleRoutes } from './access-rules/access-rule-routes.ts';
import { AuditChain } from './audit/audit-chain.ts';
import { AuditHeads } from './audit/audit-heads.ts';
import { AuditLog } from './audit/audit-log.ts';
import { AuditReader } from './audit/audit-reader.ts';
import { auditRoutes } from './audit/audit-routes.ts';
import { ErrorLog } from './audit/error-log.ts';
import type { Clock } from './clock.ts';
import type { Configuration } from './configuration/configuration.ts';
import { credentialRoutes } from './credentials/credential-routes.ts';
import { CredentialSeal } from './credentials/credential-seal.ts';
import { TargetCredentials } from './credentials/target-credentials.ts';
import { sentReportRoutes } from './diagnostics/diagnostics-routes.ts';
import { SentReports } from './diagnostics/sent-reports.ts';
import type { KeysInForce } from './keys/keys-in-force.ts';
import { ServiceKeyRotation } from './keys/service-key-rotation.ts';
import { serviceKeyRoutes } from './keys/service-key-routes.ts';
import type { ServiceKeys } from './keys/service-keys.ts';
import type { Log } from './logging/log.ts';
import { Metrics } from './metrics/metrics.ts';
import { Notice } from './notices/notice.ts';
import { Inventory } from './resources/inventory.ts';
import { segmentRoutes } from './gateways/segment-routes.ts';
import { SegmentRenaming } from './gateways/segment-renaming.ts';
import { resourceRoutes } from './resources/resource-routes.ts';
import { ResourceTags } from './resources/resource-tags.ts';
import { Resources } from './resources/resources.ts';
import { ClientSessions, type SessionsEnded } from './sign-in/client-sessions.ts';
import { OneTimeSignIns } from './sign-in/one-time-sign-ins.ts';
import { SignIn } from './sign-in/sign-in.ts';
import { SignInFailures } from './sign-in/sign-in-failures.ts';
import { SignInNonces } from './sign-in/sign-in-nonces.ts';
import { signInRoutes } from './sign-in/sign-in-routes.ts';
import type { Store } from './store/database.ts';
import { systemRoutes } from './system/system-routes.ts';
import { UpdateFolder } from './updates/update-folder.ts';
import { updateRoutes } from './updates/update-routes.ts';
import { Accounts, type UserRevoked } from './users/accounts.ts';
import { removeFirstPassword } from './users/first-administrator.ts';
import { Passwords } from './users/password.ts';
import { userRoutes } from './users/user-routes.ts';

/** What the core is made of: all of it opened by the caller, who closes it. */
export interface CoreInput {
  readonly folder: string;
  readonly configuration: Configuration;
  /** Of the database server in use, null for the embedded database. May hold a password: never log it. */
  readonly databaseUrl: string | null;
  readonly store: Store;
  /** As they were opened: what is rotated meanwhile is in `keysInForce`. */
  readonly keys: ServiceKeys;
  readonly keysInForce: KeysInForce;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** Makes the subjects of the service's core, without starting any: for `start` and for commands alike. */
export function composeCore({ folder, configuration, store, keys, keysInForce, clock, log, version }: CoreInput) {
  const { database } = store;
  const listen: Store['listen'] = (channel, heard) => store.listen(channel, heard);
  const listenerFailed = (error: unknown): void => log.error('a listener of a notice failed', { error });
  const userRevoked = new Notice<UserRevoked>(listenerFailed);
  const sessionsEnded = new Notice<SessionsEnded>(listenerFailed);
  const accessChanged = new Notice<{ userId: UserId | null }>(listenerFailed);
  const inventoryChanged = new Notice<void>(listenerFailed);
  const headSigned = new Notice<SignedAuditHead>(listenerFailed);

  const metrics = new Metrics();
  const auditLog = new AuditLog(clock);
  const errorLog = new ErrorLog(clock);
  const auditChain = new AuditChain(database);
  const auditHeads = new AuditHeads({ database, clock, signing: keys.signing, headSigned });
  const auditReader = new AuditReader(database);
  const sentReports = new SentReports({ database, clock, auditLog, reader: auditReader, randomBytes });

  const passwords = new Passwords();
  const failures = new SignInFailures({ database, clock });
  const nonces = new SignInNonces({ database, clock, masterKey: keys.masterKey });
  const oneTimeSignIns = new OneTimeSignIns(clock);
  const clientSessions = new ClientSessions({ database, clock, limits: { maxMs: configuration.sessionMaxHours * 3_600_000, idleMs: configuration.sessionIdleMinutes * 60_000 } });
  const accounts = new Accounts({ database, auditLog, clock, passwords, sessions: clientSessions, failures, revoked: userRevoked, accessChanged });
  const signIn = new SignIn({ database, auditLog, errorLog, clock, passwords, nonces, failures, oneTimeSignIns, sessions: clientSessions, signedInWithPassword: (user) => removeFirstPassword(folder, user) });

  const inventory = new Inventory({ database, listen, changed: inventoryChanged });
  const resources = new Resources({ database, auditLog, clock, inventory });
  const resourceTags = new ResourceTags({ resources, auditLog, clock });
  const segmentRenaming = new SegmentRenaming({ resources, auditLog, clock });
  const access = new Access({ database, listen, inventory, auditLog, clock, changed: accessChanged });
  const seal = new CredentialSeal(keys.masterKey);
  const credentials = new TargetCredentials({ database, auditLog, clock, seal });
  const keyRotation = new ServiceKeyRotation({ database, audit: auditLog, clock, seal, keys: keysInForce });

  return {
    folder, configuration, store, database, keys, keysInForce, keyRotation, clock, log, version, metrics,
    userRevoked, sessionsEnded, accessChanged, inventoryChanged, headSigned,
    auditLog, errorLog, auditChain, auditHeads, auditReader, sentReports,
    passwords, failures, nonces, oneTimeSignIns, clientSessions, accounts,
    inventory, resources, resourceTags, segmentRenaming, access, credentials,
    routes: {
      ...systemRoutes({ clock, database, version, oldestClient: configuration.oldestClient, embedded: configuration.embedded, recordingsFolder: join(folder, 'recordings') }),
      ...signInRoutes({ signIn, accounts }),
      ...userRoutes(accounts),
      ...resourceRoutes({ inventory, access, resources, tags: resourceTags, auditLog, database }),
      ...segmentRoutes(segmentRenaming),
      ...accessRuleRoutes(access, new AccessTrials({ access, database, clock })),
      ...credentialRoutes(credentials),
      ...serviceKeyRoutes({ rotation: keyRotation, keys: keysInForce }),
      ...sentReportRoutes(sentReports),
      ...updateRoutes(new UpdateFolder(resolve(folder, configuration.updatesFolder))),
      ...auditRoutes({ reader: auditReader, heads: auditHeads, auditLog, database, signingKey: keys.signing.publicKey }),
    },
  };
}

/** Everything of the core that other subjects and commands may ask for. */
export type Core = ReturnType<typeof composeCore>;
