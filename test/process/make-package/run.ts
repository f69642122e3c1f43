import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { currentPlatform } from '../../../src/base/platform.ts';
import type { Bundle } from '../../../src/contract/bundle.ts';

export const PROJECT = join(import.meta.dirname, '..', '..', '..');
export const BUNDLE_NAME = `dkm-0.1.0-${currentPlatform()}`;

/** The Node that npm installed here: what a bundle for this machine is made of, without a network. */
export const NODE_FOLDER =
  ['node-', 'node-bin-'].map((prefix) => join(PROJECT, 'node_modules', `${prefix}${currentPlatform()}`)).find((path) => existsSync(path)) ?? '';

/** Undefined when the executable can be built here; else why not. */
export const noNode = NODE_FOLDER === '' ? `npm's package node-${currentPlatform()} is not installed: npm ci` : undefined;

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** What `--json` prints. */
export interface Printed {
  ok: boolean;
  bundle: string | null;
  archive: { path: string; sha256: string; size: number } | null;
  components: Bundle['components'];
  missing: Bundle['missing'];
  executable: { size: number; reused: string | null };
  error?: { code: string; message: string; hint: string | null };
}

/** A folder that make-package works in, with manifests of the test's own. */
export class Sandbox {
  readonly root: string;
  readonly project: string;

  constructor(root: string, project = PROJECT) {
    this.root = root;
    this.project = project;
    for (const name of ['manifests', 'templates']) mkdirSync(this.path(name), { recursive: true });
    this.addReal('node');
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** Adds one of the project's own components. */
  addReal(name: string): void {
    cpSync(join(PROJECT, 'vendor-manifests', `${name}.toml`), this.path('manifests', `${name}.toml`));
    const templates = join(PROJECT, 'templates', name);
    if (existsSync(templates)) cpSync(templates, this.path('templates', name), { recursive: true });
  }

  /** Adds a component: its sources in TOML, and one template. */
  add(name: string, { role = 'extra', preference = 1, sources, more = '' }: { role?: string; preference?: number; sources: string; more?: string }): void {
    const head = { name, title: name, description: 'For tests.', homepage: 'https://example.org', version: '1.0', licence: 'MIT', role };
    const lines = Object.entries(head).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    this.write(`manifests/${name}.toml`, `${lines.join('\n')}\npreference = ${preference}\n${more}\n${sources}\n`);
    this.write(`templates/${name}/conf/${name}.conf.hbs`, 'port = {{port.carbon}}\n');
  }

  write(path: string, content: string | Buffer): string {
    const target = this.path(path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    return target;
  }

  arguments(more: readonly string[]): string[] {
    const folders = { manifests: 'manifests', templates: 'templates', 'build-dir': 'build', 'vendor-dir': 'vendor', out: 'dist' };
    const own = Object.entries(folders).flatMap(([flag, name]) => [`--${flag}`, this.path(name)]);
    return [join(this.project, 'make-package.ts'), ...own, ...more];
  }

  start(more: readonly string[], prefix: readonly string[] = []): { child: ChildProcess; ended: Promise<Outcome> } {
    const [command = '', ...args] = [...prefix, process.execPath, ...this.arguments(more)];
    const child = spawn(command, args, {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    return { child, ended: promise };
  }

  run(...more: string[]): Promise<Outcome> {
    return this.start(more).ended;
  }

  /** Builds with `--json`; the executable on the Node that is here. */
  async build(...more: string[]): Promise<Outcome & { printed: Printed }> {
    const outcome = await this.run('--json', '--with', `node=${NODE_FOLDER}`, ...more);
    return { ...outcome, printed: JSON.parse(outcome.stdout || '{}') as Printed };
  }
}

/** A copy of the project somewhere else, its dependencies linked. */
export function otherCheckout(root: string): string {
  for (const name of ['src', 'installer', 'make-package.ts', 'package.json', 'package-lock.json', 'LICENSE', 'NOTICE', 'tsconfig.json']) {
    if (existsSync(join(PROJECT, name))) cpSync(join(PROJECT, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'));
  return root;
}
