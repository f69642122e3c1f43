import type { RunKind } from './kind.ts';
import { withService } from './with-service.ts';

/** A kind as the runner knows it: its settings were checked when they were read. */
const loose = <Settings>(check: RunKind<Settings>): RunKind => check as unknown as RunKind;
/** One that can be about a service. */
const about = <Settings>(check: RunKind<Settings>): RunKind => loose(withService(check));

/** Every built-in kind by its name, each loaded when it is first needed. */
export const KINDS: Readonly<Record<string, () => Promise<RunKind>>> = {
  certificate: async () => about((await import('./certificate.ts')).certificate),
  clock: async () => loose((await import('./clock.ts')).clock),
  command: async () => about((await import('./command.ts')).command),
  disk: async () => loose((await import('./disk.ts')).disk),
  'disk-forecast': async () => loose((await import('./disk-forecast.ts')).diskForecast),
  file: async () => about((await import('./file.ts')).file),
  forecast: async () => about((await import('./forecast.ts')).forecast),
  freshness: async () => about((await import('./freshness.ts')).freshness),
  http: async () => about((await import('./http.ts')).http),
  metric: async () => about((await import('./metric.ts')).metric),
  process: async () => about((await import('./processes.ts')).processes),
  resource: async () => loose((await import('./resource.ts')).resource),
  service: async () => loose((await import('./service.ts')).service),
  tcp: async () => about((await import('./tcp.ts')).tcp),
  whisper: async () => loose((await import('./whisper.ts')).whisper),
};
