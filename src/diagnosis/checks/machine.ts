import { TYPES_WITHOUT_STORE } from '../../contract/install-type.ts';
import { readBundle } from '../../contract/bundle.ts';
import { cLibrary } from '../../host/c-library.ts';
import { cLibraryShortcomings, programShortcomings, pythonShortcomings, type Shortcoming } from '../../host/checks.ts';
import { findProgram, findPythons, searchPath } from '../../host/programs.ts';
import { pythonNeed } from '../../host/python.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { existsAs } from '../../base/files.ts';
import { note, problem, type Check, type Found } from '../finding.ts';
import type { Scene } from '../scene.ts';

/*
 * What the installer asked of this machine before it installed, asked again: distributions are upgraded, programs are
 * removed, disks are moved to another machine.
 */

export const platform: Check = {
  name: 'platform',
  async look({ layout }) {
    const { platform: wanted } = await readBundle(layout.current);
    const found = `${process.platform}-${process.arch}`;
    if (found === wanted) return [];
    return [problem(`This installation is for ${wanted}; this machine is ${found}.`, layout.root, `Install the bundle for ${found}.`)];
  },
};

export const cLibraryCheck: Check = {
  name: 'c-library',
  look: (scene) => cLibraryShortcomings(bundledComponents(scene), cLibrary()).map((each) => asProblem(each, scene.layout.root)),
};

export const python: Check = {
  name: 'python',
  timeoutMs: 20_000,
  async look({ components, settings, layout }) {
    const need = pythonNeed(components);
    if (need === undefined) return [];
    const chosen = settings?.install.python;
    if (chosen !== undefined && !existsAs(chosen)) {
      return [
        problem(
          `${need.titles.join(' and ')} run on ${chosen}, which is not there any more.`,
          layout.settings,
          'Name another Python: dkm config set install.python PATH',
        ),
      ];
    }
    const pythons = await findPythons(searchPath(), need.modules);
    return pythonShortcomings(components, pythons).map((each) => asProblem(each, layout.root));
  },
};

export const programs: Check = {
  name: 'programs',
  look(scene) {
    const components = bundledComponents(scene);
    const folders = searchPath();
    const found = components.flatMap(({ requires }) => requires.programs).map((name) => [name, findProgram(name, folders)] as const);
    return programShortcomings(components, Object.fromEntries(found)).map((each) => asProblem(each, scene.layout.root));
  },
};

export const systemCollector: Check = {
  name: 'system-collectd',
  look({ settings, layout }) {
    const path = settings?.install.system_collectd;
    if (path === undefined || existsAs(path)) return [];
    return [
      problem(`The system's collectd is to be used, and ${path} is not there.`, layout.settings, 'Have collectd installed, or unset install.system_collectd.'),
    ];
  },
};

export const root: Check = {
  name: 'root',
  look: ({ layout }) =>
    process.geteuid?.() === 0
      ? [note('This installation belongs to root: every service runs as root.', layout.root, 'Where that was not meant, install as an ordinary user.')]
      : [],
};

export const carbonServer: Check = {
  name: 'carbon-server-setting',
  look({ settings, layout }) {
    if (settings === undefined) return [];
    const { type, carbon_server: server } = settings.install;
    const needed = TYPES_WITHOUT_STORE.includes(type);
    if (needed === (server !== undefined)) return [];
    if (needed) return [problem(`The type ${type} needs to know its server.`, layout.settings, 'Set it: dkm config set install.carbon_server.host HOST')];
    return [
      problem(
        `The type ${type} stores metrics itself; install.carbon_server has no meaning for it.`,
        layout.settings,
        'Take it out: dkm config unset install.carbon_server',
      ),
    ];
  },
};

function asProblem({ problem: what, hint }: Shortcoming, where: string): Found {
  return problem(what, where, hint);
}

/** The components whose own files are used: not the one that the system's program replaces. */
function bundledComponents({ components, settings }: Scene): Manifest[] {
  return components.filter(({ role }) => !(settings?.install.system_collectd !== undefined && role === 'collector'));
}
