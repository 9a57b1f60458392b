/** A set-up step that could not be done, with what a person can do about it. */
export class SetUpError extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(what);
    this.name = 'SetUpError';
    this.remedy = remedy;
  }
}

/** The lines that a failed command ends with: what failed and what to do. Unforeseen errors keep their stack. */
export function failureLines(error: unknown): string {
  if (error instanceof SetUpError) return `Failed: ${error.message}\nWhat to do: ${error.remedy}`;
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Failed: ${told}\nWhat to do: this was not foreseen; please report it with the lines above`;
}

/** Runs a command's body; where it fails, says what to do and ends the process with code 1. */
export async function runCommand(body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (error) {
    console.error(failureLines(error));
    process.exitCode = 1;
  }
}
