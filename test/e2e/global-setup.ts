import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { FALLBACK_PROVIDERS } from '../helpers/bundles.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Root of a bundle with the providers that can be had everywhere: carbon-cache, graphite-web, the console. */
    fallbackBundle: string;
    /** Root of a bundle with go-carbon and carbonapi; empty where they cannot be had. */
    firstChoiceBundle: string;
    /** Why there is no such bundle. */
    withoutFirstChoice: string;
  }
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Builds the bundles that the end-to-end tests install: once, with the project's own command. */
export default async function buildBundles(project: TestProject): Promise<void> {
  project.provide('fallbackBundle', await build('fallback', FALLBACK_PROVIDERS));
  const { bundle, reason } = await buildFirstChoice(process.env['DKM_TEST_ARTIFACTS'] ?? '');
  project.provide('firstChoiceBundle', bundle);
  project.provide('withoutFirstChoice', reason);
}

/** From DKM_TEST_ARTIFACTS (a folder with go-carbon, carbonapi and grafana, or some of them), and else from their publishers. */
async function buildFirstChoice(artifacts: string): Promise<{ bundle: string; reason: string }> {
  const supplied = artifacts === '' ? [] : ['go-carbon', 'carbonapi', 'grafana'].filter((name) => existsSync(join(artifacts, name)));
  const bundle = await build('first-choice', ['--fallback', ...supplied.flatMap((name) => ['--with', `${name}=${join(artifacts, name)}`])]);
  const { components, missing } = await readBundle(bundle);
  if (['go-carbon', 'carbonapi'].every((name) => components.some((component) => component.name === name))) return { bundle, reason: '' };
  const tried = missing.map(({ name, reasons }) => `${name}: ${reasons.at(-1) ?? ''}`).join('; ');
  return { bundle: '', reason: `go-carbon and carbonapi cannot be had here (${tried}); set DKM_TEST_ARTIFACTS to a folder that holds them` };
}

async function build(name: string, options: readonly string[]): Promise<string> {
  const out = join(ROOT, 'build', 'e2e', name);
  await runOrThrow(process.execPath, ['make-package.ts', '--skip-archive', '--out', out, ...options], { cwd: ROOT, timeoutMs: 15 * 60_000 });
  return join(out, `dkm-${VERSION}-${currentPlatform()}`);
}
