import { DkmError, messageOf } from '../base/errors.ts';
import { bytesInWords, coloured, spanInWords, table } from '../base/terminal.ts';
import { verifiedInWords, type Bundle } from '../contract/bundle.ts';
import type { WrittenArchive } from './archive.ts';

/** What make-package made. */
export interface PackageResult {
  bundle: Bundle;
  /** The bundle as a folder; undefined where it was packed. */
  folder?: string;
  archive?: WrittenArchive;
  sbom: string;
  executableBytes: number;
  reused?: 'sources-unchanged' | 'same-program';
  tookMs: number;
}

/** The table that ends a build: what is in it, from where, verified how. */
export function summaryOf({ bundle, folder, archive, sbom, executableBytes, reused, tookMs }: PackageResult): string {
  const rows = bundle.components.map(({ name, version, role, source, verified, size }) => [
    name,
    version,
    role,
    source,
    verifiedInWords({ source, verified }),
    role === 'runtime' ? 'in dkm' : bytesInWords(size),
  ]);
  const kept = reused === undefined ? '' : reused === 'same-program' ? ', kept: nothing in it changed' : ', kept: its sources are unchanged (--skip-build)';
  return [
    table([
      ['COMPONENT', 'VERSION', 'ROLE', 'SOURCE', 'VERIFIED', 'SIZE'],
      ...rows,
      ['dkm', bundle.version, 'executable', 'built here', '-', bytesInWords(executableBytes) + kept],
    ]),
    ...standIns(bundle),
    ...(archive === undefined ? [`Bundle   ${folder}`] : [`Tarball  ${archive.path}  ${bytesInWords(archive.size)}`, `SHA-256  ${archive.sha256}`]),
    `SBOM     ${sbom}`,
    `Took     ${spanInWords(tookMs / 1000)}`,
  ].join('\n');
}

/** One line for each component that another took the place of, or that is simply not there. */
function standIns({ components, missing }: Bundle): string[] {
  return missing.map(({ name, role, reasons }) => {
    const taken = components.find((component) => component.role === role && role !== 'extra');
    return coloured(`Note     ${taken?.name ?? 'nothing'} in place of ${name}: ${reasons.at(-1) ?? ''}`, 'yellow');
  });
}

/** The object that `--json` prints after a build. */
export function jsonResult({ bundle, folder, archive, sbom, executableBytes, reused, tookMs }: PackageResult): object {
  return {
    ok: true,
    version: bundle.version,
    platform: bundle.platform,
    bundle: folder ?? null,
    archive: archive ?? null,
    sbom,
    executable: { size: executableBytes, reused: reused ?? null },
    components: bundle.components,
    missing: bundle.missing,
    tookMs: Math.round(tookMs),
  };
}

/** The object that `--json` prints after a failure. */
export function jsonFailure(error: unknown): object {
  if (!(error instanceof DkmError)) return { ok: false, error: { code: 'internal', message: messageOf(error), hint: null } };
  return { ok: false, error: { code: error.code, message: error.message, hint: error.hint ?? null } };
}
