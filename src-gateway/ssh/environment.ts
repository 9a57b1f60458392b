import type { SessionPolicy } from '../../shared/policy/session-policy.ts';

/** Variables by which the one who sets them decides what programs run: refused even where a rule lists them (B4). */
const NEVER = /^(?:LD_|DYLD_|BASH_|ENV$|IFS$|PATH$|PS4$|PROMPT_COMMAND$|SHELLOPTS$|GCONV_PATH$|PYTHON|PERL|RUBY|NODE_|GIT_|EDITOR$|VISUAL$|PAGER$)/;
const LONGEST_VALUE = 4096;

/** Whether the client may set the variable on the target. */
export function mayEnvironment(policy: Pick<SessionPolicy, 'environmentNames'>, name: string, value: string): boolean {
  if (!policy.environmentNames.includes(name) || NEVER.test(name)) return false;
  return value.length <= LONGEST_VALUE && !/[\0\r\n]/.test(value);
}
