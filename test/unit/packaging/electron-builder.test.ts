import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const repository = resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

/** electron-builder's own check of a configuration against its schema; it has no public name and no types. */
const builder = z
  .object({
    getConfig: z.function({ input: [z.string(), z.string(), z.unknown()], output: z.promise(z.unknown()) }),
    validateConfiguration: z.function({ input: [z.unknown(), z.unknown()], output: z.promise(z.unknown()) }),
  })
  .parse(require(resolve(repository, 'node_modules/app-builder-lib/out/util/config/config.js')));
const debugLogger = { isEnabled: false, add: () => undefined };

const fuses = z.object({
  electronFuses: z.strictObject({
    runAsNode: z.literal(false),
    enableNodeOptionsEnvironmentVariable: z.literal(false),
    enableNodeCliInspectArguments: z.literal(false),
    enableCookieEncryption: z.literal(true),
    enableEmbeddedAsarIntegrityValidation: z.literal(true),
    onlyLoadAppFromAsar: z.literal(true),
    grantFileProtocolExtraPrivileges: z.literal(false),
  }),
  asar: z.literal(true),
});

describe('what is packaged', () => {
  test('E19: electron-builder takes the configuration, and all seven fuses are set as the checklist wants', async () => {
    const configuration = await builder.getConfig(repository, 'electron-builder.yml', null);
    await builder.validateConfiguration(configuration, debugLogger);
    expect(fuses.safeParse(configuration).error).toBeUndefined();
  });

  test('a slip in the configuration is refused by the same check', async () => {
    const configuration = { ...z.record(z.string(), z.unknown()).parse(await builder.getConfig(repository, 'electron-builder.yml', null)), electronFuse: {} };
    await expect(builder.validateConfiguration(configuration, debugLogger)).rejects.toThrow(/electronFuse/);
  });
});
