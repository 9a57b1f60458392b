import { sql } from 'drizzle-orm';
import { bigint, boolean, customType, doublePrecision, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { AccessRuleFields } from '../../shared/api/access-rules.ts';
import type { GatewayState, GatewayStatus } from '../../shared/api/gateways.ts';
import type { ConnectionRecord, TriedGateway } from '../../shared/api/connections.ts';
import type { RecordingState } from '../../shared/api/recordings.ts';
import type { OperatingSystem, ResourceFields } from '../../shared/api/resources.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { PortPreference } from '../../shared/gateway-configuration.ts';
import type { AccessRuleId, ConnectionId, ConnectionReference, CredentialId, GatewayId, Protocol, RecordingId, ResourceId, UserId } from '../../shared/ids.ts';
import type { JournalEvent } from '../../shared/link/messages.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';

/** The tables of `migrations/`, as Drizzle sees them; a test compares the two column by column. */

const instantColumn = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
const countColumn = (name: string) => bigint(name, { mode: 'number' });
/** A transaction's number: compared in SQL only. */
const transactionNumber = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });

export const users = pgTable('users', {
  id: uuid('id').$type<UserId>().primaryKey(),
  name: text('name').notNull(),
  nameKey: text('name_key').notNull(),
  displayName: text('display_name').notNull(),
  role: text('role').$type<Role>().notNull(),
  passwordHash: text('password_hash'),
  mustChangePassword: boolean('must_change_password').notNull().default(false),
  expiresAt: instantColumn('expires_at'),
  expiryDoneAt: instantColumn('expiry_done_at'),
  disabledAt: instantColumn('disabled_at'),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
  lastSignInAt: instantColumn('last_sign_in_at'),
});

export const clientSessions = pgTable('client_sessions', {
  tokenSha256: text('token_sha256').primaryKey(),
  userId: uuid('user_id').$type<UserId>().notNull(),
  clientKey: text('client_key').notNull(),
  clientKeyThumbprint: text('client_key_thumbprint').notNull(),
  via: text('via').$type<'password' | 'one-time'>().notNull(),
  address: text('address').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  lastUsedAt: instantColumn('last_used_at').notNull(),
  expiresAt: instantColumn('expires_at').notNull(),
  revokedAt: instantColumn('revoked_at'),
  revokedCode: text('revoked_code'),
});

export const signInFailures = pgTable('sign_in_failures', {
  nameKey: text('name_key').primaryKey(),
  failures: integer('failures').notNull(),
  firstAt: instantColumn('first_at').notNull(),
  lockedUntil: instantColumn('locked_until'),
});

export const usedNonces = pgTable('used_nonces', {
  nonceSha256: text('nonce_sha256').primaryKey(),
  expiresAt: instantColumn('expires_at').notNull(),
});

export const credentials = pgTable('credentials', {
  id: uuid('id').$type<CredentialId>().primaryKey(),
  name: text('name').notNull(),
  kind: text('kind').$type<'password' | 'private-key'>().notNull(),
  userName: text('user_name').notNull(),
  sealed: text('sealed').notNull(),
  keyVersion: integer('key_version').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
});

export const inventoryRevision = pgTable('inventory_revision', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  revision: countColumn('revision').notNull(),
});

export const resources = pgTable('resources', {
  id: uuid('id').$type<ResourceId>().primaryKey(),
  name: text('name').notNull(),
  address: text('address').notNull(),
  protocols: jsonb('protocols').$type<ResourceFields['protocols']>().notNull(),
  operatingSystem: text('operating_system').$type<OperatingSystem>().notNull(),
  description: text('description').notNull(),
  identities: jsonb('identities').$type<string[]>().notNull(),
  tags: jsonb('tags').$type<string[]>().notNull(),
  credentialId: uuid('credential_id').$type<CredentialId>(),
  allowSpecialAddress: boolean('allow_special_address').notNull(),
  allowUnencryptedTunnel: boolean('allow_unencrypted_tunnel').notNull().default(false),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
  removedAt: instantColumn('removed_at'),
  revision: countColumn('revision').notNull(),
});

export const accessRules = pgTable('access_rules', {
  id: uuid('id').$type<AccessRuleId>().primaryKey(),
  name: text('name').notNull(),
  subjectKind: text('subject_kind').$type<'role' | 'user'>().notNull(),
  subjectRole: text('subject_role').$type<Role>(),
  subjectUserId: uuid('subject_user_id').$type<UserId>(),
  filter: text('filter').notNull(),
  protocols: jsonb('protocols').$type<Protocol[]>().notNull(),
  windows: jsonb('windows').$type<AccessRuleFields['windows']>().notNull(),
  startsAt: instantColumn('starts_at'),
  endsAt: instantColumn('ends_at'),
  signOn: text('sign_on').$type<'stored' | 'ask-user'>().notNull(),
  tunnel: text('tunnel').$type<AccessRuleFields['tunnel']>().notNull().default('system'),
  policy: jsonb('policy').$type<SessionPolicy>().notNull(),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
});

export const gateways = pgTable('gateways', {
  id: uuid('id').$type<GatewayId>().primaryKey(),
  name: text('name').notNull(),
  segment: text('segment'),
  host: text('host').notNull(),
  linkPort: integer('link_port').notNull(),
  reachedThrough: text('reached_through').$type<'direct' | 'default'>().notNull().default('direct'),
  proxyPorts: jsonb('proxy_ports').$type<number[]>().notNull(),
  portPreference: jsonb('port_preference').$type<PortPreference>().notNull(),
  over443: boolean('over_443').notNull().default(true),
  tlsKey: text('tls_key'),
  signingKey: text('signing_key'),
  nextTlsKey: text('next_tls_key'),
  nextSigningKey: text('next_signing_key'),
  formerSigningKeys: jsonb('former_signing_keys').$type<string[]>().notNull().default([]),
  keysChangedAt: instantColumn('keys_changed_at'),
  serviceKeysToldAt: instantColumn('service_keys_told_at'),
  state: text('state').$type<GatewayState>().notNull().default('pending'),
  stateCode: text('state_code'),
  stateDetail: text('state_detail').notNull().default(''),
  stateChangedAt: instantColumn('state_changed_at').notNull(),
  confirmedAt: instantColumn('confirmed_at'),
  ejectedAt: instantColumn('ejected_at'),
  draining: boolean('draining').notNull().default(false),
  disabled: boolean('disabled').notNull().default(false),
  sessions: integer('sessions'),
  version: text('version'),
  roundTripMs: doublePrecision('round_trip_ms'),
  clockDifferenceMs: doublePrecision('clock_difference_ms'),
  ports: jsonb('ports').$type<GatewayStatus['ports']>().notNull().default([]),
  loadCpu: doublePrecision('load_cpu'),
  loadMemoryBytes: countColumn('load_memory_bytes'),
  leaseHolder: text('lease_holder'),
  leaseEpoch: countColumn('lease_epoch').notNull().default(0),
  journal: integer('journal').notNull().default(0),
  journalCursor: countColumn('journal_cursor').notNull().default(0),
  journalHash: text('journal_hash'),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
  removedAt: instantColumn('removed_at'),
});

/** Instances of the service that were heard lately (rule 17). */
export const serviceInstances = pgTable('service_instances', {
  holder: text('holder').primaryKey(),
  heardAt: instantColumn('heard_at').notNull(),
});

export const gatewayHistory = pgTable('gateway_history', {
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  at: instantColumn('at').notNull(),
  state: text('state').$type<GatewayState>().notNull(),
  code: text('code'),
  ordinal: countColumn('ordinal').generatedAlwaysAsIdentity().primaryKey(),
});

export const diagnosisReports = pgTable('diagnosis_reports', {
  reference: text('reference').$type<ConnectionReference>().primaryKey(),
  userId: uuid('user_id').$type<UserId>().notNull(),
  userName: text('user_name').notNull(),
  sentAt: instantColumn('sent_at').notNull(),
  findings: text('findings').array().notNull(),
  reportText: text('report_text').notNull(),
  reportJson: text('report_json').notNull(),
  ordinal: countColumn('ordinal').generatedAlwaysAsIdentity(),
});

export const journalEvents = pgTable('journal_events', {
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  journal: integer('journal').notNull(),
  sequence: countColumn('sequence').notNull(),
  at: instantColumn('at').notNull(),
  kind: text('kind').$type<JournalEvent['kind']>().notNull(),
  connectionId: uuid('connection_id').$type<ConnectionId>(),
  reference: text('reference').$type<ConnectionReference>(),
  facts: jsonb('facts').$type<JournalEvent['facts']>().notNull(),
  hash: text('hash').notNull(),
  receivedAt: instantColumn('received_at').notNull(),
}, (table) => [primaryKey({ columns: [table.gatewayId, table.journal, table.sequence] })]);

export const connections = pgTable('connections', {
  id: uuid('id').$type<ConnectionId>().primaryKey(),
  reference: text('reference').$type<ConnectionReference>().notNull(),
  userId: uuid('user_id').$type<UserId>().notNull(),
  userName: text('user_name').notNull(),
  resourceId: uuid('resource_id').$type<ResourceId>().notNull(),
  resourceName: text('resource_name').notNull(),
  protocol: text('protocol').$type<Protocol>().notNull(),
  accessRuleId: uuid('access_rule_id').$type<AccessRuleId>(),
  tokenSha256: text('token_sha256').notNull(),
  clientKeyThumbprint: text('client_key_thumbprint').notNull(),
  gatewayId: uuid('gateway_id').$type<GatewayId>(),
  gatewayName: text('gateway_name'),
  segment: text('segment'),
  tunnel: boolean('tunnel').notNull().default(false),
  firstGatewayId: uuid('first_gateway_id').$type<GatewayId>(),
  firstGatewayName: text('first_gateway_name'),
  policy: jsonb('policy').$type<SessionPolicy>().notNull(),
  foreignClient: boolean('foreign_client').notNull().default(false),
  state: text('state').$type<ConnectionRecord['state']>().notNull(),
  code: text('code'),
  askedAt: instantColumn('asked_at').notNull(),
  deadlineAt: instantColumn('deadline_at').notNull(),
  grantedAt: instantColumn('granted_at'),
  grantExpiresAt: instantColumn('grant_expires_at'),
  notAfter: instantColumn('not_after').notNull(),
  connectedAt: instantColumn('connected_at'),
  endedAt: instantColumn('ended_at'),
  finalAt: instantColumn('final_at'),
  claimOutcome: text('claim_outcome'),
  claimCode: text('claim_code'),
  claimAt: instantColumn('claim_at'),
  terminateAskedAt: instantColumn('terminate_asked_at'),
  terminateAskedBy: text('terminate_asked_by'),
  terminateCode: text('terminate_code'),
  terminateConfirmedAt: instantColumn('terminate_confirmed_at'),
  endFacts: jsonb('end_facts').$type<Record<string, string | number | boolean | null>>().notNull().default({}),
});

export const connectionForwards = pgTable('connection_forwards', {
  ticketSha256: text('ticket_sha256').primaryKey(),
  connectionId: uuid('connection_id').$type<ConnectionId>().notNull(),
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  gatewayName: text('gateway_name').notNull(),
  nextGatewayId: uuid('next_gateway_id').$type<GatewayId>().notNull(),
  nextGatewayName: text('next_gateway_name').notNull(),
  grantedAt: instantColumn('granted_at').notNull(),
  forwardedAt: instantColumn('forwarded_at'),
  endedAt: instantColumn('ended_at'),
});

export const tunnelSettings = pgTable('tunnel_settings', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  enabled: boolean('enabled').notNull(),
  defaultGatewayId: uuid('default_gateway_id').$type<GatewayId>(),
  defaultSegment: text('default_segment'),
  changedAt: instantColumn('changed_at').notNull(),
});

export const connectionTries = pgTable('connection_tries', {
  connectionId: uuid('connection_id').$type<ConnectionId>().notNull(),
  ordinal: integer('ordinal').notNull(),
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  gatewayName: text('gateway_name').notNull(),
  leg: text('leg').$type<TriedGateway['leg']>().notNull(),
  code: text('code').notNull(),
  milliseconds: doublePrecision('milliseconds').notNull(),
  reportedBy: text('reported_by').$type<'service' | 'client' | 'gateway'>().notNull(),
  at: instantColumn('at').notNull(),
}, (table) => [primaryKey({ columns: [table.connectionId, table.ordinal] })]);

export const pendingTerminations = pgTable('pending_terminations', {
  id: uuid('id').primaryKey(),
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  targetKind: text('target_kind').$type<'connection' | 'user' | 'watcher'>().notNull(),
  targetId: uuid('target_id').notNull(),
  code: text('code').notNull(),
  askedBy: text('asked_by'),
  askedAt: instantColumn('asked_at').notNull(),
  confirmedAt: instantColumn('confirmed_at'),
});

export const recordings = pgTable('recordings', {
  id: uuid('id').$type<RecordingId>().primaryKey(),
  connectionId: uuid('connection_id').$type<ConnectionId>().notNull(),
  reference: text('reference').$type<ConnectionReference>().notNull(),
  userId: uuid('user_id').$type<UserId>().notNull(),
  userName: text('user_name').notNull(),
  resourceId: uuid('resource_id').$type<ResourceId>().notNull(),
  resourceName: text('resource_name').notNull(),
  protocol: text('protocol').$type<Protocol>().notNull(),
  gatewayId: uuid('gateway_id').$type<GatewayId>().notNull(),
  gatewayName: text('gateway_name').notNull(),
  startedAt: instantColumn('started_at').notNull(),
  endedAt: instantColumn('ended_at'),
  durationMs: countColumn('duration_ms'),
  sizeBytes: countColumn('size_bytes').notNull().default(0),
  state: text('state').$type<RecordingState>().notNull(),
  code: text('code'),
  sha256: text('sha256'),
  headFrames: countColumn('head_frames').notNull().default(0),
  headHash: text('head_hash'),
  pulledBytes: countColumn('pulled_bytes').notNull().default(0),
  storedPath: text('stored_path'),
  storedAt: instantColumn('stored_at'),
  releasedAt: instantColumn('released_at'),
});

export const serviceKeys = pgTable('service_keys', {
  id: uuid('id').primaryKey(),
  kind: text('kind').$type<'tls' | 'link' | 'signing' | 'recording'>().notNull(),
  publicKey: text('public_key').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  retiredAt: instantColumn('retired_at'),
});

export const serviceKeyRotations = pgTable('service_key_rotations', {
  id: uuid('id').primaryKey(),
  stage: text('stage').$type<'announced' | 'switched' | 'finished'>().notNull(),
  formerTlsKey: text('former_tls_key').notNull(),
  formerLinkKey: text('former_link_key').notNull(),
  tlsKey: text('tls_key').notNull(),
  linkKey: text('link_key').notNull(),
  sealed: text('sealed').notNull(),
  statedAt: instantColumn('stated_at').notNull(),
  beganAt: instantColumn('began_at').notNull(),
  switchedAt: instantColumn('switched_at'),
  finishedAt: instantColumn('finished_at'),
});

export const auditEntries = pgTable('audit_entries', {
  id: uuid('id').primaryKey(),
  at: instantColumn('at').notNull(),
  kind: text('kind').notNull(),
  actorKind: text('actor_kind').$type<'user' | 'service' | 'gateway' | 'command-line'>().notNull(),
  actorId: text('actor_id'),
  actorName: text('actor_name').notNull(),
  reference: text('reference'),
  facts: text('facts').notNull(),
  ordinal: countColumn('ordinal').generatedAlwaysAsIdentity(),
  transactionId: transactionNumber('transaction_id').notNull().generatedAlwaysAs('pg_current_xact_id()'),
  userId: text('user_id').generatedAlwaysAs(sql`facts::jsonb ->> 'userId'`),
  resourceId: text('resource_id').generatedAlwaysAs(sql`facts::jsonb ->> 'resourceId'`),
  gatewayId: text('gateway_id').generatedAlwaysAs(sql`facts::jsonb ->> 'gatewayId'`),
  segment: text('segment').generatedAlwaysAs(sql`facts::jsonb ->> 'segment'`),
  code: text('code').generatedAlwaysAs(sql`facts::jsonb ->> 'code'`),
  /** Words and names of the entry: see the migration. */
  searchText: text('search_text').generatedAlwaysAs(sql`kind || ' ' || facts`),
});

export const auditChain = pgTable('audit_chain', {
  seq: countColumn('seq').primaryKey(),
  entryId: uuid('entry_id').notNull(),
  hash: text('hash').notNull(),
});

export const auditHeads = pgTable('audit_heads', {
  seq: countColumn('seq').notNull(),
  hash: text('hash').notNull(),
  signedAt: instantColumn('signed_at').notNull(),
  signature: text('signature').notNull(),
  signingKey: text('signing_key').notNull(),
}, (table) => [primaryKey({ columns: [table.seq, table.signedAt] })]);

export const errorLog = pgTable('error_log', {
  id: uuid('id').primaryKey(),
  at: instantColumn('at').notNull(),
  code: text('code').notNull(),
  leg: text('leg').notNull(),
  reference: text('reference'),
  gatewayName: text('gateway_name'),
  facts: text('facts').notNull(),
  ordinal: countColumn('ordinal').generatedAlwaysAsIdentity(),
  userId: text('user_id').generatedAlwaysAs(sql`facts::jsonb ->> 'userId'`),
  resourceId: text('resource_id').generatedAlwaysAs(sql`facts::jsonb ->> 'resourceId'`),
  gatewayId: text('gateway_id').generatedAlwaysAs(sql`facts::jsonb ->> 'gatewayId'`),
  segment: text('segment').generatedAlwaysAs(sql`facts::jsonb ->> 'segment'`),
  searchText: text('search_text').generatedAlwaysAs(sql`code || ' ' || facts`),
});
