import { doctorExitCodes, doctorText } from '../../shared/diagnostics/doctor/doctor-report.ts';
import { createTranslator, textLanguage } from '../../shared/languages/translate.ts';
import type { ConfigurationOverrides } from '../configuration/configuration.ts';
import { lookAtService } from '../doctor/doctor.ts';
import { printable } from '../export/printable.ts';
import { databaseUrls } from './database-urls.ts';

export interface DoctorCommand {
  /** Absolute. */
  readonly folder: string;
  readonly overrides: ConfigurationOverrides;
  readonly json: boolean;
  /** A BCP 47 tag. */
  readonly language: string;
  readonly print: (text: string) => void;
}

/** `mavis-service doctor`: prints what was looked at and what is wrong; gives the exit code. */
export async function runDoctor({ folder, overrides, json, language, print }: DoctorCommand): Promise<number> {
  const report = await lookAtService({ folder, overrides, databaseUrl: databaseUrls().databaseUrl, wallMs: () => Date.now(), monotonicMs: () => performance.now() });
  print(json ? JSON.stringify(report, undefined, 2) : doctorText(report, createTranslator(textLanguage('system', language)), printable).trimEnd());
  return report.findings.length === 0 ? doctorExitCodes.good : doctorExitCodes.findings;
}
