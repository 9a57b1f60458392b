import { z } from 'zod';
import { gatewayId, instant } from '../ids.ts';
import { gatewayState } from './gateways.ts';
import { defineRoute } from './route.ts';

/** A fingerprint of a key as people compare it and profiles pin it. */
const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);
/** Of the key of the service's certificate, which clients pin, and of its links, which gateways pin. */
const keyPair = z.object({ certificate: fingerprint, link: fingerprint });

/** The service's own keys and where their rotation stands (rule 15). */
export const serviceKeys = z.object({
  /** `announced`: the next keys are known where they were heard of, the service goes by the present ones. `switched`: it goes by the new ones, the former ones are still good. */
  stage: z.enum(['none', 'announced', 'switched']),
  present: keyPair,
  /** The next keys before the switch, the former ones after it. */
  other: keyPair.nullable(),
  /** Of the rotation that was begun last. */
  beganAt: instant.nullable(),
  switchedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  /** Installed gateways, and whether each has kept what was announced last: the new key or, after the end, that the former one is refused. */
  gateways: z.array(z.object({ gatewayId, name: z.string(), state: gatewayState, told: z.boolean() })),
});
export type ServiceKeys = z.infer<typeof serviceKeys>;

export const serviceKeysRoutes = {
  serviceKeysRead: defineRoute({ method: 'GET', path: '/v1/service-keys', summary: 'The service’s own keys and where their rotation stands (rule 15)', access: ['admin', 'operator', 'auditor'], response: serviceKeys }),
  serviceKeyRotate: defineRoute({ method: 'POST', path: '/v1/service-keys/rotate', summary: 'Make the service’s next keys and announce them to gateways and clients', access: ['admin'], response: serviceKeys }),
  serviceKeySwitch: defineRoute({ method: 'POST', path: '/v1/service-keys/switch', summary: 'Go by the next keys; the former ones stay good', access: ['admin'], response: serviceKeys }),
  serviceKeyFinish: defineRoute({ method: 'POST', path: '/v1/service-keys/finish', summary: 'End the rotation: the former keys are refused', access: ['admin'], body: z.object({ force: z.boolean() }), response: serviceKeys }),
  /** What a client that pins the service's certificate goes by from now on, the present one first. */
  servicePins: defineRoute({ method: 'GET', path: '/v1/service-keys/pins', summary: 'Fingerprints of the keys by which the service may show itself', access: 'signed-in', response: z.object({ pins: z.array(fingerprint).min(1).max(4) }) }),
} as const;
