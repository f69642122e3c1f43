import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Root of a bundle with what can be had here. */
    fallbackBundle: string;
    /** Root of a bundle with go-carbon, carbonapi and Grafana as supplied by DKM_TEST_ARTIFACTS; empty without them. */
    suppliedBundle: string;
  }
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Builds the bundles that the end-to-end tests install: once, with the project's own command. */
export default async function buildBundles(project: TestProject): Promise<void> {
  project.provide('fallbackBundle', await build('fallback', ['--fallback']));
  project.provide('suppliedBundle', await buildSupplied(process.env['DKM_TEST_ARTIFACTS']));
}

async function buildSupplied(artifacts: string | undefined): Promise<string> {
  if (artifacts === undefined || artifacts === '') return '';
  const supplied = ['go-carbon', 'carbonapi', 'grafana'].filter((name) => existsSync(join(artifacts, name)));
  return build('supplied', ['--fallback', ...supplied.flatMap((name) => ['--with', `${name}=${join(artifacts, name)}`])]);
}

async function build(name: string, options: string[]): Promise<string> {
  const out = join(ROOT, 'build', 'e2e', name);
  await runOrThrow(process.execPath, ['make-package.ts', '--skip-archive', '--out', out, ...options], { cwd: ROOT, timeoutMs: 15 * 60_000 });
  return join(out, `dkm-${VERSION}-${currentPlatform()}`);
}
