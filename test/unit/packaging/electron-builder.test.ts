import { existsSync, readFileSync } from 'node:fs';
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

  test('the packages of the three systems (NSIS, MSI, DMG, AppImage not built here: Windows, macOS and tools to download)', async () => {
    const targets = z.array(z.object({ target: z.string(), arch: z.array(z.string()) }).transform(({ target, arch }) => `${target} ${arch.join(' ')}`));
    const configuration = z
      .object({
        win: z.object({ target: targets }), mac: z.looseObject({ target: targets, hardenedRuntime: z.boolean(), entitlements: z.string(), entitlementsInherit: z.string() }), linux: z.object({ target: targets }),
        nsis: z.looseObject({ oneClick: z.boolean(), perMachine: z.boolean(), allowElevation: z.boolean(), installerLanguages: z.array(z.string()) }), msi: z.looseObject({ perMachine: z.boolean(), upgradeCode: z.guid() }),
        protocols: z.array(z.looseObject({ schemes: z.array(z.string()) })),
      })
      .parse(await builder.getConfig(repository, 'electron-builder.yml', null));
    expect([configuration.win.target, configuration.mac.target, configuration.linux.target]).toEqual([
      ['nsis x64 arm64', 'msi x64'], ['dmg universal', 'zip universal'], ['AppImage x64 arm64', 'deb x64 arm64', 'rpm x64 arm64'],
    ]);
    // The assistant asks: for this person alone, or for all, which wants an administrator.
    expect(configuration.nsis).toMatchObject({ oneClick: false, perMachine: false, allowElevation: true, installerLanguages: ['en_US', 'ja_JP', 'zh_TW'] });
    expect(configuration.msi.perMachine).toBe(true);
    expect(configuration.mac.hardenedRuntime).toBe(true);
    expect(configuration.protocols.flatMap(({ schemes }) => schemes)).toEqual(['mavis']);
  });

  test('the hardened runtime gives up nothing but what V8 needs', () => {
    const list = readFileSync(resolve(repository, 'packaging/desktop/entitlements.mac.plist'), 'utf8');
    expect([...list.matchAll(/<key>([^<]*)<\/key>\s*<(true|false)\/>/g)].map(([, key, value]) => [key, value])).toEqual([['com.apple.security.cs.allow-jit', 'true']]);
  });

  test('every file that the configuration names is there', async () => {
    const named = JSON.stringify(await builder.getConfig(repository, 'electron-builder.yml', null)).match(/"(?:assets|packaging)\/[^"*]*"/g) ?? [];
    expect(named.length).toBeGreaterThan(8);
    expect(named.map((path) => path.slice(1, -1)).filter((path) => !existsSync(resolve(repository, path)))).toEqual([]);
  });
});
