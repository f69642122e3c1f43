import { posix } from 'node:path';
import { byCodeUnits } from '../src/base/files.ts';
import { layoutOf } from '../src/base/layout.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
import { generatedFiles } from '../src/configuration/generated-files.ts';
import { BUNDLE_FILE } from '../src/contract/bundle.ts';
import type { Settings } from '../src/contract/settings.ts';
import { runsBeside } from '../src/manifest/installed.ts';
import type { Manifest } from '../src/manifest/schema.ts';

/**
 * One thing to make in the installed directory. Paths are relative to it, with `/` between the names; `from` is
 * relative to the bundle.
 */
export type Step =
  | { kind: 'make-directory'; path: string; mode: number }
  | { kind: 'place-files'; path: string; from: string; files: number; bytes: number }
  | { kind: 'link'; path: string; target: string }
  | { kind: 'write-secret'; path: string; secret: SecretKind }
  | { kind: 'write-generated'; path: string; component: string; content: string }
  /** `text`: exactly this, as an administrator's file was edited. */
  | { kind: 'write-settings'; path: string; settings: Settings; text?: string };

export type StepKind = Step['kind'];

/** A `password` is for people to type, a `token` for programs. */
export type SecretKind = 'password' | 'token';

/** The secret that people log in with. */
export const ADMIN_PASSWORD = 'admin-password';

export interface PlanInput {
  bundle: OpenBundle;
  /** The components that will run. */
  components: readonly Manifest[];
  settings: Settings;
  directory: string;
  /** conf/dkm.toml's text, where there is one already. Left out: written from the settings. */
  settingsText?: string;
  /** The folder in versions/ that the bundle goes to. Left out: called as its version. */
  folder?: string;
  /** The text of conf/promises.toml, where there is one already. */
  promiseSettings?: string | undefined;
}

const WORLD_READABLE = 0o755;
const OWNER_ONLY = 0o700;

/**
 * What an installation consists of, in the order in which it is made. Settings come last: a directory that has them
 * has everything else. Pure.
 */
export function installPlan(input: PlanInput): Step[] {
  const files = configuration(input);
  return [
    ...directories(input, files),
    ...bundleFiles(input),
    ...links(input),
    ...secrets(input),
    ...files,
    { kind: 'write-settings', path: 'conf/dkm.toml', settings: input.settings, ...(input.settingsText !== undefined && { text: input.settingsText }) },
  ];
}

function directories(input: PlanInput, files: readonly { path: string }[]): Step[] {
  const fixed = ['run', 'run/logs', 'bin', 'conf', 'conf/secrets', 'storage', 'versions', versionFolder(input)];
  const ofComponents = input.components.flatMap((component) => component.directories);
  const wanted = [...ofComponents, ...files.map(({ path }) => posix.dirname(path)), ...componentsFolder(input)];
  const missing = [...new Set(wanted.map(withoutTrailingSlash).flatMap(withParents))].filter((path) => !fixed.includes(path)).sort(byCodeUnits);
  return [...fixed, ...missing].map((path) => ({ kind: 'make-directory', path, mode: directoryMode(path) }));
}

/** The one folder of a version that holds more than one of its parts. */
function componentsFolder(input: PlanInput): string[] {
  return Object.keys(input.bundle.bundle.files).some((path) => path.startsWith('components/')) ? [`${versionFolder(input)}/components`] : [];
}

/** Configuration, data and what runs are their owner's alone; programs are for everyone to read. */
function directoryMode(path: string): number {
  return ['conf', 'storage', 'run'].includes(path.split('/')[0] ?? '') ? OWNER_ONLY : WORLD_READABLE;
}

function bundleFiles(input: PlanInput): Step[] {
  const parts = new Map<string, { files: number; bytes: number }>();
  for (const [path, file] of Object.entries(input.bundle.bundle.files)) {
    const part = partOf(path);
    const { files, bytes } = parts.get(part) ?? { files: 0, bytes: 0 };
    parts.set(part, { files: files + 1, bytes: bytes + ('link' in file ? 0 : file.size) });
  }
  const steps = [...parts].sort(([a], [b]) => byCodeUnits(a, b)).map(([from, size]): Step => placeStep(input, from, size));
  // Last: a version folder that has its bundle.json has all that stands in it.
  return [...steps, placeStep(input, BUNDLE_FILE, { files: 1, bytes: 0 })];
}

function placeStep(input: PlanInput, from: string, size: { files: number; bytes: number }): Step {
  return { kind: 'place-files', path: posix.join(versionFolder(input), from), from, ...size };
}

/** The part of a bundle that a file belongs to: a component's folder, another folder, or itself. */
export function partOf(path: string): string {
  const [first = '', second] = path.split('/');
  return first === 'components' && second !== undefined ? `${first}/${second}` : first;
}

function links(input: PlanInput): Step[] {
  const { providers } = input.settings.install;
  const ofComponents = input.components.filter((component) => !runsBeside(component, providers)).flatMap((component) => Object.entries(component.links));
  return [
    { kind: 'link', path: 'current', target: versionFolder(input) },
    { kind: 'link', path: 'bin/dkm', target: '../current/installer' },
    { kind: 'link', path: 'bin/dkmadmin', target: '../current/installer' },
    ...ofComponents.map(([path, target]): Step => ({ kind: 'link', path, target: posix.relative(posix.dirname(path), target) })),
  ];
}

function secrets({ components }: PlanInput): Step[] {
  const names = [...new Set(components.flatMap((component) => component.secrets))].sort(byCodeUnits);
  return names.map((name) => ({ kind: 'write-secret', path: `conf/secrets/${name}`, secret: name === ADMIN_PASSWORD ? 'password' : 'token' }));
}

function configuration({ bundle, components, settings, directory, promiseSettings }: PlanInput): Extract<Step, { kind: 'write-generated' }>[] {
  return generatedFiles({ bundle, components, settings, layout: layoutOf(directory), promiseSettings }).map((file) => ({ kind: 'write-generated', ...file }));
}

function versionFolder({ bundle, folder = bundle.bundle.version }: PlanInput): string {
  return `versions/${folder}`;
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** `a/b/c` as `a`, `a/b`, `a/b/c`. */
function withParents(path: string): string[] {
  return path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'));
}

/** A step in words, as --dry-run and the install log show it. Pure. */
export function stepInWords(step: Step): string {
  switch (step.kind) {
    case 'make-directory':
      return `make directory    ${step.path}  (mode ${step.mode.toString(8).padStart(4, '0')})`;
    case 'place-files':
      return `place files       ${step.path}  (${step.files === 1 ? '1 file' : `${step.files} files`})`;
    case 'link':
      return `link              ${step.path} -> ${step.target}`;
    case 'write-secret':
      return `write secret      ${step.path}`;
    case 'write-generated':
      return `write             ${step.path}`;
    case 'write-settings':
      return `write settings    ${step.path}`;
  }
}
