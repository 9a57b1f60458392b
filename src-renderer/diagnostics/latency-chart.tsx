import { KEPT_ROUND_TRIPS } from '../../shared/diagnostics/diagnostics-state.ts';
import { useFormats, useText } from '../language/use-text.ts';

const WIDTH = 120;
const HEIGHT = 22;
/** A line of a few milliseconds would be all noise at full height. */
const LEAST_TOP_MS = 20;

/** The round trips of the last runs as a small line; a run without one is a gap. */
export function LatencyChart({ gateway, roundTrips }: { readonly gateway: string; readonly roundTrips: readonly (number | null)[] }) {
  const text = useText();
  const formats = useFormats();
  const known = roundTrips.filter((one) => one !== null);
  const latest = known.at(-1);
  if (roundTrips.length < 2 || latest === undefined) return null;
  const top = Math.max(LEAST_TOP_MS, ...known);
  const step = WIDTH / (KEPT_ROUND_TRIPS - 1);
  const points = roundTrips.map((one, index) => (one === null ? null : `${(index * step).toFixed(1)} ${(HEIGHT - 2 - (one / top) * (HEIGHT - 4)).toFixed(1)}`));
  const path = points.map((point, index) => (point === null ? '' : `${points[index - 1] === null || index === 0 ? 'M' : 'L'}${point}`)).join('');
  return (
    <svg className="latency-chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text('diagnostics.latency', { gateway, latest: formats.milliseconds(latest) })}>
      <path d={path} />
    </svg>
  );
}
