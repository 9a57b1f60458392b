import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of the integration tier that take a minute and more, longest first; each entry is the beginning of a path. */
const LONGEST: readonly string[] = [
  'test/integration/whole-way/tunnel',
  'test/integration/fleet/',
  'test/integration/service/service-process',
  'test/integration/whole-way/bad-input',
  'test/integration/service-connections/real-gateway',
  'test/integration/resume/',
  'test/integration/whole-way/',
];

/**
 * Begins with what takes longest. Vitest itself knows how long a file took only where it ran before; on a clean checkout a
 * long file that happens to come last would have every other worker wait for it.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

function place({ moduleId }: TestSpecification): number {
  const found = LONGEST.findIndex((beginning) => moduleId.includes(`/${beginning}`));
  return found < 0 ? LONGEST.length : found;
}
