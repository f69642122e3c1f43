import type { OpenAPIHono } from '@hono/zod-openapi';
import { html } from 'hono/html';
import type { Html } from '../html/shell.ts';

/** The OpenAPI document as it is served. */
export type ApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const METHODS = ['get', 'post', 'put', 'delete'] as const;

interface Operation {
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  parameters: { name: string; place: string; about: string; schema: string }[];
  body: string;
  answers: { status: string; about: string; schema: string }[];
}

/** Failures that every route may answer with: told once. */
const COMMON = ['400', '401', '403', '429', '500'];

/** The API for people: its routes with what they take and answer, and the shapes they name. */
export function documentPage(document: ApiDocument): Html {
  const operations = operationsOf(document);
  const schemas = Object.entries(document.components?.schemas ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const common = operations[0]?.answers.filter(({ status }) => COMMON.includes(status)) ?? [];
  return html`<div class="heading page"><h1>API</h1></div>
    <div class="card said">
      <p>${document.info.description ?? ''}</p>
      <p>
        Programs bring a token along: <code>Authorization: Bearer dkm_…</code>, made with <code>dkm console token add</code>. A token of the role
        <code>reader</code> looks, one of the role <code>operator</code> also acts.
      </p>
      <p>The same for programs: <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI ${document.openapi}).</p>
      <p class="quiet">Every route may also answer ${common.map(({ status, about }) => `${status}: ${about}`).join(' ')}</p>
    </div>
    ${[...Map.groupBy(operations, ({ tag }) => tag)].map(
      ([tag, group]) =>
        html`<section>
          <div class="heading"><h2>${tag}</h2></div>
          ${group.map(operationCard)}
        </section>`,
    )}
    <section>
      <div class="heading"><h2>Shapes</h2></div>
      ${schemas.map(
        ([name, schema]) =>
          html`<details class="card said" id="shape-${name}">
            <summary>${name}</summary>
            <pre tabindex="0" aria-label="Schema of ${name}"><code>${JSON.stringify(schema, null, 2)}</code></pre>
          </details>`,
      )}
    </section>`;
}

function operationCard({ method, path, summary, description, parameters, body, answers }: Operation): Html {
  const own = answers.filter(({ status }) => !COMMON.includes(status));
  return html`<article class="card said">
    <h3><code>${method} ${path}</code></h3>
    <p>${summary}. ${description}</p>
    <ul>
      ${parameters.map(({ name, place, about, schema }) => html`<li><code>${name}</code> in the ${place}: ${schema}. ${about}</li>`)}
      ${body === '' ? '' : html`<li>Body: <code>${body}</code></li>`}
      ${own.map(({ status, about, schema }) => html`<li>${status}: ${about} ${schema === '' ? '' : html`<a href="#shape-${schema}">${schema}</a>`}</li>`)}
    </ul>
  </article>`;
}

type Json = Record<string, unknown>;

function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      const parameters = (operation.parameters ?? []).flatMap((each) =>
        '$ref' in each ? [] : [{ name: each.name, place: each.in, about: each.description ?? '', schema: inShort(each.schema as Json | undefined) }],
      );
      return [
        {
          method: method.toUpperCase(),
          path,
          tag: operation.tags?.[0] ?? 'Other',
          summary: operation.summary ?? '',
          description: operation.description ?? '',
          parameters,
          body: bodyOf(operation.requestBody as Json | undefined),
          answers: Object.entries((operation.responses ?? {}) as Record<string, Json>).map(([status, answer]) => ({
            status,
            about: typeof answer['description'] === 'string' ? answer['description'] : '',
            schema: shapeName(answer),
          })),
        },
      ];
    }),
  );
}

const schemaIn = (content: Json | undefined): Json | undefined =>
  (content?.['content'] as Record<string, { schema?: Json }> | undefined)?.['application/json']?.schema;

function shapeName(answer: Json): string {
  const ref = schemaIn(answer)?.['$ref'];
  return typeof ref === 'string' ? (ref.split('/').at(-1) ?? '') : '';
}

function bodyOf(body: Json | undefined): string {
  const schema = schemaIn(body);
  return schema === undefined ? '' : JSON.stringify(schema['properties'] ?? schema);
}

function inShort(schema: Json | undefined): string {
  if (schema === undefined) return 'text';
  if (Array.isArray(schema['enum'])) return schema['enum'].join(', ');
  const { type = 'text', minimum, maximum, default: fallback } = schema as { type?: string; minimum?: number; maximum?: number; default?: number };
  const range = minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`;
  return `${type === 'string' ? 'text' : type}${range}${fallback === undefined ? '' : `, ${fallback} when left out`}`;
}
