import type { StatusWarning } from '../contract/status.ts';
import type { ChartForHost } from './graphite/charts.ts';

/* What the console's API answers with; the page is its only reader. Types alone, so that server and page share them. */

/** How a service is: the page gives each a colour, an icon and a word. */
export type Wellbeing = 'good' | 'busy' | 'off' | 'warning' | 'bad' | 'unknown';

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
  /** Its process; null while there is none. */
  pid: number | null;
  /** True while the supervisor keeps it stopped, and will start it again by itself. */
  held: boolean;
  ports: PortRow[];
}

/** GET /api/status */
export interface StatusAnswer {
  /** The server's clock, from which the page reckons how long a service has been up. */
  nowMs: number;
  supervisor: {
    state: 'running' | 'dead' | 'missing' | 'unreadable';
    message: string;
    version: string | null;
    startedAtMs: number | null;
    /** Its process, as it wrote it down; null where nothing is known. */
    pid: number | null;
  };
  services: ServiceRow[];
  /** What should be seen to though every service may be well; empty when the supervisor is gone. */
  warnings: StatusWarning[];
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

/** A name in the tree of metrics. */
export interface TreeNode {
  /** All of it, as targets need it. */
  path: string;
  /** Its last part. */
  name: string;
  /** It has values. */
  isMetric: boolean;
  /** There are names below it. A name may be both. */
  isFolder: boolean;
}

/** GET /api/find: a stretch of one level. */
export interface LevelAnswer {
  parent: string;
  filter: string;
  offset: number;
  /** How many names the level has with this filter. */
  total: number;
  nodes: TreeNode[];
}

/** GET /api/search */
export interface SearchAnswer {
  text: string;
  nodes: TreeNode[];
  /** How many parts of names, from the left, were searched. */
  levels: number;
  /** What was not searched or is not shown, in sentences; empty when nothing was left out. */
  left: string[];
}

export interface FunctionParameter {
  name: string;
  /** Graphite's own word: seriesList, integer, float, string, node, interval, boolean, aggFunc, ... */
  type: string;
  required: boolean;
  multiple: boolean;
  initial: string;
  options: string[];
  suggestions: string[];
}

export interface FunctionAnswer {
  name: string;
  signature: string;
  description: string;
  group: string;
  parameters: FunctionParameter[];
}

/** GET /api/functions */
export interface FunctionsAnswer {
  /** Who said so; `built-in`: the query service did not, and there may be more. */
  source: 'query-service' | 'built-in';
  functions: FunctionAnswer[];
}

/** What a monitor says of one of its promises. */
export interface InstancePromise {
  title: string;
  isKept: boolean;
  message: string;
  sinceMs: number | null;
}

/** Another monitor, as it was seen last. */
export interface InstanceRow {
  /** Its base address, without a slash at the end. */
  url: string;
  /** Empty while nothing is known of it. */
  title: string;
  rootTitle: string;
  /** `bad`: it is there and something is broken; `unknown`: it does not answer, or its own state is old; `busy`: not asked yet. */
  wellbeing: Wellbeing;
  word: string;
  message: string;
  /** When it looked at its promises itself. */
  ownAtMs: number | null;
  askedAtMs: number | null;
  /** When it last answered. */
  seenAtMs: number | null;
  /** When it is asked next; null while it is being asked. */
  nextAtMs: number | null;
  /** False where its certificate is not one that this machine trusts. */
  isVerified: boolean;
  /** The broken ones first. */
  promises: InstancePromise[];
}

/** GET /api/instances */
export interface InstancesAnswer {
  nowMs: number;
  /** Why the list itself may be out of date; empty when it is not. */
  problem: string;
  counts: { all: number; well: number; failing: number; unreachable: number; notAsked: number };
  instances: InstanceRow[];
}

/** GET /api/names: what a pattern stands for. */
export interface NamesAnswer {
  pattern: string;
  /** Whole names, in order. */
  paths: string[];
  /** There are more than were listed. */
  isMore: boolean;
}
