import type { SessionWay } from '../../shared/ipc/stores.ts';
import type { Leg } from '../../shared/errors/catalogue.ts';
import { useText } from '../language/use-text.ts';

type Place = 'client' | 'service' | 'gateway' | 'target';

const places: readonly { readonly place: Place; readonly x: number; readonly y: number }[] = [
  { place: 'client', x: 70, y: 118 },
  { place: 'service', x: 175, y: 36 },
  { place: 'gateway', x: 280, y: 118 },
  { place: 'target', x: 490, y: 118 },
];
const legs: readonly { readonly leg: 'L1' | 'L2' | 'L3' | 'L4'; readonly from: readonly [number, number]; readonly to: readonly [number, number] }[] = [
  { leg: 'L1', from: [86, 101], to: [152, 52] },
  { leg: 'L2', from: [96, 118], to: [254, 118] },
  { leg: 'L3', from: [198, 52], to: [264, 101] },
  { leg: 'L4', from: [306, 118], to: [464, 118] },
];
/** Outlines of the four places on a grid of 16, as the icons draw them. */
const outlines: Readonly<Record<Place, string>> = {
  client: 'M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3',
  service: 'M4.5 12a2.8 2.8 0 0 1-.2-5.6 3.8 3.8 0 0 1 7.3.9A2.4 2.4 0 0 1 11.5 12z',
  gateway: 'M2 8h3M11 8h3M5 4.5h6v7H5zM8 4.5v7',
  target: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
};
const wayOf: Readonly<Record<'L1' | 'L2' | 'L3' | 'L4', readonly ('L1' | 'L2' | 'L3' | 'L4')[]>> = { L1: [], L3: ['L1'], L2: ['L1', 'L3'], L4: ['L1', 'L3', 'L2'] };

/** The way from this computer to the target, with the leg or the part that an error speaks of. Legs that were gone before it are drawn whole. */
export function WayMap({ leg, legName, gatewayName, firstGatewayName = null, resourceName, way }: { readonly leg: Leg; readonly legName: string; readonly gatewayName: string | null; readonly firstGatewayName?: string | null; readonly resourceName: string; readonly way: SessionWay | null }) {
  const text = useText();
  const broken = legs.find((candidate) => candidate.leg === leg);
  const passed = broken ? wayOf[broken.leg] : [];
  const hops = firstGatewayName === null ? '' : ` ${text('tunnel.way', { first: firstGatewayName, last: gatewayName ?? '' })}`;
  const label = broken ? text('session.map-broken', { leg: legName }) : text('session.map-inside', { leg: legName });
  const names: Readonly<Record<Place, string | null>> = { client: null, service: null, gateway: gatewayName, target: resourceName };
  return (
    <figure className="way">
      <svg viewBox="0 0 560 182" role="img" aria-label={`${label}${hops}`}>
        {legs.map((line) => {
          const state = line === broken ? 'broken' : passed.includes(line.leg) ? 'passed' : 'open';
          const [x1, y1] = line.from;
          const [x2, y2] = line.to;
          const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
          return (
            <g key={line.leg} className={`way-leg way-${state}`}>
              <line x1={x1} y1={y1} x2={x2} y2={y2} />
              {state === 'broken' && (
                <>
                  <circle cx={mx} cy={my} r="11" />
                  <path d={`M${mx - 4} ${my - 4}l8 8m0-8l-8 8`} />
                </>
              )}
            </g>
          );
        })}
        {way !== null && (
          <text className="way-name" x={firstGatewayName === null ? 175 : 125} y="108" textAnchor="middle">
            {text('session.way-port', { port: way.port })}
          </text>
        )}
        {way !== null && way.proxy !== null && (
          <text className="way-name" x={firstGatewayName === null ? 175 : 125} y="136" textAnchor="middle">
            {shortened(text('session.map-proxy', { proxy: way.proxy }))}
          </text>
        )}
        {firstGatewayName !== null && (
          <g className="way-place way-first-gateway">
            <circle cx="175" cy="118" r="16" />
            <path d={outlines.gateway} transform="translate(167 110)" />
            <text className="way-name" x="175" y="150" textAnchor="middle">
              {shortened(firstGatewayName)}
            </text>
          </g>
        )}
        {places.map(({ place, x, y }) => (
          <g key={place} className={place === leg ? 'way-place way-cause' : 'way-place'}>
            <circle cx={x} cy={y} r="23" />
            <path d={outlines[place]} transform={`translate(${x - 12} ${y - 12}) scale(1.5)`} />
            <text x={place === 'service' ? x + 34 : x} y={place === 'service' ? y + 4 : y + 38} textAnchor={place === 'service' ? 'start' : 'middle'}>
              {text(`session.map-${place}`)}
            </text>
            {names[place] !== null && (
              <text className="way-name" x={x} y={y + 53} textAnchor="middle">
                {shortened(names[place])}
              </text>
            )}
          </g>
        ))}
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  );
}

/** Names longer than this would run into each other. */
const MAX_NAME = 26;

function shortened(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 1)}…`;
}
