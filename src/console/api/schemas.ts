import { z } from '@hono/zod-openapi';
import type { CheckedPromise, PromiseStatus } from '../../contract/promise.ts';
import { PROMISE_STATES, SEVERITIES } from '../../contract/promise.ts';
import type { ChannelStatus, NotifyStatus } from '../../contract/notify.ts';
import { SERVICE_STATES } from '../../contract/status.ts';
import type { DayStatistics, HistoryEntry } from '../../monitor/read.ts';
import type { ErrorAnswer, ServiceRow, StatusAnswer } from '../answers.ts';
import type { AuditEntry } from '../access/audit.ts';

/*
 * What the API answers with, as schemas: its document is made of them, and tests hold the answers to them. Each says at
 * the same time that it fits the type that is served. Times are in milliseconds since the epoch.
 */

/** A type as a schema tells it: what may be missing may be undefined, too. */
type Told<Type> = { [Key in keyof Type]: object extends Pick<Type, Key> ? Type[Key] | undefined : Type[Key] };

const moment = z.number().describe('Milliseconds since the epoch.');
const momentOrNull = moment.nullable();

export const errorSchema = z
  .object({ error: z.object({ code: z.string().describe('For programs: it stays the same.'), message: z.string().describe('For people.') }) })
  .openapi('Error') satisfies z.ZodType<ErrorAnswer>;

/** A failure to answer with. */
export function fault(code: string, message: string): ErrorAnswer {
  return { error: { code, message } };
}

/** How something is, for a colour. */
export const wellbeing = z.enum(['good', 'busy', 'off', 'warning', 'bad', 'unknown']);

export const serviceSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    version: z.string(),
    role: z.string(),
    wellbeing: wellbeing.describe('How it is, for a colour.'),
    word: z.string().describe('How it is, in a word.'),
    reason: z.string().describe('Why it is not well; empty when it is.'),
    startedAtMs: momentOrNull,
    restarts: z.number().describe('Restarts by the supervisor since it was last started by hand.'),
    lastExit: z.string().nullable().describe('Exit code or signal of the last process that ended.'),
    pid: z.number().nullable(),
    held: z.boolean().describe('The supervisor keeps it stopped, and will start it again by itself.'),
    ports: z.array(z.object({ name: z.string(), title: z.string(), address: z.string(), port: z.number(), protocols: z.array(z.string()) })),
  })
  .openapi('Service') satisfies z.ZodType<ServiceRow>;

export const supervisorSchema = z
  .object({
    state: z.enum(['running', 'dead', 'missing', 'unreadable']),
    message: z.string(),
    version: z.string().nullable(),
    startedAtMs: momentOrNull,
    pid: z.number().nullable(),
  })
  .openapi('Supervisor') satisfies z.ZodType<StatusAnswer['supervisor']>;

export const acknowledgementSchema = z.object({ by: z.string(), comment: z.string(), sinceMs: moment, untilMs: moment }).openapi('Acknowledgement');

const promiseState = z.enum([...PROMISE_STATES, 'pending']);

/** A promise with its last outcome: run/promises.json, apart from what only the supervisor needs. */
export const promiseSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    origin: z.string().describe('Where it was defined: a component, `host`, or a file.'),
    severity: z.enum(SEVERITIES),
    schedule: z.string().describe('Cron expression, in the time zone of the machine.'),
    kind: z.string(),
    state: promiseState,
    message: z.string(),
    values: z.record(z.string(), z.number()).describe('What was measured, by name.'),
    error: z.string().optional(),
    description: z.string().optional(),
    sinceMs: momentOrNull.describe('Since when it is in this state.'),
    checkedAtMs: momentOrNull,
    executionTimeMs: z.number().nullable(),
    nextAtMs: momentOrNull,
    isRunning: z.boolean(),
    acknowledged: acknowledgementSchema.optional(),
  })
  .openapi('Promise') satisfies z.ZodType<Told<Omit<PromiseStatus, 'definition'>>>;

export const checkedSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    severity: z.enum(SEVERITIES),
    state: z.enum(PROMISE_STATES),
    message: z.string(),
    values: z.record(z.string(), z.number()).optional(),
    error: z.string().optional(),
    description: z.string().optional(),
    startedAtMs: moment,
    executionTimeMs: z.number(),
    acknowledged: acknowledgementSchema.optional(),
  })
  .openapi('CheckedPromise') satisfies z.ZodType<Told<CheckedPromise>>;

export const knowledgeSchema = z
  .enum(['current', 'stale', 'none', 'unreadable'])
  .describe('`stale`: whoever checks promises is gone; `none`: nothing was written yet.');

export const promisesSchema = z
  .object({
    state: knowledgeSchema,
    message: z.string(),
    total: z.number().describe('How many there are that fit, on all pages.'),
    promises: z.array(promiseSchema),
  })
  .openapi('Promises');

export const statusSchema = z
  .object({
    nowMs: moment,
    summary: z.object({ wellbeing, text: z.string() }),
    supervisor: supervisorSchema,
    services: z.array(serviceSchema),
    warnings: z.array(z.object({ about: z.string(), directory: z.string(), sinceMs: moment, message: z.string() })),
    promises: z.object({
      state: knowledgeSchema,
      message: z.string(),
      counts: z.object({ ok: z.number(), failed: z.number(), 'no-data': z.number(), pending: z.number() }),
      acknowledged: z.number(),
    }),
  })
  .openapi('Status');

export const historySchema = z
  .object({
    total: z.number().describe('How many changes are kept.'),
    history: z.array(
      z.object({
        atMs: moment,
        state: z.enum(PROMISE_STATES),
        message: z.string(),
        sinceMs: moment,
        executionTimeMs: z.number(),
      }) satisfies z.ZodType<HistoryEntry>,
    ),
  })
  .openapi('History');

export const statisticsSchema = z
  .object({ days: z.array(z.object({ day: z.string().describe('YYYY-MM-DD, UTC.'), ok: z.number(), failed: z.number() }) satisfies z.ZodType<DayStatistics>) })
  .openapi('Statistics');

export const outcomeSchema = z
  .object({
    service: z.string(),
    ok: z.boolean(),
    state: z.enum(SERVICE_STATES),
    message: z.string(),
    logTail: z.string().describe('The end of its log, when it failed.'),
  })
  .openapi('ServiceOutcome');

/** What came of an action that was waited for, or that it goes on. */
export const acceptedSchema = z.object({ accepted: z.literal(true), message: z.string() }).openapi('Accepted');

const failureAt = z.object({ atMs: moment, message: z.string() });

const channelSchema = z
  .object({
    name: z.string(),
    kind: z.enum(['webhook', 'email', 'command']),
    lastSuccessMs: momentOrNull,
    lastError: failureAt.extend({ isPermanent: z.boolean() }).nullable(),
    waiting: z.number(),
    nextAttemptMs: momentOrNull,
    dropped: z.number(),
    givenUp: z.number(),
  })
  .openapi('Channel') satisfies z.ZodType<ChannelStatus>;

export const notificationsSchema = z
  .object({
    state: z.enum(['current', 'none', 'unreadable']).describe('`none`: nobody is told yet.'),
    channels: z.array(channelSchema),
    heartbeat: z.object({ lastSuccessMs: momentOrNull, lastError: failureAt.nullable() }).nullable() satisfies z.ZodType<NotifyStatus['heartbeat']>,
  })
  .openapi('Notifications');

export const hostSchema = z
  .object({
    host: z.string().describe("The host's ordinary name."),
    title: z.string(),
    metricPrefix: z.string().describe('Where the metrics of this host are.'),
    port: z.number(),
    uptimeS: z.number(),
    cpus: z.number(),
    loadAverage: z.array(z.number()),
    memoryBytes: z.object({ total: z.number(), free: z.number() }),
    storage: z.object({ directory: z.string(), totalBytes: z.number(), freeBytes: z.number() }).nullable(),
  })
  .openapi('Host');

export const versionSchema = z
  .object({
    dkm: z.string(),
    node: z.string(),
    platform: z.string(),
    components: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string(), source: z.string(), verified: z.string() })),
  })
  .openapi('Version');

export const auditSchema = z
  .object({
    entries: z.array(
      z.object({
        time: z.string(),
        account: z.string(),
        role: z.string(),
        via: z.string(),
        address: z.string(),
        action: z.string(),
        subject: z.string(),
        outcome: z.string(),
      }) satisfies z.ZodType<AuditEntry>,
    ),
  })
  .openapi('Audit');
