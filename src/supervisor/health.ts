import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import type { Probe } from '../contract/service.ts';

/** What a probe found. `reason` says in words what is wrong. */
export type ProbeResult = { ok: true } | { ok: false; reason: string };

const OK: ProbeResult = { ok: true };
const bad = (reason: string): ProbeResult => ({ ok: false, reason });

/** Asks once; never throws. A probe that gets no answer within `timeoutMs` has failed. */
export async function probe(target: Probe, timeoutMs: number): Promise<ProbeResult> {
  switch (target.kind) {
    case 'tcp':
      return probeTcp(target, timeoutMs);
    case 'http':
      return probeHttp(target, timeoutMs);
    case 'file':
      return probeFile(target);
  }
}

function probeTcp({ host, port }: Extract<Probe, { kind: 'tcp' }>, timeoutMs: number): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const socket = connect({ host, port });
  const finish = (result: ProbeResult): void => {
    socket.destroy();
    resolve(result);
  };
  socket.setTimeout(timeoutMs, () => finish(bad(`port ${port} does not answer within ${timeoutMs} ms`)));
  socket.once('connect', () => finish(OK));
  socket.once('error', (error) => finish(bad(connectionFault(error, port))));
  return promise;
}

const LONGEST_BODY_BYTES = 1 << 20;

async function probeHttp({ url, status, contains }: Extract<Probe, { kind: 'http' }>, timeoutMs: number): Promise<ProbeResult> {
  const { get } = await import('node:http'); // only where a service is asked over HTTP
  if (!URL.canParse(url)) return bad(`${url} is not an address`);
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const request = get(url, { agent: false, timeout: timeoutMs, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (body.length < LONGEST_BODY_BYTES) body += text;
    });
    response.on('error', (error) => resolve(bad(httpFault(error, url, timeoutMs))));
    response.on('end', () => {
      if (response.statusCode !== status) resolve(bad(`${url} answers ${response.statusCode ?? 'nothing'}, expected ${status}`));
      else if (contains !== undefined && !body.includes(contains)) resolve(bad(`${url} answers without "${contains}"`));
      else resolve(OK);
    });
  });
  request.on('error', (error) => resolve(bad(httpFault(error, url, timeoutMs))));
  return promise;
}

async function probeFile({ path, maxAgeMs }: Extract<Probe, { kind: 'file' }>): Promise<ProbeResult> {
  try {
    const { mtimeMs } = await stat(path);
    const ageMs = Date.now() - mtimeMs;
    if (maxAgeMs !== undefined && ageMs > maxAgeMs)
      return bad(`${path} was last written ${Math.round(ageMs / 1000)} s ago, expected within ${maxAgeMs / 1000} s`);
    return OK;
  } catch (error) {
    return bad(systemCodeOf(error) === 'ENOENT' ? `${path} is not there yet` : messageOf(error));
  }
}

function connectionFault(error: Error, port: number): string {
  return systemCodeOf(error) === 'ECONNREFUSED' ? `nothing listens on port ${port}` : `port ${port}: ${error.message}`;
}

function httpFault(error: Error, url: string, timeoutMs: number): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `${url} does not answer within ${timeoutMs} ms`;
  return systemCodeOf(error) === 'ECONNREFUSED' ? `nothing listens at ${url}` : `${url}: ${error.message}`;
}
