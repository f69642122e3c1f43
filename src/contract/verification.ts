/**
 * How an artifact was shown to be what its publisher made, strongest first:
 * `pinned` SHA-256 (or npm integrity) in the manifest; `go-sumdb` Go's checksum database; `npm-integrity` and
 * `pypi-hash` the registry's own digest; `apt-signature` a signed Debian Release file; `publisher-checksum` a
 * checksum file fetched from beside the artifact; `local` given by the user with `--with`, its digest recorded.
 */
export const VERIFICATION_LEVELS = ['pinned', 'go-sumdb', 'npm-integrity', 'pypi-hash', 'apt-signature', 'publisher-checksum', 'local'] as const;
export type VerificationLevel = (typeof VERIFICATION_LEVELS)[number];

/** True when `level` is as strong as `required`, or stronger. */
export function isAtLeast(level: VerificationLevel, required: VerificationLevel): boolean {
  return VERIFICATION_LEVELS.indexOf(level) <= VERIFICATION_LEVELS.indexOf(required);
}

/** The weakest level of several; `undefined` of none. */
export function weakestOf(levels: readonly VerificationLevel[]): VerificationLevel | undefined {
  return [...levels].sort((a, b) => VERIFICATION_LEVELS.indexOf(b) - VERIFICATION_LEVELS.indexOf(a))[0];
}
