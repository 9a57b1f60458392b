import { doctorExitCodes, doctorText } from '../../shared/diagnostics/doctor/doctor-report.ts';
import { createTranslator, textLanguage } from '../../shared/languages/translate.ts';
import { lookAtGateway } from '../doctor/doctor.ts';
import type { Console } from './console.ts';

export interface DoctorCommand {
  readonly data: string;
  readonly json: boolean;
  /** A BCP 47 tag. */
  readonly language: string;
  readonly version: string;
}

/** Control characters, which a name from the service could carry to the terminal. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}]/gu;

/** `mavis-gateway doctor`: prints what was looked at and what is wrong; gives the exit code. */
export async function runDoctor({ data, json, language, version }: DoctorCommand, console: Console): Promise<number> {
  const report = await lookAtGateway({ data, installed: version, wallMs: () => Date.now(), monotonicMs: () => performance.now() });
  console.line(json ? JSON.stringify(report, undefined, 2) : doctorText(report, createTranslator(textLanguage('system', language)), (text) => text.replaceAll(UNSEEN, '?')).trimEnd());
  return report.findings.length === 0 ? doctorExitCodes.good : doctorExitCodes.findings;
}
