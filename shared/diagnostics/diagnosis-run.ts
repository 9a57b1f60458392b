import { z } from 'zod';
import { instant, protocol } from '../ids.ts';
import { checkResult, diagnosedLeg } from './check-result.ts';

/** Who must act so that it works again. */
export const findingActor = z.enum(['you', 'your-it', 'helpdesk', 'gateway-administrator', 'target-administrator', 'nobody']);

/** What is wrong, as far as the checks together say it. Its texts are worded by `finding-text.ts`, its ports' commands by `port-commands.ts`. */
export const finding = z.object({
  code: z.string().max(100),
  args: z.record(z.string(), z.union([z.string().max(500), z.number()])),
  leg: z.union([diagnosedLeg, z.enum(['service', 'gateway'])]),
  actor: findingActor,
  /** TCP ports that must be opened, and at which end; empty where the cause is another. */
  ports: z.array(z.number().int()).max(16),
  /** The results that say so, by id. */
  evidence: z.array(z.string().max(200)).max(60),
});
export type Finding = z.infer<typeof finding>;

/** One run: what was looked at, what it says. Most likely cause first. */
export const diagnosisRun = z.object({
  id: z.uuid(),
  startedAt: instant,
  /** Null while it runs. */
  milliseconds: z.number().nullable(),
  profileName: z.string().max(60).nullable(),
  service: z.string().max(300).nullable(),
  resource: z.object({ name: z.string().max(200), protocol }).nullable(),
  clientVersion: z.string().max(50),
  platform: z.string().max(50),
  results: z.array(checkResult).max(1000),
  findings: z.array(finding).max(100),
});
export type DiagnosisRun = z.infer<typeof diagnosisRun>;
