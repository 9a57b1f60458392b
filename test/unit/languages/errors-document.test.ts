import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorsDocument } from '../../../shared/languages/errors-document.ts';

test('docs/errors.md is what the catalogue and the languages say', async () => {
  await expect(errorsDocument()).toMatchFileSnapshot(join(import.meta.dirname, '../../../docs/errors.md'));
});
