import { getAsset } from 'node:sea';
import { compileFunction } from 'node:vm';

/*
 * What the executable runs first. The program's chunks (one per dynamic import, and what several of them share) lie in
 * the executable as assets and are compiled when they are first asked for: a command never reads what it does not use.
 * Built by `program.ts`, which puts the entry's name in place of ENTRY; never run from the sources.
 */

declare const ENTRY: string;

interface Chunk {
  exports: unknown;
}
type ChunkBody = (exports: unknown, require: (name: string) => unknown, module: Chunk, file: string, directory: string) => void;

const loaded = new Map<string, Chunk>();

function load(name: string): unknown {
  const known = loaded.get(name);
  if (known) return known.exports;
  const chunk: Chunk = { exports: {} };
  loaded.set(name, chunk); // before it runs, as chunks may ask for each other
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const body = compileFunction(getAsset(name, 'utf8'), parameters, { filename: `dkm:${name}` }) as ChunkBody;
  body(chunk.exports, demand, chunk, process.execPath, process.cwd());
  return chunk.exports;
}

function demand(name: string): unknown {
  if (name.startsWith('./')) return load(name.slice(2));
  const builtIn = process.getBuiltinModule(name) as unknown;
  if (builtIn === undefined) throw Object.assign(new Error(`The executable does not hold the module ${name}.`), { code: 'MODULE_NOT_FOUND' });
  return builtIn;
}

load(ENTRY);
