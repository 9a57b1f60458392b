import { expect, test } from 'vitest';
import { catalogue } from '../../../shared/errors/catalogue.ts';

test('no error is answered with a status that tells a client of success: a session that is over is gone', () => {
  expect(Object.entries(catalogue).filter(([, { httpStatus }]) => httpStatus < 400 || httpStatus > 599)).toEqual([]);
  expect(catalogue['session.ended'].httpStatus).toBe(410);
});
