/*
 * What a dashboard is made of: as few kinds of things as ours need. A definition says what is shown and what to do about
 * it; grafana.ts makes Grafana's JSON of it, which the console draws, too.
 */

/** What a definition may know of the installation that it is made for. */
export interface Site {
  host: { name: string; /** host.example.org as org.example.host */ reversed: string };
  /** Where dkm's console answers. */
  consoleUrl: string;
  /** The component chosen for a role; none where the installation has not got that role. */
  providers: Readonly<Record<string, string>>;
}

/** One dashboard. */
export interface DashboardDefinition {
  /** Stands in addresses that people keep: never changed. */
  uid: string;
  title: string;
  /** One or two sentences: what it shows, of what. */
  about: string;
  /** The range at first, as Grafana writes it: `now-1h`. */
  from: string;
  /** How often it is asked for anew: `10s`. */
  refresh: string;
  variables: readonly VariableDefinition[];
  rows: readonly RowDefinition[];
}

/** Panels below a title; they flow from left to right, 24 columns wide. */
export interface RowDefinition {
  /** Empty: no title, as for what comes first. */
  title: string;
  panels: readonly PanelDefinition[];
  /** Closed at first. */
  isClosed?: boolean;
}

export type VariableDefinition =
  /** Names, found by rendering `target`: each series' name is a choice. Chosen at first: `current`, or else the first there is. */
  | { kind: 'names'; name: string; label: string; about: string; target: string; current: string }
  /** Free text. */
  | { kind: 'text'; name: string; label: string; about: string; current: string }
  /** One of some. */
  | { kind: 'choice'; name: string; label: string; about: string; choices: readonly { text: string; value: string }[] }
  /** How far apart points are; by itself some 300 in the range, and not closer than `finest`. */
  | { kind: 'resolution'; name: string; label: string; about: string; finest: string; choices: readonly string[] };

/** A line of a panel, or many: a Graphite expression and what its series are called. */
export interface TargetDefinition {
  series: string;
  called: Called;
  /** How points are made into fewer, where the resolution asks for it; the average by default. */
  by?: 'avg' | 'max' | 'sum' | 'last';
}

/** What series are called: by nodes of their name (negative: from the end), by a text, or as the expression calls them. */
export type Called = { nodes: readonly number[] } | { text: string } | 'as-they-are';

export interface Threshold {
  /** From this value on. Below the first one it is well, or, where that one is green, not at all. */
  from: number;
  colour: 'orange' | 'red' | 'green';
}

interface Shown {
  title: string;
  /** What is shown: one sentence. */
  about: string;
  /** What to do when it is not as it should be. */
  todo: string;
  /** Columns of 24. */
  width: number;
  /** Rows of some 36 pixels. */
  height: number;
  /** A unit of Grafana's (packages/grafana-data/src/valueFormats/categories.ts). */
  unit: string;
  targets: readonly TargetDefinition[];
  decimals?: number;
  min?: number;
  max?: number;
  thresholds?: readonly Threshold[];
  /** What is said where there is no data. */
  nothing?: string;
}

export type PanelDefinition =
  /** One figure, with its course behind it. */
  | (Shown & { kind: 'stat' })
  /** Lines over time. `stacked`: on each other, as parts of a whole; `bridgeS`: gaps up to this long are no gaps. */
  | (Shown & { kind: 'timeseries'; isStacked?: boolean; bridgeS: number; isRaw?: boolean })
  /** One bar for each series, in their order; `link` leads from a bar to another dashboard. */
  | (Shown & { kind: 'bars'; link?: LinkDefinition })
  /** One row for each series. */
  | (Shown & { kind: 'table'; columns: readonly TableColumn[]; link?: LinkDefinition })
  /** Markdown. */
  | { kind: 'text'; title: string; width: number; height: number; text: string };

/** A figure of a series: its last value, its highest, … */
export type TableColumn = 'lastNotNull' | 'max' | 'mean' | 'min';

/** To another of these dashboards, with the name of the series as the value of a variable. */
export interface LinkDefinition {
  title: string;
  uid: string;
  variable: string;
}
