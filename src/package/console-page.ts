import { copyFile, mkdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SOURCE = fileURLToPath(new URL('../console/page/', import.meta.url));

/** What pages load, each bundled with what it imports; src/console/page-files.ts lists what comes of them. */
const SCRIPTS = ['app.ts'];
const STYLES = ['style.css'];

/** Files that are served as they are written. */
const COPIED = ['index.html', 'login.html', 'favicon.svg'];

/**
 * Builds the console's page into a directory (made when missing): app.js and style.css, each bundled and minified, beside
 * the files that need no building. The same sources give the same bytes. Returns every source file that went in.
 */
export async function buildConsolePage(destination: string): Promise<string[]> {
  await mkdir(destination, { recursive: true });
  const { metafile } = await build({
    metafile: true,
    entryPoints: Object.fromEntries([...SCRIPTS, ...STYLES].map((file) => [parse(file).name, join(SOURCE, file)])),
    outdir: destination,
    bundle: true,
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
