import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * dkm in a few files, as it goes into the executable: a command run from the sources takes a multiple of the time, and
 * a thousand sequences run ten thousand of them. Also, a long run is not disturbed by somebody who edits the sources.
 * Returns the file that Node runs.
 */
export async function quickProgram(): Promise<string> {
  const folder = join(ROOT, 'build', 'faults', String(process.pid)); // within the project, for pm2 is taken from its node_modules
  await build({
    entryPoints: [join(ROOT, 'src', 'main.ts')],
    absWorkingDir: ROOT,
    outdir: join(folder, 'parts'),
    bundle: true,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node24',
    external: ['pm2', '@pm2/*', 'fsevents'],
    // Some npm packages ask for others in CommonJS's way.
    banner: { js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);` },
    keepNames: true,
    logLevel: 'error',
  });
  mkdirSync(folder, { recursive: true });
  // Under the name by which dkm starts its own sources again (src/base/self.ts).
  const main = join(folder, 'main.ts');
  writeFileSync(main, `import './parts/main.mjs';\n`);
  return main;
}
