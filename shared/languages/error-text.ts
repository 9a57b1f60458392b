import { type Actor, catalogue, type ErrorArgs, type ErrorCode, knownErrorCode, type Leg } from '../errors/catalogue.ts';
import type { MessageArgs, Translator } from './translate.ts';

/** An error as it is shown: what happened, what to do, who must act, and on which leg. */
export interface ErrorText {
  /** The code as known here: `internal` for one that this version does not know. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly actor: Actor;
  readonly actorName: string;
  readonly leg: Leg;
  readonly legName: string;
}

/** What stands in a text for an argument that did not come. */
const ABSENT = '—';
/** Arguments are cut here: they may come from a peer, and a text must stay readable. */
const MAX_ARGUMENT_LENGTH = 300;

/** Words an error; never throws, whatever arguments came. */
export function errorText(translator: Translator, code: string, args: ErrorArgs): ErrorText {
  const known = knownErrorCode(code);
  const entry = catalogue[known];
  const given = completeArgs(known, args);
  return {
    code: known,
    message: translator.anyText(`error.${known}.message`, given),
    remedy: translator.anyText(`error.${known}.remedy`, given),
    actor: entry.actor,
    actorName: translator.anyText(`actor.${entry.actor}`),
    leg: entry.leg,
    legName: translator.anyText(`leg.${entry.leg}`),
  };
}

/** All arguments of the code and only those: numbers as numbers, text bounded, `any` for a segment that is not named. */
function completeArgs(code: ErrorCode, args: ErrorArgs): MessageArgs {
  return Object.fromEntries(catalogue[code].args.map((name) => [name, argument(name, args[name])]));
}

function argument(name: string, value: string | number | undefined): string | number {
  if (typeof value === 'number') return value;
  const text = value?.slice(0, MAX_ARGUMENT_LENGTH) ?? '';
  if (text === '') return name === 'segment' ? 'any' : ABSENT;
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
