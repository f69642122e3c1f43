import type { ServicePort } from '../src/contract/service.ts';
import { cLibrary, type CLibrary } from '../src/host/c-library.ts';
import { directoryFacts, type DirectoryFacts } from './facts/directory.ts';
import { machineName } from '../src/host/host-name.ts';
import { freeBlock, portProblems, type PortProblem } from '../src/host/ports.ts';
import { findProgram, findPythons, searchPath, type Python } from '../src/host/programs.ts';

/** What has to be known about the machine for an installation. */
export interface Questions {
  directory: string;
  bundleRoot: string;
  /** First port of the block the ports are in. */
  basePort: number;
  /** Ports that will be listened on; none when they are this installation's already. */
  ports: ServicePort[];
  needsHostname: boolean;
  /** Modules a Python must have; undefined when no Python is needed. */
  pythonModules?: string[];
  /** Where one may be besides PATH. */
  pythonFolders?: string[];
  programs: string[];
  systemCollectd: boolean;
}

/** What is the case on this machine. Preflight decides by these facts alone. */
export interface HostFacts {
  platform: string;
  cLibrary: CLibrary;
  isRoot: boolean;
  userId: number;
  /** The machine's own name; empty when not asked for. */
  hostname: string;
  directory: DirectoryFacts;
  portProblems: PortProblem[];
  /** First of ten ports that are free; where there are problems with ports and such a block was found. */
  freeBlock?: number;
  pythons: Python[];
  /** Where each program asked for is; undefined where it is not. */
  programs: Record<string, string | undefined>;
  systemCollectd?: string;
}

/** Where collectd's daemon may be when it is not on a user's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/collectd/sbin', '/opt/homebrew/sbin'];

/** Looks at the machine; changes nothing on it. */
export async function gatherHostFacts(questions: Questions): Promise<HostFacts> {
  const folders = searchPath();
  const userId = process.geteuid?.() ?? -1;
  const [hostname, directory, problems, pythons] = await Promise.all([
    questions.needsHostname ? machineName() : '',
    directoryFacts(questions.directory, questions.bundleRoot),
    portProblems(questions.ports),
    questions.pythonModules ? findPythons([...folders, ...(questions.pythonFolders ?? [])], questions.pythonModules) : [],
  ]);
  const block = problems.some(({ reason }) => reason === 'in-use') ? await freeBlock(questions.ports, questions.basePort) : undefined;
  const collectd = questions.systemCollectd ? findProgram('collectd', [...folders, ...SYSTEM_FOLDERS]) : undefined;
  return {
    platform: `${process.platform}-${process.arch}`,
    cLibrary: cLibrary(),
    isRoot: userId === 0,
    userId,
    hostname,
    directory,
    portProblems: problems,
    ...(block !== undefined && { freeBlock: block }),
    pythons,
    programs: Object.fromEntries(questions.programs.map((name) => [name, findProgram(name, folders)])),
    ...(collectd !== undefined && { systemCollectd: collectd }),
  };
}
