import { DkmError } from '../base/errors.ts';
import type { Bundle } from '../contract/bundle.ts';
import type { Role } from '../contract/install-type.ts';
import type { VerificationLevel } from '../contract/verification.ts';
import { misfitOf } from '../manifest/fit.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { FetchContext } from '../sources/api.ts';
import { fetchComponent, type FetchOutcome, type SourceReason } from '../sources/fetch-component.ts';
import type { Choice } from './select.ts';
import type { StageInput } from './stage.ts';

/** A component that was fetched. */
export interface Obtained extends StageInput {
  verified: VerificationLevel;
}

/** A component that was wanted and is not there. */
export interface Missing {
  manifest: Manifest;
  code: Extract<FetchOutcome, { ok: false }>['code'];
  reasons: SourceReason[];
}

export interface ObtainOptions {
  /** `--with NAME=PATH`. */
  given: ReadonlyMap<string, string>;
  require?: VerificationLevel;
  /** How many components are fetched at the same time. */
  jobs: number;
}

export interface ObtainResult {
  obtained: Obtained[];
  /** What was tried before another took its place; and, of places that stay empty, every candidate. */
  missing: Missing[];
  /** The places that nothing was found for. */
  empty: Choice[];
}

/** A source that does not answer is soon given up when another provider stands by. */
const FALLBACK_HTTP = { timeouts: { connectMs: 5_000, stallMs: 15_000 }, backoffBaseMs: 250 };

/** Fetches, for every choice, the first candidate that can be had; several choices at a time. */
export async function obtainComponents(choices: readonly Choice[], context: Omit<FetchContext, 'component'>, options: ObtainOptions): Promise<ObtainResult> {
  const result: ObtainResult = { obtained: [], missing: [], empty: [] };
  const found = await inParallel(choices, options.jobs, async (choice) => ({ choice, place: await obtainOne(choice, context, options) }));
  const providers: Partial<Record<Role, string>> = {};
  for (const { choice, place } of found) {
    const { obtained, missing } = await fitting(choice, place, providers, (rest) => obtainOne(rest, context, options));
    result.missing.push(...missing);
    const name = obtained?.manifest.name;
    if (obtained === undefined) result.empty.push(choice);
    else if (result.obtained.some(({ manifest }) => manifest.name === name))
      continue; // it has its role already and need not run beside
    else {
      result.obtained.push(obtained);
      providers[choice.role] = obtained.manifest.name;
    }
  }
  return result;
}

/** A place of the bundle after fetching: who took it, and who could not. */
interface Place {
  obtained?: Obtained;
  missing: Missing[];
}

/** A provider that does not go with those of the roles before it makes way for the next one of its role. */
async function fitting(
  { role, candidates }: Choice,
  place: Place,
  providers: Readonly<Partial<Record<Role, string>>>,
  obtain: (rest: Choice) => Promise<Place>,
): Promise<Place> {
  const manifest = place.obtained?.manifest;
  const misfit = manifest && misfitOf(manifest, providers);
  if (manifest === undefined || misfit === undefined) return place;
  const rest = { role, candidates: candidates.slice(candidates.indexOf(manifest) + 1) };
  const next = await obtain(rest);
  return fitting(rest, { ...next, missing: [...place.missing, unsuitable(manifest, misfit), ...next.missing] }, providers, obtain);
}

function unsuitable(manifest: Manifest, message: string): Missing {
  return {
    manifest,
    code: 'components-missing',
    reasons: [{ kind: 'none', source: `${manifest.name}.toml`, code: 'source-unavailable', message: `${message}.` }],
  };
}

async function obtainOne({ candidates }: Choice, context: Omit<FetchContext, 'component'>, options: ObtainOptions): Promise<Place> {
  const missing: Missing[] = [];
  for (const [index, manifest] of candidates.entries()) {
    const hasNext = index < candidates.length - 1;
    const outcome = await fetchCandidate(manifest, hasNext ? { http: FALLBACK_HTTP, ...context } : context, options);
    if (outcome.ok) return { obtained: { manifest, spec: outcome.spec, artifacts: outcome.artifacts, verified: outcome.verified }, missing };
    missing.push({ manifest, code: outcome.code, reasons: outcome.reasons });
    if (outcome.code === 'verification-failed') break; // somebody altered something: no other provider hides that
  }
  return { missing };
}

async function fetchCandidate(manifest: Manifest, context: Omit<FetchContext, 'component'>, { given, require }: ObtainOptions): Promise<FetchOutcome> {
  const path = given.get(manifest.name);
  if (path === undefined && !manifest.platforms.includes(context.platform)) return unfit(manifest, context.platform);
  return fetchComponent(manifest, context, {
    ...(path !== undefined && { sourceOverride: { kind: 'local', path } }),
    ...(require !== undefined && { require }),
  });
}

function unfit({ name, platforms }: Manifest, platform: string): FetchOutcome {
  const message = `${name} does not run on ${platform}, only on ${platforms.join(', ')}.`;
  return { ok: false, component: name, code: 'components-missing', reasons: [{ kind: 'none', source: `${name}.toml`, code: 'source-unavailable', message }] };
}

/** Runs `work` on every item, at most `jobs` at a time; results in the items' order. The first failure ends it. */
export async function inParallel<Item, Result>(items: readonly Item[], jobs: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as Item);
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  return results;
}

/** What bundle.json says of components that were wanted. */
export function missingInBundle(missing: readonly Missing[]): Bundle['missing'] {
  return missing.map(({ manifest, reasons }) => ({ name: manifest.name, role: manifest.role, reasons: reasons.map((reason) => firstLine(reason.message)) }));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** The error for places that stay empty: every component, each source that was tried and why, and what would help. */
export function missingError({ missing, empty }: Pick<ObtainResult, 'missing' | 'empty'>, manifests: readonly Manifest[], fallback: boolean): DkmError {
  const concerned = missing.filter(({ manifest }) => empty.some(({ candidates }) => candidates.includes(manifest)));
  const blocks = concerned.map(({ manifest, reasons }) =>
    [`${manifest.name} ${manifest.version} (${manifest.role}) cannot be had:`, ...reasons.map(reasonBlock)].join('\n'),
  );
  const codes = new Set(concerned.map(({ code }) => code));
  const code = codes.has('verification-failed') ? 'verification-failed' : codes.has('components-missing') ? 'components-missing' : 'verification-too-weak';
  return new DkmError(code, blocks.join('\n'), { hint: whatHelps(concerned, manifests, fallback && code !== 'verification-failed') });
}

function reasonBlock({ source, message, hint }: SourceReason): string {
  const text = `${message}${hint === undefined ? '' : `\n→ ${hint}`}`;
  return `  - ${source}\n${text.replace(/^/gm, '      ')}`;
}

function whatHelps(missing: readonly Missing[], manifests: readonly Manifest[], fallback: boolean): string {
  const names = missing.map(({ manifest }) => manifest.name);
  const others = missing.flatMap(({ manifest }) =>
    manifests.filter((other) => other.role === manifest.role && other.role !== 'extra' && !names.includes(other.name) && other.default),
  );
  const removable = missing.filter(({ manifest }) => manifest.role !== 'runtime').map(({ manifest }) => manifest.name);
  const lines = [
    ...(others.length > 0 && !fallback ? [`--fallback takes ${others.map(({ name }) => name).join(', ')} in their place`] : []),
    ...others.map(({ role, name }) => `--provider ${role}=${name} takes it and no other`),
    ...names.map((name) => `--with ${name}=PATH takes an archive, a folder or a program that you have`),
    ...removable.map((name) => `--without ${name} leaves it out`),
  ];
  return `Any of these helps:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
