import { DkmError, type ErrorCode } from '../base/errors.ts';
import { isAtLeast, weakestOf, type VerificationLevel } from '../contract/verification.ts';
import type { Manifest } from '../manifest/schema.ts';
import { SOURCES, type AnySpec, type Artifact, type FetchContext, type Kind, type Source, type SpecFor } from './api.ts';

/** Why one source did not give the component. */
export interface SourceReason {
  /** `none` when the component has no source for the platform. */
  kind: Kind | 'none';
  /** What would have been fetched from where. */
  source: string;
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** A component that was had, or what was tried. */
export type FetchOutcome =
  | {
      ok: true;
      component: string;
      artifacts: Artifact[];
      spec: AnySpec;
      /** Where from, in words. */ source: string;
      verified: VerificationLevel;
      reasons: SourceReason[];
    }
  | {
      ok: false;
      component: string;
      /** `verification-failed`: nothing else was tried, and no other component should be taken for it. */
      code: 'components-missing' | 'verification-failed' | 'verification-too-weak';
      reasons: SourceReason[];
    };

export interface FetchOptions {
  /** Taken in place of the manifest's sources: `--with NAME=PATH`. */
  sourceOverride?: AnySpec;
  /** Weaker levels are refused: `--require LEVEL`. */
  require?: VerificationLevel;
}

/**
 * Tries a component's sources for the platform in order and takes the first that can be had. A source whose
 * verification would be weaker than required is passed over before anything is fetched; a file that is not what it
 * should be ends it. Throws only `interrupted` and faults of dkm itself or of the disk.
 */
export async function fetchComponent(manifest: Manifest, context: Omit<FetchContext, 'component'>, options: FetchOptions = {}): Promise<FetchOutcome> {
  const own: FetchContext = { ...context, component: { name: manifest.name, version: manifest.version } };
  const reasons: SourceReason[] = [];
  const specs = candidates(manifest, own, options);
  if (specs.length === 0) reasons.push(noSource(manifest, own));
  for (const spec of specs) {
    const attempt = await trySource(spec, own, options.require);
    if (attempt.ok) return { ...attempt, component: manifest.name, spec, reasons };
    reasons.push(attempt.reason);
    if (attempt.reason.code === 'verification-failed') return { ok: false, component: manifest.name, code: 'verification-failed', reasons };
  }
  const isTooWeak = reasons.some(({ code }) => code === 'verification-too-weak');
  return { ok: false, component: manifest.name, code: isTooWeak ? 'verification-too-weak' : 'components-missing', reasons };
}

/** The sources that are asked for a platform, in order. */
function candidates(manifest: Manifest, { platform }: FetchContext, { sourceOverride }: FetchOptions): AnySpec[] {
  if (sourceOverride !== undefined) return [sourceOverride];
  return manifest.sources.filter(({ platforms }) => platforms.includes(platform));
}

function noSource({ name, sources }: Manifest, { platform }: FetchContext): SourceReason {
  const others = [...new Set(sources.flatMap(({ platforms }) => platforms))].join(', ');
  return {
    kind: 'none',
    source: `${name}.toml`,
    code: 'source-unavailable',
    message: `${name}.toml has no source for ${platform}, only for ${others}.`,
    hint: `Give it with --with ${name}=PATH.`,
  };
}

type Attempt = { ok: true; artifacts: Artifact[]; source: string; verified: VerificationLevel } | { ok: false; reason: SourceReason };

async function trySource<K extends Kind>(spec: SpecFor<K>, context: FetchContext, required: VerificationLevel | undefined): Promise<Attempt> {
  const kind = spec.kind;
  const source: Source<K> = SOURCES[kind];
  const described = source.describe(spec, context.component, context.platform);
  try {
    refuseWeaker(source.level(spec, context.platform), required, context, described);
    const artifacts = await source.fetch(spec, context);
    const verified = weakestOf(artifacts.map((artifact) => artifact.verified)) ?? source.level(spec, context.platform);
    refuseWeaker(verified, required, context, described);
    return { ok: true, artifacts, source: described, verified };
  } catch (error) {
    if (!(error instanceof DkmError) || error.code === 'interrupted' || error.code === 'manifest-invalid') throw error;
    return { ok: false, reason: { kind, source: described, code: error.code, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) } };
  }
}

function refuseWeaker(level: VerificationLevel, required: VerificationLevel | undefined, { component }: FetchContext, source: string): void {
  if (required === undefined || isAtLeast(level, required)) return;
  throw new DkmError('verification-too-weak', `${component.name} from ${source} is verified by ${level} only; --require asks for ${required} or stronger.`, {
    hint:
      level === 'publisher-checksum'
        ? `Pin it after checking it: npm run make-package -- pin ${component.name}`
        : `Ask for less with --require ${level}, or leave it out with --without ${component.name}.`,
  });
}
