import { basename, dirname, join, relative } from 'node:path';
import { readFile } from 'node:fs/promises';
import { build, transform, type Metafile, type Plugin } from 'esbuild';
import { DkmError, messageOf } from '../base/errors.ts';

/** The program as it goes into the executable. */
export interface Program {
  /** What is run first: a small loader. */
  main: string;
  /** CommonJS texts by name. */
  chunks: Record<string, string>;
  /** Every source file that went in, ours and those of npm packages, absolute and sorted. */
  inputs: string[];
}

/**
 * pm2 finds its own files by `module.filename`, which does not exist in a single executable; the files it looks for
 * (containers for JavaScript processes) are of no use to services that are no JavaScript, so any path will do.
 */
const pm2InOneFile: Plugin = {
  name: 'pm2-in-one-file',
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]pm2[\\/]lib[\\/].*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('module.filename', JSON.stringify(`/pm2/lib/${basename(path)}`)) };
    });
  },
};

/** Left out: native parts and terminal pictures that pm2 loads only where they are there. */
const LEFT_OUT = ['fsevents', '@pm2/blessed', 'term.js', 'pty.js', 'bufferutil', 'utf-8-validate'];

/**
 * Bundles the program that starts at `entry`. Dynamic imports stay apart, as chunks that are loaded when they are
 * needed. The same sources give the same text, wherever they lie.
 */
export async function bundleProgram(entry: string, root: string): Promise<Program> {
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      absWorkingDir: root,
      outdir: join(root, 'build'), // nothing is written there
      write: false,
      metafile: true,
      bundle: true,
      minify: true,
      keepNames: true, // zod and error classes go by their names
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      external: LEFT_OUT,
      define: { 'import.meta.dirname': '""', 'import.meta.filename': '""' },
      plugins: [pm2InOneFile],
      legalComments: 'none', // the texts of all licences are in the bundle's licenses/
      logLevel: 'silent',
    });
    const names = chunkNames(metafile);
    const texts = new Map(outputFiles.map((file) => [relative(root, file.path), file.text]));
    const chunks: Record<string, string> = {};
    for (const [output, name] of names) chunks[name] = await asCommonJs(texts.get(output) ?? '', names);
    const main = await loaderFor([...names.values()][0] ?? '');
    return {
      main,
      chunks,
      inputs: Object.keys(metafile.inputs)
        .map((path) => join(root, path))
        .sort(),
    };
  } catch (error) {
    throw new DkmError('build-failed', `${relative(root, entry)} could not be bundled: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Names for esbuild's outputs, the entry's first. esbuild's own names hold a digest that depends on where the
 * project lies; these depend on the program alone.
 */
function chunkNames(metafile: Metafile): Map<string, string> {
  const names = new Map<string, string>();
  const visit = (output: string): void => {
    const chunk = metafile.outputs[output];
    if (chunk === undefined || names.has(output)) return;
    names.set(output, `${names.size}-${chunk.entryPoint === undefined ? 'shared' : stemOf(chunk.entryPoint)}`);
    for (const { path } of chunk.imports) visit(path);
  };
  for (const output of Object.keys(metafile.outputs)) if (!isImported(output, metafile)) visit(output);
  return names;
}

function isImported(output: string, metafile: Metafile): boolean {
  return Object.values(metafile.outputs).some((other) => other.imports.some(({ path }) => path === output));
}

function stemOf(source: string): string {
  return `${basename(dirname(source))}-${basename(source).replace(/\.[jt]s$/, '')}`;
}

async function asCommonJs(text: string, names: Map<string, string>): Promise<string> {
  const renamed = text.replace(/(["'])\.\/([\w.-]+\.js)\1/g, (whole, quote: string, file: string) => {
    const name = names.get(`build/${file}`);
    return name === undefined ? whole : `${quote}./${name}${quote}`;
  });
  const { code } = await transform(renamed, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    supported: { 'dynamic-import': false },
    logLevel: 'silent',
  });
  return code;
}

async function loaderFor(entry: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, 'chunk-loader.ts'), 'utf8');
  const { code } = await transform(text, {
    loader: 'ts',
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    define: { ENTRY: JSON.stringify(entry) },
  });
  return code;
}
