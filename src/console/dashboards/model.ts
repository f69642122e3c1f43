/* A dashboard as the console draws it: what it knows of Grafana's JSON model, and in words what it does not. */

/** GET /api/dashboards/{uid} */
export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  /** Graphite times: `-1h`, `now`, or seconds since the epoch. */
  from: string;
  until: string;
  /** Seconds; 0: never by itself. */
  refreshS: number;
  variables: Variable[];
  sections: Section[];
  /** What of the whole dashboard is not shown. */
  notes: string[];
}

/** GET /api/dashboards */
export interface DashboardsAnswer {
  dashboards: { uid: string; title: string; description: string; tags: string[]; origin: string }[];
  /** Files that are no dashboards, with the reason. */
  problems: { file: string; message: string }[];
}

/** Panels below one row's title; those before the first row have none. */
export interface Section {
  title: string;
  isCollapsed: boolean;
  panels: Panel[];
}

export type VariableKind = 'query' | 'custom' | 'interval' | 'textbox' | 'constant' | 'unknown';

export interface Variable {
  name: string;
  label: string;
  kind: VariableKind;
  /** Of a query: the pattern whose names are the choices, or `expand(pattern)` for whole names. */
  query: string;
  /** Of a query: it is rendered, and what its series are called are the choices. */
  isRendered: boolean;
  /** Of an interval: it may be chosen by itself, so that a range has about so many points, and none closer than this. */
  auto: { count: number; finest: string } | undefined;
  /** Of a query: choices that do not match are left out; its first group is the value. */
  regex: string;
  choices: Choice[];
  isMulti: boolean;
  hasAll: boolean;
  /** What "all" means; empty: every choice. */
  allValue: string;
  /** Chosen at first; `$__all` for all, `$__auto` for what suits the range. */
  current: string[];
  isHidden: boolean;
  note: string;
}

export interface Choice {
  text: string;
  value: string;
}

export const ALL = '$__all';
export const AUTO = '$__auto';

export type PanelKind = 'timeseries' | 'stat' | 'gauge' | 'bars' | 'table' | 'text' | 'unknown';

export interface Panel {
  id: number;
  kind: PanelKind;
  /** Grafana's word. */
  type: string;
  title: string;
  description: string;
  /** On a grid of 24 columns; rows of some 36 pixels. */
  place: { x: number; y: number; w: number; h: number };
  targets: { refId: string; target: string; isHidden: boolean }[];
  display: Display;
  overrides: Override[];
  /** Of bars and tables: where a series leads; `${__field.displayName}` stands for what it is called. */
  link: { title: string; url: string } | undefined;
  /** Of texts: what is written, in Markdown or plain. */
  content: string;
  isMarkdown: boolean;
  /** Shown once for each value of this variable. */
  repeat: { variable: string; isVertical: boolean; most: number } | undefined;
  /** A range of its own: `-2h`. */
  ownFrom: string;
  notes: string[];
}

/** How values are shown. */
export interface Display {
  unit: string;
  decimals?: number;
  min?: number;
  max?: number;
  /** From this value on, in this colour; the first one from below. */
  thresholds: { from: number | null; colour: string }[];
  /** Thresholds are shares of min to max, in per cent. */
  thresholdsInPercent: boolean;
  thresholdsDrawn: boolean;
  /** One colour for all; empty: the palette. */
  colour: string;
  colourByThreshold: boolean;
  draw: 'line' | 'bars' | 'points';
  lineWidth: number;
  /** 0 to 1 */
  fill: number;
  isBridged: boolean;
  isStacked: boolean;
  isLog: boolean;
  legend: 'list' | 'table' | 'none';
  /** Of a legend, a stat, a gauge or a table: which figures. */
  calcs: Calc[];
  hasSparkline: boolean;
  /** Where there is no value. */
  noValue: string;
  /** Words for values. */
  words: { value: string; text: string; colour: string }[];
}

export const CALCS = ['last', 'first', 'min', 'max', 'mean', 'sum', 'count', 'range', 'delta'] as const;
export type Calc = (typeof CALCS)[number];

/** What is different for some series. */
export interface Override {
  by: 'name' | 'regexp' | 'refId';
  text: string;
  unit?: string;
  decimals?: number;
  colour?: string;
  label?: string;
  isHidden?: boolean;
  isBelow?: boolean;
}
