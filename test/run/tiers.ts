import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inRepository, repositoryFolder } from '../../scripts/set-up/repository.ts';
import type { TestRunOptions, TierName } from './options.ts';
import type { TestOutcome } from './outcome.ts';
import { readPlaywrightReport } from './playwright-report.ts';
import type { Transcript } from './transcript.ts';
import { readVitestReport } from './vitest-report.ts';

const minuteMs = 60_000;

/** How long a tier may take before it is ended as hung: twice what it takes on two cores. */
const limitsMs: Readonly<Record<TierName, number>> = {
  lint: 4 * minuteMs,
  typecheck: 6 * minuteMs,
  unit: 8 * minuteMs,
  integration: 28 * minuteMs,
  e2e: 28 * minuteMs,
  long: 6 * 60 * minuteMs,
};

/** With MAVIS_LONG every tier has more to do. */
const longFactor = 10;

const reports = inRepository('test-results', 'run');

/** Runs one tier, with what `environment` adds to this process's, and gives the outcomes of its tests. */
export async function runTier(tier: TierName, options: TestRunOptions, transcript: Transcript, environment: Readonly<Record<string, string>>): Promise<TestOutcome[]> {
  const run = new TierRun(tier, options, transcript, environment);
  switch (tier) {
    case 'lint':
      return run.asOneTest('oxlint finds nothing', [[inRepository('node_modules', 'oxlint', 'bin', 'oxlint'), '--deny-warnings']]);
    case 'typecheck':
      return run.asOneTest('the types agree', typescriptProjects(readFileSync(inRepository('package.json'), 'utf8')).map((project) => [inRepository('node_modules', 'typescript', 'bin', 'tsc'), '-p', project]));
    case 'unit':
    case 'integration':
    case 'long':
      return run.vitest();
    case 'e2e':
      return run.playwright(playwrightFolders);
  }
  return tier satisfies never;
}

/** The projects that package.json's script `typecheck` names, so that both check the same. */
export function typescriptProjects(packageJson: string): string[] {
  const { scripts } = JSON.parse(packageJson) as { scripts: Record<string, string> };
  return [...(scripts['typecheck'] ?? '').matchAll(/-p (\S+)/g)].flatMap(([, project]) => project ?? []);
}

/** Folders with Playwright tests; each has a configuration of its own. */
const playwrightFolders = ['stand-in-contract', 'renderer', 'measured', 'e2e'];

class TierRun {
  readonly #tier: TierName;
  readonly #options: TestRunOptions;
  readonly #transcript: Transcript;
  /** Service and gateway start dozens of times in a run: from the second start on Node need not compile them again. */
  readonly #environment: NodeJS.ProcessEnv;
  readonly #limitMs: number;

  constructor(tier: TierName, options: TestRunOptions, transcript: Transcript, environment: Readonly<Record<string, string>>) {
    this.#tier = tier;
    this.#options = options;
    this.#transcript = transcript;
    this.#environment = { ...process.env, ...environment, NODE_COMPILE_CACHE: inRepository('node_modules', '.cache', 'node'), ...(options.long ? { MAVIS_LONG: '1' } : {}) };
    delete this.#environment['FORCE_COLOR'];
    this.#limitMs = limitsMs[tier] * (options.long ? longFactor : 1);
    mkdirSync(reports, { recursive: true });
  }

  async asOneTest(title: string, commands: readonly (readonly string[])[]): Promise<TestOutcome[]> {
    let failed = 0;
    for (const command of commands) {
      if ((await this.#node(command, this.#environment)) !== 0) failed += 1;
    }
    return [{ name: `${this.#tier} > ${title}`, status: failed === 0 ? 'passed' : 'failed' }];
  }

  async vitest(): Promise<TestOutcome[]> {
    const report = this.#freshReport(this.#tier);
    const { namePattern, files } = this.#options;
    const code = await this.#node(
      [
        inRepository('node_modules', 'vitest', 'vitest.mjs'),
        'run',
        ...files,
        `--project=${this.#tier}`,
        '--passWithNoTests',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...(namePattern === undefined ? [] : ['-t', namePattern]),
      ],
      { ...this.#environment, NO_COLOR: '1' },
    );
    const filter = namePattern === undefined ? undefined : new RegExp(namePattern);
    return this.#withExitCode(readVitestReport(this.#tier, readReport(report), repositoryFolder, filter), code, this.#tier);
  }

  async playwright(folders: readonly string[]): Promise<TestOutcome[]> {
    const outcomes: TestOutcome[] = [];
    for (const folder of folders) {
      const configuration = inRepository('test', folder, 'playwright.config.ts');
      if (existsSync(configuration)) outcomes.push(...(await this.#playwrightFolder(folder, configuration)));
      else if (hasSpecs(folder)) outcomes.push({ name: `${folder} > its playwright.config.ts is missing`, status: 'failed' });
    }
    return outcomes;
  }

  async #playwrightFolder(folder: string, configuration: string): Promise<TestOutcome[]> {
    const report = this.#freshReport(folder);
    const { namePattern, files } = this.#options;
    const code = await this.#node(
      [
        inRepository('node_modules', '@playwright', 'test', 'cli.js'),
        'test',
        ...files,
        `--config=${configuration}`,
        '--pass-with-no-tests',
        '--reporter=list,json',
        ...(namePattern === undefined ? [] : ['--grep', namePattern]),
      ],
      { ...this.#environment, PLAYWRIGHT_JSON_OUTPUT_FILE: report, PLAYWRIGHT_HTML_OPEN: 'never' },
    );
    return this.#withExitCode(readPlaywrightReport(folder, readReport(report)), code, folder);
  }

  #node(parameters: readonly string[], environment: NodeJS.ProcessEnv): Promise<number | null> {
    return this.#transcript.run(process.execPath, parameters, environment, this.#limitMs);
  }

  #freshReport(name: string): string {
    const file = join(reports, `${name}.json`);
    rmSync(file, { force: true });
    return file;
  }

  /** A run that failed without a failed test (an error outside of tests, or its time was up) counts as one failure. */
  #withExitCode(outcomes: TestOutcome[], code: number | null, name: string): TestOutcome[] {
    if (code === 0 || outcomes.some((outcome) => outcome.status === 'failed')) return outcomes;
    return [...outcomes, { name: `${name} > ended with ${code === null ? 'its time limit' : `code ${code}`} and no failed test`, status: 'failed' }];
  }
}

function hasSpecs(folder: string): boolean {
  return globSync(inRepository('test', folder, '**', '*.spec.ts')).length > 0;
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
