import { copyFile, mkdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SOURCE = fileURLToPath(new URL('../console/page/', import.meta.url));

/** What pages load: each as a file of its own, what several import in files that they share. All are served (src/console/page-files.ts). */
const SCRIPTS = ['app.ts', 'overview.ts', 'logs.ts', 'promises.ts', 'explorer.ts', 'dashboards.ts', 'instances.ts'];
const STYLES = ['style.css', 'explorer.css', 'dashboards.css', 'instances.css'];

/** Files that are served as they are written. */
const COPIED = ['login.html', 'favicon.svg'];

/**
 * Builds what the console's pages load into a directory (made when missing): scripts and style sheets, bundled and minified,
 * beside the files that need no building. The same sources give the same bytes. Returns every source file that went in.
 */
export async function buildConsolePage(destination: string): Promise<string[]> {
  await mkdir(destination, { recursive: true });
  const { metafile } = await build({
    metafile: true,
    entryPoints: [...SCRIPTS, ...STYLES].map((file) => ({ in: join(SOURCE, file), out: parse(file).name })),
    outdir: destination,
    bundle: true,
    splitting: true, // uPlot is large, and more than one page draws charts
    chunkNames: 'shared-[hash]',
    minify: true,
    format: 'esm',
    target: ['chrome110', 'firefox110', 'safari16.4'],
    charset: 'utf8',
    banner: { js: "/* Contains uPlot, (c) Leon Sorokin, MIT licence: see the bundle's licenses/ */" },
    logLevel: 'silent', // errors are thrown
  });
  await Promise.all(COPIED.map((name) => copyFile(join(SOURCE, name), join(destination, name))));
  return Object.keys(metafile.inputs).map((path) => resolve(path));
}
