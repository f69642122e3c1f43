import { mkdirSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { bootId, processStartTime } from '../../../src/base/process-identity.ts';
import type { PromiseStatus, PromisesStatus } from '../../../src/contract/promise.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A promise that is kept, with what is given changed. */
export function promiseOf(changes: Partial<PromiseStatus> & { id: string }): PromiseStatus {
  const nowMs = Date.now();
  return {
    title: changes.id,
    origin: 'host',
    severity: 'warning',
    schedule: '*/5 * * * *',
    kind: 'tcp',
    state: 'ok',
    message: 'It is as it should be.',
    values: {},
    sinceMs: nowMs - 30 * HOUR_MS,
    checkedAtMs: nowMs - 40_000,
    executionTimeMs: 12,
    nextAtMs: nowMs + 4 * MINUTE_MS,
    isRunning: false,
    ...changes,
  };
}

/** Some promises of a full installation, all kept. */
export const PROMISES: readonly PromiseStatus[] = [
  promiseOf({
    id: 'store-answers',
    title: 'The metric store answers',
    origin: 'carbon-cache',
    severity: 'critical',
    message: 'Port 16001 accepts connections.',
    values: { connect_ms: 0.4 },
  }),
  promiseOf({
    id: 'query-answers',
    title: 'Graphite queries are answered',
    origin: 'graphite-web',
    kind: 'http',
    severity: 'critical',
    message: '/version answers with 200.',
    values: { answer_ms: 8.2, status: 200 },
  }),
  promiseOf({
    id: 'disk-lasts',
    title: 'The disk lasts another week',
    kind: 'disk-forecast',
    message: 'The disk of storage will not be full within 7 days, if it goes on as before.',
    values: { days_left: 83.4, free_bytes: 150e9, bytes_per_day: 1.8e9 },
  }),
  promiseOf({
    id: 'hosts-send',
    title: 'Hosts send their metrics',
    kind: 'freshness',
    message: 'Every host sends: none has been silent for 5 min.',
    values: { hosts: 3, stale_hosts: 0, oldest_s: 21 },
  }),
  promiseOf({
    id: 'clock-is-right.sh',
    title: 'clock-is-right.sh',
    origin: 'conf/promises.d/clock-is-right.sh',
    kind: 'executable',
    message: 'The clock is off by 3 ms.',
  }),
];

/** What a supervisor that is this very process would write of these promises. */
export function promisesOf(promises: readonly PromiseStatus[], supervisor: Partial<PromisesStatus> = {}): PromisesStatus {
  return { schema: 1, pid: process.pid, pidStartTime: processStartTime(process.pid), bootId: bootId(), promises: [...promises], ...supervisor };
}

/** A dkm that notes how it was called and answers with what `answers` holds for its first word. */
export function writeFakeDkm(root: string, answers: Record<string, { code: number; stdout: string; stderr?: string }>): string {
  const called = join(root, 'called');
  mkdirSync(join(root, 'bin'), { recursive: true });
  const cases = Object.entries(answers).map(
    ([word, { code, stdout, stderr = '' }]) => `${word}) cat <<'END'\n${stdout}\nEND\nprintf '%s' '${stderr}' >&2; exit ${code};;`,
  );
  writeFileSync(join(root, 'bin', 'dkm'), `#!/bin/sh\necho "$@ log=$DKM_SERVICE_LOG" >> '${called}'\ncase $1 in\n${cases.join('\n')}\nesac\n`, { mode: 0o755 });
  return called;
}

/** Gives a promise a history: kept for days, broken twice in between. */
export function writeHistory(root: string, id: string): void {
  const folder = join(root, 'storage', 'monitor', 'public');
  mkdirSync(folder, { recursive: true });
  const nowMs = Date.now();
  const changes = [
    { hoursAgo: 120, status: 'OK', message: 'It is as it should be.' },
    { hoursAgo: 60, status: 'ERROR', message: 'It did not answer within 5 s.' },
    { hoursAgo: 59, status: 'OK', message: 'It is as it should be.' },
    { hoursAgo: 20, status: 'ERROR', message: 'It did not answer within 5 s.' },
    { hoursAgo: 18.5, status: 'OK', message: 'It is as it should be.' },
  ];
  const data = changes.map(({ hoursAgo, status, message }, index) => {
    const date = `${new Date(nowMs - hoursAgo * HOUR_MS).toISOString().slice(0, 19)}+0000`;
    return {
      ...(index === 0 && { title: parse(id).name, name: id }),
      status,
      failed: status !== 'OK',
      date,
      'change-date': date,
      message,
      'execution-time': 0.05,
    };
  });
  writeFileSync(join(folder, `${parse(id).name}.history.json`), JSON.stringify({ date: nowMs / 1000, data }));
}
