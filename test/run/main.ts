import { existsSync, readFileSync } from 'node:fs';
import { setUpDependencies } from '../../scripts/set-up/dependencies.ts';
import { runCommand } from '../../scripts/set-up/set-up-error.ts';
import { setUpMachine } from '../../scripts/set-up/set-up.ts';
import { inRepository } from '../../scripts/set-up/repository.ts';
import { judgeSkips, parseAllowedSkips, type AllowedSkip } from './allowed-skips.ts';
import { evidenceName } from './evidence.ts';
import { parseTestRunOptions, type TestRunOptions, type TierName } from './options.ts';
import { closingLine, countOutcomes, type TestOutcome } from './outcome.ts';
import { securityTable } from './security-table.ts';
import { makeTemporaryFolder, SYSTEM_FOLDER } from './temporary-folder.ts';
import { runTier } from './tiers.ts';
import { Transcript } from './transcript.ts';

/** Sets the machine up, runs the tiers, says what was skipped and why, and ends with the closing line. */
async function main(): Promise<number> {
  const options = parseTestRunOptions(process.argv.slice(2));
  const startedAt = Date.now();
  const machine = options.tiers.some(needsMachine) ? await setUpMachine('test') : await setUpPackagesOnly();
  const transcript = new Transcript(evidenceFile(options));
  const temporary = process.env['MAVIS_TESTS_IN_MEMORY'] === '0' ? SYSTEM_FOLDER : makeTemporaryFolder();
  transcript.line(`Temporary files of tests: ${temporary.description}.`);
  const outcomes: TestOutcome[] = [];
  try {
    for (const tier of options.tiers) {
      transcript.line(`\n== ${tier}`);
      const tierStartedAt = Date.now();
      const found = await runTier(tier, options, transcript, temporary.environment);
      outcomes.push(...found);
      transcript.line(`== ${tier}: ${closingLine(countOutcomes(found))}, ${Math.round((Date.now() - tierStartedAt) / 1000)} s`);
    }
  } finally {
    temporary.remove();
    await machine?.stop();
  }
  const judged = judgeSkips(outcomes, allowedSkips());
  summarize(transcript, judged);
  if (machine !== undefined) transcript.line(`Electron: ${machine.electron.description}`);
  transcript.line(`Took ${Math.round((Date.now() - startedAt) / 1000)} s.`);
  const counts = countOutcomes(judged.outcomes);
  transcript.line(closingLine(counts));
  return counts.failed === 0 ? 0 : 1;
}

/** Tiers that start programs need Electron, servers and a display; the others need the npm packages only. */
function needsMachine(tier: TierName): boolean {
  return tier === 'integration' || tier === 'e2e' || tier === 'long';
}

async function setUpPackagesOnly(): Promise<undefined> {
  await setUpDependencies();
}

function summarize(transcript: Transcript, judged: ReturnType<typeof judgeSkips>): void {
  const table = existsSync(inRepository('docs', 'security.md')) ? securityTable(readFileSync(inRepository('docs', 'security.md'), 'utf8')) : [];
  if (table.length > 0) transcript.line(`\nElectron's security list:\n${table.join('\n')}`);
  const failed = judged.outcomes.filter((outcome) => outcome.status === 'failed' && !judged.forbidden.includes(outcome.name));
  transcript.line('');
  for (const { name } of failed) transcript.line(`failed: ${name}`);
  for (const name of judged.forbidden) transcript.line(`failed: ${name} (skipped, and test/allowed-skips.json does not allow it)`);
  for (const { name, reason } of judged.explained) transcript.line(`skipped: ${name}: ${reason}`);
}

function allowedSkips(): AllowedSkip[] {
  const file = inRepository('test', 'allowed-skips.json');
  return existsSync(file) ? parseAllowedSkips(readFileSync(file, 'utf8')) : [];
}

/** Where the output of the long run is kept, by the day on which it began. */
function evidenceFile(options: TestRunOptions): string | undefined {
  const name = evidenceName(options, new Date().toISOString().slice(0, 10));
  return name === undefined ? undefined : inRepository('docs', 'evidence', name);
}

await runCommand(main);
