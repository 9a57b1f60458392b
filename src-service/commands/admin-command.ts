import { z } from 'zod';
import { gatewayAddresses, segmentName } from '../../shared/api/gateways.ts';
import { role } from '../../shared/api/roles.ts';
import { userName } from '../../shared/api/users.ts';
import { portPreference } from '../../shared/gateway-configuration.ts';
import { signedAuditHead } from '../../shared/audit-head.ts';
import { gatewayKeyLine } from '../../shared/gateway-key.ts';
import { instant, protocol, recordingId } from '../../shared/ids.ts';

/** A command of an administrator at the service's machine, as it goes to the running service over `admin.sock`. Files are read and written by the command line's own process. */
export const adminCommand = z.discriminatedUnion('command', [
  z.object({ command: z.literal('user-add'), name: userName, role, displayName: z.string().min(1).max(200), expiresAt: instant.nullable() }),
  z.object({ command: z.literal('user-disable'), name: userName }),
  z.object({ command: z.literal('user-reset'), name: userName }),
  z.object({ command: z.literal('resource-import'), format: z.enum(['csv', 'json']), text: z.string().max(64 * 1024 * 1024), dryRun: z.boolean() }),
  z.object({ command: z.literal('resource-export'), format: z.enum(['csv', 'json']) }),
  z.object({ command: z.literal('gateway-add'), name: z.string().min(1).max(100).regex(/^\S+$/), segment: segmentName.nullable(), addresses: gatewayAddresses, reachedThroughDefault: z.boolean().optional() }),
  z.object({ command: z.literal('gateway-key'), name: z.string().max(100), line: gatewayKeyLine }),
  z.object({ command: z.literal('gateway-list') }),
  z.object({ command: z.literal('gateway-test'), name: z.string().max(100), resource: z.string().min(1).max(200), protocol: protocol.nullable() }),
  z.object({ command: z.literal('gateway-rotate-key'), name: z.string().max(100) }),
  z.object({ command: z.literal('gateway-switch-key'), name: z.string().max(100), fingerprint: z.string().max(100) }),
  z.object({
    command: z.literal('gateway-change'), name: z.string().max(100),
    change: z.object({ name: z.string().min(1).max(100).regex(/^\S+$/), segment: segmentName.nullable(), addresses: gatewayAddresses.partial(), reachedThroughDefault: z.boolean(), draining: z.boolean(), disabled: z.boolean() }).partial(),
  }),
  z.object({ command: z.literal('gateway-remove'), name: z.string().max(100) }),
  z.object({ command: z.literal('gateway-configuration'), name: z.string().max(100) }),
  z.object({ command: z.literal('segment-rename'), from: segmentName, to: segmentName }),
  z.object({ command: z.literal('gateway-ports'), name: z.string().max(100), preference: z.partialRecord(protocol, portPreference.valueType), over443: z.boolean().nullable() }),
  z.object({ command: z.literal('key'), step: z.enum(['show', 'rotate', 'switch', 'finish']), force: z.boolean() }),
  z.object({ command: z.literal('tunnel'), enabled: z.boolean().nullable(), through: z.discriminatedUnion('kind', [z.object({ kind: z.literal('gateway'), name: z.string().max(100) }), z.object({ kind: z.literal('segment'), segment: segmentName })]).nullable() }),
  z.object({ command: z.literal('audit-verify'), heads: z.array(signedAuditHead).max(1_000_000) }),
  z.object({ command: z.literal('audit-export'), format: z.enum(['csv', 'jsonl']) }),
  z.object({ command: z.literal('doctor') }),
  z.object({ command: z.literal('recording-verify'), recordingId: recordingId.nullable() }),
]);
export type AdminCommand = z.infer<typeof adminCommand>;

/** Who runs it: the operating system's account. */
export const adminRequest = z.object({ command: adminCommand, account: z.string().max(200) });
export type AdminRequest = z.infer<typeof adminRequest>;

/** What a command gives: lines to show, raw text for a file or standard output, and whether all is well. */
export const adminOutput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('line'), text: z.string() }),
  z.object({ kind: z.literal('raw'), text: z.string() }),
  z.object({ kind: z.literal('done'), ok: z.boolean() }),
  z.object({ kind: z.literal('error'), code: z.string(), args: z.record(z.string(), z.union([z.string(), z.number()])) }),
]);
export type AdminOutput = z.infer<typeof adminOutput>;
