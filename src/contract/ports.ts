/**
 * The ten ports of an installation, as offsets from the port given to the installer with `-p`.
 * The offsets are those of Dataiku's dkumonitor, so that what points at one of its ports can stay as it is.
 */
export const PORT_OFFSETS = {
  dashboards: 0,
  carbon: 1,
  query: 2,
  storeHttp: 3,
  pickle: 4,
  console: 5,
  telemetry: 6,
  carbonlink: 7,
  relay: 8,
  reserved: 9,
} as const;

export type PortName = keyof typeof PORT_OFFSETS;

export const PORT_NAMES = Object.keys(PORT_OFFSETS) as PortName[];

/** Ports that an administrator chooses one by one in conf/dkm.toml; open only where that says so. */
export const CHOSEN_PORT_NAMES = ['statsd'] as const;

export type ChosenPortName = (typeof CHOSEN_PORT_NAMES)[number];

/** How many ports an installation takes, from its first one on. */
export const PORTS_PER_INSTALLATION = 10;

/** Every port of an installation whose first port is `base`. */
export function portsFrom(base: number): Record<PortName, number> {
  return Object.fromEntries(PORT_NAMES.map((name) => [name, base + PORT_OFFSETS[name]])) as Record<PortName, number>;
}
