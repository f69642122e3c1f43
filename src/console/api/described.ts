import { z, type OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { InstancesAnswer, LevelAnswer, RenderedSeries, SearchAnswer, TreeNode } from '../answers.ts';
import type { ConsoleEnv } from '../console-parts.ts';
import { failures, json } from './requests.ts';
import { wellbeing } from './schemas.ts';

/*
 * What the console's own pages ask for and others may ask for, too. These routes check their parameters themselves, and
 * are only described here.
 */

const nodeSchema = z
  .object({ path: z.string(), name: z.string(), isMetric: z.boolean(), isFolder: z.boolean() })
  .openapi('MetricNode') satisfies z.ZodType<TreeNode>;

/** One level of the tree of names. */
export const levelSchema = z
  .object({ parent: z.string(), filter: z.string(), offset: z.number(), total: z.number(), nodes: z.array(nodeSchema) })
  .openapi('MetricLevel') satisfies z.ZodType<LevelAnswer>;

/** Names found anywhere. */
export const foundSchema = z
  .object({
    text: z.string(),
    nodes: z.array(nodeSchema),
    levels: z.number(),
    left: z.array(z.string()).describe('What was not searched or is not shown, in sentences.'),
  })
  .openapi('MetricSearch') satisfies z.ZodType<SearchAnswer>;

const momentOrNull = z.number().nullable();

/** The other monitors. */
export const instancesSchema = z
  .object({
    nowMs: z.number(),
    problem: z.string().describe('Why the list itself may be out of date; empty when it is not.'),
    counts: z.object({ all: z.number(), well: z.number(), failing: z.number(), unreachable: z.number(), notAsked: z.number() }),
    instances: z.array(
      z.object({
        url: z.string(),
        title: z.string(),
        rootTitle: z.string(),
        wellbeing,
        word: z.string(),
        message: z.string(),
        ownAtMs: momentOrNull.describe('When it looked at its promises itself.'),
        askedAtMs: momentOrNull,
        seenAtMs: momentOrNull,
        nextAtMs: momentOrNull,
        isVerified: z.boolean().describe('Its certificate is one that this machine trusts.'),
        promises: z.array(z.object({ title: z.string(), isKept: z.boolean(), message: z.string(), sinceMs: momentOrNull })),
      }),
    ),
  })
  .openapi('Instances') satisfies z.ZodType<InstancesAnswer>;

/** Series as Graphite has them. */
export const seriesSchema = z
  .array(z.object({ target: z.string(), datapoints: z.array(z.tuple([z.number().nullable(), z.number()])) }))
  .openapi('Series') satisfies z.ZodType<RenderedSeries[]>;

const tags = ['Metrics'];
const text = (most: number): z.ZodOptional<z.ZodString> => z.string().max(most).optional();
const digits = (most: number): z.ZodOptional<z.ZodType> => z.int().min(0).max(most).optional();

const renderQuery = z.object({
  target: z
    .array(z.string().min(1).max(4000))
    .min(1)
    .max(40)
    .openapi({ param: { style: 'form', explode: true } })
    .describe('Names, patterns, functions; once for each.'),
  from: text(100).describe('As Graphite reads times: -1h, 20261121, seconds since the epoch.'),
  until: text(100),
  maxDataPoints: digits(4000),
});

const DESCRIBED: RouteConfig[] = [
  {
    method: 'get',
    path: '/api/instances',
    tags: ['Instances'],
    summary: 'Other monitors, as they were seen last',
    responses: { 200: json(instancesSchema, 'In the order of the configuration.'), ...failures() },
  },
  {
    method: 'get',
    path: '/api/find',
    tags,
    summary: 'One level of the tree of metric names',
    request: {
      query: z.object({
        parent: text(1000).describe('The folder; the uppermost when left out.'),
        filter: text(200),
        offset: digits(999_999_999),
        limit: z.int().min(1).max(500).optional(),
      }),
    },
    responses: { 200: json(levelSchema, 'A page of the level.'), ...failures(502, 503, 504) },
  },
  {
    method: 'get',
    path: '/api/search',
    tags,
    summary: 'Metric names that contain words',
    request: { query: z.object({ query: z.string().min(1).max(200) }) },
    responses: { 200: json(foundSchema, 'The first of them.'), ...failures(502, 503, 504) },
  },
  {
    method: 'get',
    path: '/api/render',
    tags,
    summary: 'The points of metrics, as Graphite answers /render',
    request: { query: renderQuery },
    responses: { 200: json(seriesSchema, 'The series, with [value, seconds] each.'), ...failures(502, 503, 504) },
  },
  {
    method: 'get',
    path: '/api/render.csv',
    tags,
    summary: 'The same as a table',
    request: { query: renderQuery },
    responses: { 200: { description: 'RFC 4180, with a head.', content: { 'text/csv': { schema: z.string() } } }, ...failures(422, 502, 503, 504) },
  },
];

/** Adds them to the document. */
export function describeOthers(api: OpenAPIHono<ConsoleEnv>): void {
  for (const route of DESCRIBED) api.openAPIRegistry.registerPath(route);
}
