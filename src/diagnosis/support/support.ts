import { hostname } from 'node:os';
import { VERSION } from '../../base/version.ts';
import { reversedHost } from '../../manifest/context.ts';
import { within } from '../bounded.ts';
import { sceneOf } from '../scene.ts';
import type { Layout } from '../../base/layout.ts';
import { packEntries, refuseSecrets, type Entry } from './archive.ts';
import { runCollector, type CollectorResult } from './collector.ts';
import { COLLECTORS } from './collectors.ts';
import { gatherConfiguration } from './gather-configuration.ts';
import { hostHider } from './hide-hosts.ts';
import { secretsOfEnvironment, storedSecrets } from './known-secrets.ts';
import { redactorOf } from '../../redaction/redact-text.ts';
import { isSought } from '../../redaction/secrets.ts';

/** What an archive holds, and what it does not. */
export interface SupportSummary {
  schema: 1;
  dkm: string;
  createdAt: string;
  hostsAreHidden: boolean;
  collectors: CollectorResult[];
  leftOut: { what: string; why: string }[];
  /** How many secrets were looked for. */
  secretsSought: number;
}

export interface SupportArchive {
  bytes: Buffer;
  summary: SupportSummary;
}

/** Bytes of all files together; logs that come after that are left out. */
const MOST_BYTES = 24 << 20;
const SECRETS_TIMEOUT_MS = 10_000;
const CONFIGURATION_TIMEOUT_MS = 20_000;

/**
 * Gathers everything and makes the archive. Throws `redaction-failed` rather than return one that might hold a secret:
 * when not all secrets can be read, and when one is found in the finished archive.
 */
export async function supportArchive(
  layout: Layout,
  options: { hideHosts?: boolean },
  onCollected: (result: CollectorResult) => void = () => undefined,
): Promise<SupportArchive> {
  const scene = await sceneOf(layout);
  const startedMs = performance.now();
  const stored = await within(SECRETS_TIMEOUT_MS, 'Reading the secrets', async () => [
    ...(await storedSecrets(layout)),
    ...(await secretsOfEnvironment(scene.pids)),
  ]);
  const configuration = await within(CONFIGURATION_TIMEOUT_MS, 'Reading the configuration', () => gatherConfiguration(layout));
  const secrets = [...stored, ...configuration.secrets];
  const redactor = redactorOf(secrets);
  const leftOut = [...configuration.leftOut];
  const collection = { scene, redactor, leaveOut: (what: string, why: string) => void leftOut.push({ what, why }) };

  const entries: Entry[] = configuration.entries.map(({ name, text }) => ({ name: redactor.own(name), text: redactor.known(text) }));
  const first = { name: 'configuration', result: 'ok' as const, reason: '', tookMs: Math.round(performance.now() - startedMs), files: entries.length };
  onCollected(first);
  const collected = await Promise.all(
    COLLECTORS.map(async (collector) => {
      const done = await runCollector(collector, collection);
      onCollected(done.outcome);
      return done;
    }),
  );
  entries.push(...collected.flatMap((each) => each.entries));
  const summary: SupportSummary = {
    schema: 1,
    dkm: VERSION,
    createdAt: new Date().toISOString(),
    hostsAreHidden: options.hideHosts === true,
    collectors: [first, ...collected.map(({ outcome }) => outcome)],
    leftOut: [],
    secretsSought: new Set(secrets.filter(isSought)).size,
  };
  const kept = withinSize(entries, collection.leaveOut);
  summary.leftOut = leftOut.map(({ what, why }) => ({ what: redactor.own(what), why: redactor.own(why) }));
  const hide =
    options.hideHosts === true ? hostHider(namesOf(scene.settings?.install.hostname, scene.settings?.install.carbon_server?.host)) : (text: string) => text;
  const all = [{ name: 'summary.json', text: redactor.known(`${JSON.stringify(summary, null, 1)}\n`) }, ...kept].map(({ name, text }) => ({
    name: `dkm-support/${hide(name)}`,
    text: hide(text),
  }));
  const bytes = packEntries(all, Date.now());
  refuseSecrets(bytes, all, redactor);
  return { bytes, summary };
}

function withinSize(entries: readonly Entry[], leaveOut: (what: string, why: string) => void): Entry[] {
  let bytes = 0;
  return entries.filter(({ name, text }) => {
    bytes += Buffer.byteLength(text);
    if (bytes <= MOST_BYTES) return true;
    leaveOut(name, 'the archive would become too large');
    return false;
  });
}

function namesOf(configured: string | undefined, server: string | undefined): string[] {
  const names = [configured, hostname(), server].filter((name) => name !== undefined);
  return [...new Set([...names, ...names.map(reversedHost)])].slice(0, names.length);
}
