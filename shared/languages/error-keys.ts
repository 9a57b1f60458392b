import type { ErrorCode } from '../errors/catalogue.ts';

/** The keys of the two texts that each error of the catalogue has. */
export type ErrorMessageKey = `error.${ErrorCode}.${'message' | 'remedy'}`;
