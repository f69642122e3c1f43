import { XMLParser } from 'fast-xml-parser';
import type { InstancePromise } from '../answers.ts';

/*
 * What monitors say of themselves: today's monitor.global.json and feed, and monitor.haljson of the first generation. They
 * are other people's programs, of any version: what is not as expected is left out.
 */

const LONGEST_TEXT = 200;
const LONGEST_MESSAGE = 1000;
const MOST_PROMISES = 2000;

/** public/monitor.global.json */
export interface GlobalDocument {
  title: string;
  /** What it is a part of. */
  rootTitle: string;
  isWell: boolean;
  /** When it looked last. */
  atMs: number | null;
  /** Its sub-monitors. */
  related: string[];
}

/** Reads public/monitor.global.json; undefined when it is none. Pure. */
export function globalDocument(text: string): GlobalDocument | undefined {
  const value = recordOf(parsed(text));
  const status = textOf(value?.['status'], 20).toUpperCase();
  if (value === undefined || (status !== 'OK' && status !== 'ERROR' && status !== 'WARNING')) return undefined;
  return {
    title: textOf(value['title'], LONGEST_TEXT),
    rootTitle: textOf(value['specialise_title'] ?? value['root-title'] ?? value['hosting_subscription'], LONGEST_TEXT),
    isWell: status === 'OK',
    atMs: dateOf(textOf(value['date'], 60)),
    related: relatedOf(recordOf(value['_links'])?.['related_monitor']),
  };
}

function relatedOf(links: unknown): string[] {
  const list = Array.isArray(links) ? links : [];
  return list.slice(0, 1000).flatMap((link) => {
    const href = textOf(recordOf(link)?.['href'], 500);
    return /^https?:\/\//.test(href) ? [href] : [];
  });
}

/** monitor.haljson of the first generation. */
export interface HalDocument {
  title: string;
  services: { id: string; title: string; statusHref: string }[];
}

/** Reads monitor.haljson; undefined when it is none. Pure. */
export function halDocument(text: string): HalDocument | undefined {
  const value = recordOf(parsed(text));
  if (value === undefined || (value['_embedded'] === undefined && value['_links'] === undefined)) return undefined;
  const services = recordOf(value['_embedded'])?.['service'];
  return { title: textOf(value['title'], LONGEST_TEXT), services: (Array.isArray(services) ? services : []).slice(0, MOST_PROMISES).flatMap(serviceOf) };
}

function serviceOf(value: unknown): HalDocument['services'] {
  const service = recordOf(value);
  const id = textOf(service?.['id'], LONGEST_TEXT);
  const statusHref = textOf(recordOf(recordOf(service?.['_links'])?.['status'])?.['href'], 500);
  return id === '' || statusHref === '' ? [] : [{ id, title: textOf(service?.['title'], LONGEST_TEXT) || id, statusHref }];
}

/** Reads the status of one service of the first generation. Pure. */
export function statusDocument(text: string, title: string): InstancePromise | undefined {
  const value = recordOf(parsed(text));
  if (value === undefined) return undefined;
  return { title, isKept: value['status'] === 'OK', message: textOf(value['message'], LONGEST_MESSAGE), sinceMs: null };
}

const XML = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: true, htmlEntities: false, isArray: (name) => name === 'item' });

/** Reads public/feed: what each promise last said; undefined when it is no feed. Pure. */
export function feedDocument(text: string): InstancePromise[] | undefined {
  // No feed has definitions of its own; those that have any mean to become large.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
  let value: unknown;
  try {
    value = XML.parse(text);
  } catch {
    return undefined;
  }
  const channel = recordOf(recordOf(recordOf(value)?.['rss'])?.['channel']);
  if (channel === undefined) return undefined;
  const items = channel['item'];
  const promises = (Array.isArray(items) ? items : []).slice(0, MOST_PROMISES).flatMap(promiseOf);
  // A feed may also have what was said before: the newest of each promise counts, which stands first.
  return [...new Map(promises.reverse().map((promise) => [promise.title, promise])).values()].reverse();
}

function promiseOf(value: unknown): InstancePromise[] {
  const item = recordOf(value);
  const [, state = '', title = ''] = /^\[(\w+)\]\s*(.*)$/s.exec(textOf(item?.['title'], LONGEST_TEXT)) ?? [];
  if (title === '') return [];
  return [{ title, isKept: state === 'OK', message: textOf(item?.['description'], LONGEST_MESSAGE), sinceMs: dateOf(textOf(item?.['pubDate'], 60)) }];
}

/** ISO and RFC 822 dates, both as SlapOS writes them (`2026-11-21T14:00:00+0000`). Milliseconds since the epoch. */
function dateOf(text: string): number | null {
  const time = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(time) ? null : time;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function textOf(value: unknown, longest: number): string {
  return typeof value === 'string'
    ? value
        .replace(/[\p{Cc}]+/gu, ' ')
        .trim()
        .slice(0, longest)
        .toWellFormed()
    : '';
}
