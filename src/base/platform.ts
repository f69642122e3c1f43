import { DkmError } from './errors.ts';

/** The platforms a bundle is made for. */
export const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** The platform this process runs on. Throws `usage` on one that dkm has no bundle for. */
export function currentPlatform(): Platform {
  const name = `${process.platform}-${process.arch}`;
  const known = PLATFORMS.find((platform) => platform === name);
  if (known === undefined) {
    throw new DkmError('usage', `This machine is ${name}; dkm runs on ${PLATFORMS.join(', ')}.`, {
      hint: 'Run it on one of these, or name one of them with --platform when building.',
    });
  }
  return known;
}
