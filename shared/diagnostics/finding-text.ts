import type { Actor, Leg } from '../errors/catalogue.ts';
import { isErrorCode } from '../errors/catalogue.ts';
import type { doctorTextsEn } from '../languages/doctor/en.ts';
import { en, type MessageKey } from '../languages/en.ts';
import { errorText } from '../languages/error-text.ts';
import type { findingTextsEn } from '../languages/findings/en.ts';
import type { MessageArgs, Translator } from '../languages/translate.ts';
import type { Finding } from './diagnosis-run.ts';

type OwnCode = keyof (typeof findingTextsEn & typeof doctorTextsEn) extends infer Key ? (Key extends `finding.${infer Code}.cause` ? Code : never) : never;

/** A finding as people read it. */
export interface FindingText {
  readonly cause: string;
  readonly remedy: string;
  readonly actor: Actor;
  readonly actorName: string;
  readonly leg: Leg;
  readonly legName: string;
}

/** Arguments are cut here: issuers and host names come from peers. */
const MAX_ARGUMENT_LENGTH = 300;
/** Every name that an own text takes: one that a finding lacks is shown as absent. */
const ARGUMENTS = ['address', 'code', 'count', 'date', 'down', 'field', 'from', 'gateway', 'host', 'installed', 'issuer', 'least', 'megabytes', 'milliseconds', 'name', 'path', 'ports', 'process', 'seconds', 'to', 'up', 'version'] as const;

/** Whether diagnostics have texts of their own for a code; the others are errors of the catalogue. */
export function isOwnFinding(code: string): code is OwnCode {
  return Object.hasOwn(en, `finding.${code}.cause`);
}

/** Words a finding; never throws, whatever stands in it. */
export function findingText(translator: Translator, { code, args, leg, actor }: Finding): FindingText {
  const names = { actor, leg, actorName: translator.anyText(`actor.${actor}`), legName: translator.anyText(leg === 'client' ? 'diagnostics.leg-client' : `leg.${leg}`) };
  if (isOwnFinding(code)) {
    const given: MessageArgs = Object.fromEntries(ARGUMENTS.map((name) => [name, argument(args[name])]));
    const key = (part: 'cause' | 'remedy'): MessageKey => `finding.${code}.${part}`;
    return { ...names, cause: translator.anyText(key('cause'), given), remedy: translator.anyText(key('remedy'), given) };
  }
  if (!isErrorCode(code)) return findingText(translator, { code: 'newer-code', args: { code }, leg, actor, ports: [], evidence: [] });
  const { message, remedy } = errorText(translator, code, args);
  return { ...names, cause: message, remedy };
}

function argument(value: string | number | undefined): string | number {
  if (typeof value === 'number') return value;
  const text = value?.slice(0, MAX_ARGUMENT_LENGTH) ?? '';
  return text === '' ? '—' : text;
}
