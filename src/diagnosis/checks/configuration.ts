import { basename, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { lastLines, run } from '../../base/exec.ts';
import { existsAs } from '../../base/files.ts';
import { parseJson, parseToml } from '../../base/structured.ts';
import { readGenerated } from '../../contract/generated.ts';
import type { ServiceSpec } from '../../contract/service.ts';
import { serviceEnvironment } from '../../supervisor/environment.ts';
import { readWholeText } from '../bounded.ts';
import { configurationEntries } from '../../redaction/configuration-files.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';

/*
 * Configuration: what dkm reads itself, what each component says of its own, and what is missing or waits for a
 * decision.
 */

/** conf/dkm.toml and the manifests; the scene read them already. */
export const settings: Check = { name: 'settings', look: ({ faults }) => faults };

const CHECK_TIMEOUT_MS = 30_000;
const SHOWN_LINES = 4;

/** Each component's own look at its configuration: the `check` of its manifest. */
export const componentChecks: Check = {
  name: 'configuration',
  timeoutMs: CHECK_TIMEOUT_MS + 5_000,
  async look({ services }, signal) {
    const found = await Promise.all(services.map((spec) => checkComponent(spec, signal)));
    return found.flat();
  },
};

async function checkComponent(spec: ServiceSpec, signal: AbortSignal): Promise<Found[]> {
  for (const [command = '', ...args] of spec.check) {
    // Missing or not executable is an answer, too: it would not start either.
    const finished = await run(command, args, { cwd: spec.directory, env: serviceEnvironment(spec), timeoutMs: CHECK_TIMEOUT_MS, signal }).catch(
      (error: unknown) => ({ code: null, stdout: '', stderr: messageOf(error) }),
    );
    if (finished.code === 0) continue;
    const said = lastLines(finished.stderr || finished.stdout, SHOWN_LINES);
    return [problem(`${spec.title} refuses its configuration: ${said}`, spec.name, 'Mend it; what you edited: dkm config diff')];
  }
  return [];
}

const MOST_BYTES = 4 << 20;

const PARSERS: Record<string, (text: string, file: string) => unknown> = {
  '.toml': (text, file) => parseToml(text, file),
  '.json': (text, file) => parseJson(text, file),
  '.yaml': (text) => parseYaml(text) as unknown,
  '.yml': (text) => parseYaml(text) as unknown,
};

/** Files that can be read wrong, of components that have no check of their own. */
export const syntax: Check = {
  name: 'configuration-syntax',
  async look({ layout, services }) {
    const checked = services.filter(({ check }) => check.length > 0).map(({ name }) => `conf/${name}/`);
    const files = (await configurationEntries(layout)).filter(({ path, kind }) => kind === 'file' && join(layout.root, path) !== layout.settings);
    const found = await Promise.all(
      files.filter(({ path }) => !checked.some((folder) => path.startsWith(folder))).map(({ path }) => syntaxOf(join(layout.root, path))),
    );
    return found.flat();
  },
};

async function syntaxOf(path: string): Promise<Found[]> {
  const parse = PARSERS[/\.[a-z]+$/.exec(path)?.[0] ?? ''];
  if (parse === undefined) return [];
  try {
    parse(await readWholeText(path, MOST_BYTES), path);
    return [];
  } catch (error) {
    const message = messageOf(error).split('\n')[0] ?? '';
    return [problem(message.includes(path) ? message : `${path}: ${message}`, path, `Mend it; what you edited: dkm config diff`)];
  }
}

/** Files that dkm wrote and that are gone, and texts that wait beside a file for a decision. */
export const generated: Check = {
  name: 'generated',
  async look({ layout }) {
    const { files } = await readGenerated(layout.generated);
    const missing = Object.keys(files)
      .filter((path) => !existsAs(join(layout.root, path)))
      .map((path) => problem(`${path} is missing.`, join(layout.root, path), 'Have it written again: dkm reconfigure'));
    const waiting = (await configurationEntries(layout)).filter(({ path }) => path.endsWith('.new')).map(({ path }) => waitingFinding(join(layout.root, path)));
    return [...missing, ...waiting];
  },
};

function waitingFinding(path: string): Found {
  const edited = path.slice(0, -'.new'.length);
  const what = `${basename(path)} holds what dkm would have written where you edited ${basename(edited)}, and was not looked at yet.`;
  return warning(what, path, `Take over what you want, then remove it: diff ${edited} ${path}`);
}
