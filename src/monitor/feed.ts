import type { MonitorSpec } from '../contract/monitor.ts';
import { fromDate, toMailDate } from './dates.ts';
import type { PromiseState } from './state.ts';
import { toXml, type XmlElement } from './xml.ts';

/*
 * `public/feed`, RSS 2.0 (https://www.rssboard.org/rss-specification): one item for each promise, which gets a new guid
 * when its state or its message changes. The original writes ISO dates and declares iso-8859-1; RSS wants RFC 822 dates.
 */

/** The items of the feed. Pure. */
export function feedItems(spec: MonitorSpec, states: readonly PromiseState[]): XmlElement[] {
  return states.map(({ title, status, message, hash, changeDate }) => ({
    title: `[${status}] ${title}`,
    link: `${spec.baseUrl}/share/private/`,
    description: `\n${message}`,
    category: status,
    guid: { '@isPermaLink': 'false', '#text': Buffer.from(`${spec.rootTitle}, ${title}, ${hash}, ${changeDate}`).toString('base64') },
    pubDate: toMailDate(fromDate(changeDate) ?? 0),
    source: { '@url': `${spec.baseUrl}/share/public/`, '#text': title },
  }));
}

/** The feed's text. Pure. */
export function feed(spec: MonitorSpec, items: XmlElement[], nowMs: number): string {
  const channel: XmlElement = {
    title: spec.title,
    link: `${spec.baseUrl}/public/feed`,
    description: spec.rootTitle,
    lastBuildDate: toMailDate(nowMs),
    docs: 'https://www.rssboard.org/rss-specification',
    item: items,
  };
  return toXml({ rss: { '@version': '2.0', channel } });
}

/** What a sub-monitor is called that does not answer. */
export const UNKNOWN_INSTANCE = 'Unknown Instance';

/** `public/feeds`, OPML 1.1: this monitor and its sub-monitors, in order; titles by their addresses. Pure. */
export function opml(spec: MonitorSpec, titles: ReadonlyMap<string, string>, createdMs: number, nowMs: number): string {
  const outline = (title: string, url: string): XmlElement => ({
    '@text': title,
    '@title': title,
    '@type': 'rss',
    '@version': 'RSS',
    '@htmlUrl': `${url}/public/feed`,
    '@xmlUrl': `${url}/public/feed`,
    '@url': `${url}/share/private/`,
  });
  const others = spec.instances.map((url) => outline(titles.get(url) ?? UNKNOWN_INSTANCE, url));
  return toXml({
    opml: {
      '@version': '1.1',
      head: { title: spec.rootTitle, dateCreated: toMailDate(createdMs), dateModified: toMailDate(nowMs) },
      body: { outline: [{ '@text': 'Monitoring RSS Feed list', outline: [outline(spec.title, spec.baseUrl), ...others] }] },
    },
  });
}
