import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Path } from './path-choice.ts';

/** Why there is no way to a target, as an error of the catalogue (S17). */
export function noWay(path: Exclude<Path<unknown>, { kind: 'path' }>): MavisError {
  switch (path.kind) {
    case 'segment-unknown':
      return new MavisError('gateway.segment-unknown', { segment: path.segment });
    case 'none-available':
      return new MavisError('gateway.none-available', { segment: path.segment });
    case 'no-default-gateway':
      return new MavisError('tunnel.no-default-gateway');
    default:
      return path satisfies never;
  }
}
