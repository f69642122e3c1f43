import type { ChartForHost } from './charts.ts';

/* What the console's API answers with; the page is its only reader. Types alone, so that server and page share them. */

/** How a service is: the page gives each a colour, an icon and a word. */
export type Wellbeing = 'good' | 'busy' | 'off' | 'bad' | 'unknown';

export interface PortRow {
  name: string;
  title: string;
  address: string;
  port: number;
  protocols: string[];
}

export interface ServiceRow {
  name: string;
  title: string;
  version: string;
  role: string;
  wellbeing: Wellbeing;
  /** Its state in a word. */
  word: string;
  /** Why it is not well; empty when it is. */
  reason: string;
  startedAtMs: number | null;
  restarts: number;
  lastExit: string | null;
  ports: PortRow[];
}

/** GET /api/status */
export interface StatusAnswer {
  /** The server's clock, from which the page reckons how long a service has been up. */
  nowMs: number;
  supervisor: { state: 'running' | 'dead' | 'missing' | 'unreadable'; message: string; version: string | null; startedAtMs: number | null };
  services: ServiceRow[];
}

/** GET /api/host */
export interface HostAnswer {
  title: string;
  version: string;
  /** The host's ordinary name. */
  host: string;
  /** The port of this console. */
  port: number;
  charts: ChartForHost[];
}

/** One series of GET /api/render, as Graphite has it: [value, seconds since the epoch]. */
export interface RenderedSeries {
  target: string;
  datapoints: [number | null, number][];
}

/** What every failure under /api answers with. */
export interface ErrorAnswer {
  error: { code: string; message: string };
}
