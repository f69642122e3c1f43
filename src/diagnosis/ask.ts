import { get } from 'node:http';
import { connect } from 'node:net';
import { DkmError } from '../base/errors.ts';

/*
 * The few questions that are put to this installation's own services and to its carbon server. Nobody else is asked.
 */

/** What a service answered. */
export interface Answer {
  status: number;
  body: string;
  /** Its clock: the Date header, in milliseconds since the epoch; undefined without one. */
  dateMs: number | undefined;
}

const MOST_BYTES = 8 << 20;

/** Asks an http address; every failure throws `timed-out` or the system's error. */
export function askHttp(url: string, timeoutMs: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
      if (body.length > MOST_BYTES) request.destroy(new DkmError('file-invalid', `${url} answers more than ${MOST_BYTES} bytes.`));
    });
    response.once('error', reject);
    response.once('end', () => {
      const dateMs = Date.parse(response.headers.date ?? '');
      resolve({ status: response.statusCode ?? 0, body, dateMs: Number.isNaN(dateMs) ? undefined : dateMs });
    });
  });
  request.once('error', (error) =>
    reject(
      error.name === 'AbortError' || error.name === 'TimeoutError' ? new DkmError('timed-out', `${url} does not answer within ${timeoutMs / 1000} s.`) : error,
    ),
  );
  return promise;
}

/** True when a TCP connection can be made. */
export function canConnect(host: string, port: number, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port });
  const finish = (reached: boolean): void => {
    socket.destroy();
    resolve(reached);
  };
  socket.setTimeout(timeoutMs, () => finish(false));
  socket.once('connect', () => finish(true));
  socket.once('error', () => finish(false));
  return promise;
}

/** A value and when it was measured, in seconds since the epoch. */
export interface Point {
  value: number;
  atSeconds: number;
}

/** The stored points of a metric, the newest last; none when it is not known. */
export async function storedPoints(queryUrl: string, metric: string, from: string, until: string, timeoutMs: number): Promise<Point[]> {
  const search = new URLSearchParams({ target: metric, format: 'json', from, until, noCache: '1' });
  const { status, body } = await askHttp(`${queryUrl}/render?${search.toString()}`, timeoutMs);
  if (status !== 200) throw new DkmError('service-failed', `${queryUrl} answers ${status}, expected 200.`);
  const [series] = JSON.parse(body) as { datapoints?: [number | null, number][] }[];
  return (series?.datapoints ?? []).flatMap(([value, atSeconds]) => (typeof value === 'number' ? [{ value, atSeconds }] : []));
}
