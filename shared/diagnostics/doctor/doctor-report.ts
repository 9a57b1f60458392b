import { z } from 'zod';
import { instant } from '../../ids.ts';
import type { Translator } from '../../languages/translate.ts';
import { finding } from '../diagnosis-run.ts';
import { findingText } from '../finding-text.ts';
import { portCommands } from '../port-commands.ts';
import { rankedFindings, type Server } from './doctor-findings.ts';

/** What is looked at on a server. */
export const doctorCheckName = z.enum(['configuration', 'files', 'keys', 'certificate', 'process', 'version', 'port', 'link', 'database', 'gateways', 'clock', 'disk', 'journal', 'recordings']);
export type DoctorCheckName = z.infer<typeof doctorCheckName>;

/** What a check saw, as names and numbers: never a secret. */
const fact = z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]);
export type DoctorFacts = Readonly<Record<string, z.infer<typeof fact>>>;

/** One check of a server: whether it could be run, apart from what it found. */
export const doctorResult = z.object({
  check: doctorCheckName,
  state: z.enum(['good', 'bad', 'not-run']),
  /** Why it could not be run; empty where it could. */
  reason: z.string().max(300),
  facts: z.record(z.string(), fact),
  milliseconds: z.number(),
  findings: z.array(finding).max(100),
});
export type DoctorResult = z.infer<typeof doctorResult>;

export const doctorReport = z.object({
  kind: z.literal('mavis-doctor'),
  version: z.literal(1),
  program: z.enum(['mavis-service', 'mavis-gateway']),
  programVersion: z.string(),
  startedAt: instant,
  milliseconds: z.number(),
  results: z.array(doctorResult.omit({ findings: true })),
  findings: z.array(finding),
});
export type DoctorReport = z.infer<typeof doctorReport>;

/** How `doctor` ends: nothing is wrong, something is, or it was not understood. As `mavis diagnose`. */
export const doctorExitCodes = { good: 0, findings: 1, misused: 2 } as const;

/** Puts the results of one look together: what they found, most likely cause first. */
export function makeDoctorReport(about: { readonly program: Server; readonly programVersion: string; readonly startedAt: string; readonly milliseconds: number }, results: readonly DoctorResult[]): DoctorReport {
  return { kind: 'mavis-doctor', version: 1, ...about, results: results.map(({ findings: _findings, ...rest }) => rest), findings: rankedFindings(results.flatMap(({ findings }) => findings)) };
}

/** The report as lines for a terminal; `printable` takes out what would steer one. */
export function doctorText({ program, programVersion, startedAt, milliseconds, results, findings }: DoctorReport, translator: Translator, printable: (text: string) => string): string {
  const { text } = translator;
  const checked = results.map(({ check, state, reason, facts }) => {
    const said = Object.entries(facts).flatMap(([name, value]) => (value === null ? [] : [`${name} ${String(value)}`])).join(', ');
    return `${text(`doctor.check-${check}`)}: ${text(`diagnostics.state-${state}`)}${reason === '' ? '' : ` (${reason})`}${said === '' ? '' : `: ${said}`}`;
  });
  const found = findings.flatMap((one, index) => {
    const { cause, remedy, actorName, legName } = findingText(translator, one);
    const commands = portCommands(one.ports).map(({ name, lines }) => `      ${name}: ${lines[0] ?? ''}`);
    return [`${index + 1}. ${cause}`, `   ${text('diagnostics.where')}: ${legName}`, `   ${text('common.who-acts')}: ${actorName}`, `   ${text('common.what-to-do')}: ${remedy}`, ...(commands.length === 0 ? [] : [`   ${text('diagnostics.commands')}:`, ...commands])];
  });
  const head = text('doctor.made', { program, version: programVersion, when: startedAt, milliseconds });
  return `${[head, '', ...(findings.length === 0 ? [text('diagnostics.report-nothing')] : found), '', ...checked].map(printable).join('\n')}\n`;
}
