import { z } from 'zod';
import { routes } from '../../shared/api/index.ts';
import { problem, type Route } from '../../shared/api/route.ts';
import { SIGNATURE_HEADER, SIGNATURE_NONCE_HEADER, SIGNED_AT_HEADER } from '../../shared/api/sign-in.ts';

type JsonObject = Record<string, unknown>;

/** The whole API as OpenAPI 3.1, made from the same records that the routes are registered from. */
export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [name, route] of Object.entries<Route>(routes)) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'MAVIS central service', version },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'The token of a sign-in, bound to the client\'s key' } }, schemas: { Problem: jsonSchema(problem, 'output') } },
  };
}

function operation(name: string, route: Route): JsonObject {
  return {
    operationId: name,
    summary: route.summary,
    security: route.access === 'anyone' ? [] : [{ token: [] }],
    ...(Array.isArray(route.access) ? { 'x-roles': route.access } : {}),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query'), ...signatureParameters(route)],
    ...(route.method === 'GET' || route.method === 'DELETE' ? {} : { requestBody: { content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }),
    responses: {
      '200': { description: 'Done', content: { [route.mediaType]: route.mediaType === 'application/json' ? { schema: jsonSchema(route.response, 'output') } : {} } },
      default: { description: 'Refused: a code of the error catalogue', content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    },
  };
}

function parameters(schema: z.ZodType, place: 'path' | 'query'): JsonObject[] {
  const { properties, required } = objectParts.parse(jsonSchema(schema, 'input'));
  return Object.entries(properties).map(([name, property]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: property }));
}

const objectParts = z.object({ properties: z.record(z.string(), z.unknown()).default({}), required: z.array(z.string()).default([]) });

function signatureParameters(route: Route): JsonObject[] {
  if (!route.signed) return [];
  return [SIGNATURE_HEADER, SIGNED_AT_HEADER, SIGNATURE_NONCE_HEADER].map((name) => ({ name, in: 'header', required: true, schema: { type: 'string' } }));
}

/** A schema of ours as JSON schema; what JSON schema cannot say (a transformation) is left open. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
